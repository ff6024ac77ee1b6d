//! The versions of each environment's policy set.

use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status};
use veto_core::Code;
use veto_policy::{Compiled, DiagnosticSeverity, Diagnostics, Source};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::policy_service_server::PolicyService;
use veto_proto::storage::v1::{self as storage, BundlePolicy, PolicyVersionRow, command::Change};
use veto_wire::status::status_with_violations;

use super::{Control, change_message, fields, missing};
use crate::Error;

const MOST_FILES: usize = 1_000;
const MOST_FILE: usize = 1 << 20;
/// What a version's files may have together, in bytes; a command must fit the log.
const MOST_TOGETHER: usize = 3 << 20;
const PAGE: u32 = 100;
const MOST_PAGE: u32 = 1_000;

fn rpc(method: &str) -> String {
    format!("veto.administration.v1.PolicyService/{method}")
}

#[tonic::async_trait]
impl PolicyService for Control {
    async fn validate_policies(
        &self,
        request: Request<api::ValidatePoliciesRequest>,
    ) -> Result<Response<api::ValidatePoliciesResponse>, Status> {
        self.caller(&request, &rpc("ValidatePolicies")).await?;
        let files = checked(request.into_inner().files)?;
        if files.is_empty() {
            return Err(fields::invalid("files", "is empty").into());
        }
        let found = match compiled(&files).await? {
            Ok(compiled) => compiled.warnings,
            Err(diagnostics) => diagnostics.0,
        };
        let diagnostics = found.into_iter().map(diagnostic).collect();
        Ok(Response::new(api::ValidatePoliciesResponse { diagnostics }))
    }

    async fn publish_policies(
        &self,
        request: Request<api::PublishPoliciesRequest>,
    ) -> Result<Response<api::PublishPoliciesResponse>, Status> {
        let caller = self.writer(&request, &rpc("PublishPolicies")).await?;
        let request = request.into_inner();
        let scope = fields::environment(&caller, request.scope.as_ref())?;
        let files = checked(request.files)?;
        let message = fields::text("message", &request.message, 4096)?;
        let source = fields::text("source", &request.source, 1024)?;
        let author = fields::text("author", &request.author, 256)?;
        let compiled = compiled(&files).await?.map_err(|found| refusal(&found))?;
        let policy_count = u32::try_from(compiled.set.policy_count()).unwrap_or(u32::MAX);
        let publish = storage::PublishPolicies {
            project: scope.project.to_string(),
            environment: scope.environment.to_string(),
            digest: digest(&files),
            files,
            parent: request.parent,
            author: if author.is_empty() {
                caller.key.to_string()
            } else {
                author
            },
            message,
            source,
            policy_count,
        };
        let change = Change::PublishPolicies(publish);
        let result = self.change(&caller, &request.request_id, change).await?;
        let row = self.read(|tables| tables.policy_version(&scope, result.policy_version))?;
        let version = row.map(|row| version(row, request.scope));
        let diagnostics = compiled.warnings.into_iter().map(diagnostic).collect();
        Ok(Response::new(api::PublishPoliciesResponse {
            version,
            diagnostics,
        }))
    }

    async fn list_policy_versions(
        &self,
        request: Request<api::ListPolicyVersionsRequest>,
    ) -> Result<Response<api::ListPolicyVersionsResponse>, Status> {
        let caller = self.caller(&request, &rpc("ListPolicyVersions")).await?;
        let request = request.into_inner();
        let scope = fields::environment(&caller, request.scope.as_ref())?;
        let size = match request.page_size {
            0 => PAGE,
            size if size <= MOST_PAGE => size,
            size => {
                let problem = format!("{size} is above {MOST_PAGE}");
                return Err(fields::invalid("page_size", problem).into());
            }
        };
        let rows = self
            .read(|tables| match tables.environment(&scope)? {
                Some(_) => tables
                    .policy_versions(&scope, request.before_version, size as usize)
                    .map(Some),
                None => Ok(None),
            })?
            .ok_or_else(|| fields::no_environment(&scope))?;
        let versions = rows
            .into_iter()
            .map(|row| version(row, request.scope.clone()))
            .collect();
        Ok(Response::new(api::ListPolicyVersionsResponse { versions }))
    }

    async fn get_policy_version(
        &self,
        request: Request<api::GetPolicyVersionRequest>,
    ) -> Result<Response<api::GetPolicyVersionResponse>, Status> {
        let caller = self.caller(&request, &rpc("GetPolicyVersion")).await?;
        let request = request.into_inner();
        let scope = fields::environment(&caller, request.scope.as_ref())?;
        let (environment, row) = self.read(|tables| {
            Ok((
                tables.environment(&scope)?,
                tables.policy_version(&scope, request.version)?,
            ))
        })?;
        if environment.is_none() {
            return Err(fields::no_environment(&scope).into());
        }
        let mut row = row.ok_or_else(|| missing("version", &request.version.to_string()))?;
        let files = std::mem::take(&mut row.files);
        let file = |file: BundlePolicy| api::PolicyFile {
            path: file.path,
            text: file.text,
        };
        Ok(Response::new(api::GetPolicyVersionResponse {
            version: Some(version(row, request.scope)),
            files: files.into_iter().map(file).collect(),
        }))
    }
}

/// Checks paths and sizes, and sorts the files by path.
fn checked(files: Vec<api::PolicyFile>) -> Result<Vec<BundlePolicy>, Error> {
    fields::count("files", files.len(), MOST_FILES)?;
    let mut checked = Vec::with_capacity(files.len());
    for file in files {
        let path = fields::text("files.path", &file.path, 256)?;
        let odd = |part: &str| part.is_empty() || part == "." || part == "..";
        if path.split('/').any(odd) || path.contains('\\') || path.chars().any(char::is_control) {
            let problem = format!("`{}` is not a plain relative path", path.escape_debug());
            return Err(fields::invalid("files.path", problem));
        }
        if file.text.len() > MOST_FILE {
            let problem = format!("`{path}` has {} bytes, 1 MiB is the most", file.text.len());
            return Err(fields::invalid("files.text", problem));
        }
        checked.push(BundlePolicy {
            path,
            text: file.text,
        });
    }
    let together: usize = checked
        .iter()
        .map(|file| file.path.len() + file.text.len())
        .sum();
    if together > MOST_TOGETHER {
        let problem = format!("{together} bytes together, and {MOST_TOGETHER} are the most");
        return Err(fields::invalid("files", problem));
    }
    checked.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(twice) = checked.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(fields::invalid(
            "files.path",
            format!("`{}` stands twice", twice[0].path),
        ));
    }
    Ok(checked)
}

/// Compiles beside the runtime's own threads.
async fn compiled(files: &[BundlePolicy]) -> Result<Result<Compiled, Diagnostics>, Error> {
    let source = |file: &BundlePolicy| Source {
        path: file.path.clone(),
        text: file.text.clone(),
    };
    let sources: Vec<_> = files.iter().map(source).collect();
    let compiled = tokio::task::spawn_blocking(move || veto_policy::compile(&sources)).await;
    compiled.map_err(|e| Error::Refused {
        code: Code::Internal,
        message: e.to_string(),
    })
}

fn refusal(found: &Diagnostics) -> Status {
    let violation = |d: &veto_policy::Diagnostic| {
        let place = format!("{}:{}:{}", d.path, d.line, d.column);
        let help = if d.help.is_empty() {
            String::new()
        } else {
            format!(" ({})", d.help)
        };
        (place, format!("{}: {}{help}", d.code.as_str(), d.message))
    };
    let violations: Vec<_> = found.iter().take(100).map(violation).collect();
    status_with_violations(Code::InvalidPolicy, found.to_string(), &violations)
}

/// SHA-256 over the sorted files, paths and texts each behind their length as u64, little-endian.
fn digest(files: &[BundlePolicy]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in files.iter().flat_map(|file| [&file.path, &file.text]) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

fn diagnostic(found: veto_policy::Diagnostic) -> api::Diagnostic {
    let severity = match found.severity {
        DiagnosticSeverity::Error => api::Severity::Error,
        DiagnosticSeverity::Warning => api::Severity::Warning,
    };
    api::Diagnostic {
        code: found.code.as_str().to_owned(),
        severity: severity.into(),
        path: found.path,
        line: found.line,
        column: found.column,
        message: found.message,
        help: found.help,
    }
}

fn version(row: PolicyVersionRow, scope: Option<api::ScopeRef>) -> api::PolicyVersion {
    api::PolicyVersion {
        scope,
        version: row.version,
        digest: row.digest,
        parent: row.parent,
        author: row.author,
        message: row.message,
        source: row.source,
        published: change_message(row.published),
        policy_count: row.policy_count,
    }
}

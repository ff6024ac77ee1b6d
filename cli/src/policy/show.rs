//! `veto policy show`.

use serde::Serialize;
use veto_proto::administration::v1::policy_service_client::PolicyServiceClient;
use veto_proto::administration::v1::{GetPolicyVersionRequest, ScopeRef};
use veto_wire::limits;

use super::version::Version;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::{self, Format};

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    version: Version,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: String,
    text: String,
}

/// Prints a version: as a table its files as they are, each under its path as a YAML comment.
pub(super) async fn run(global: &Global, version: u64) -> Result<(), Error> {
    let scope = ScopeRef {
        project: global.project()?,
        environment: global.environment()?,
    };
    let request = GetPolicyVersionRequest {
        scope: Some(scope),
        version,
    };
    let mut client = PolicyServiceClient::new(connect::control_plane(global).await?)
        .max_decoding_message_size(limits::BUNDLE_MESSAGE);
    let answer = client.get_policy_version(request).await?.into_inner();
    let files = answer.files.into_iter().map(|file| File {
        path: file.path,
        text: file.text,
    });
    let shown = Shown {
        version: Version::from(answer.version.unwrap_or_default()),
        files: files.collect(),
    };
    if global.output != Format::Table {
        return global.output.document(&shown);
    }
    eprintln!(
        "version {} at revision {}",
        shown.version.version, shown.version.revision
    );
    for file in &shown.files {
        output::line(&format!("--- # {}", file.path))?;
        output::line(file.text.trim_end())?;
    }
    Ok(())
}

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

/// A file of a version.
#[derive(Serialize)]
pub(super) struct File {
    /// Its path in the set.
    pub(super) path: String,
    /// What it says.
    pub(super) text: String,
}

/// Asks for a version with its files; 0 is the newest.
pub(super) async fn fetch(global: &Global, version: u64) -> Result<(Version, Vec<File>), Error> {
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
    let version = Version::from(answer.version.unwrap_or_default());
    Ok((version, files.collect()))
}

/// Prints a version: as a table its files as they are, each under its path as a YAML comment.
pub(super) async fn run(global: &Global, version: u64) -> Result<(), Error> {
    let (version, files) = fetch(global, version).await?;
    let shown = Shown { version, files };
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

//! `veto policy publish`.

use serde::Serialize;
use veto_proto::administration::v1::policy_service_client::PolicyServiceClient;
use veto_proto::administration::v1::{PolicyFile, PublishPoliciesRequest, ScopeRef};

use super::version::Version;
use super::{Publish, files, validate};
use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;
use crate::{connect, rollout};

#[derive(Serialize)]
struct Published {
    #[serde(flatten)]
    version: Version,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforced_on: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforced_after_micros: Option<u64>,
}

impl Row for Published {
    const COLUMNS: &'static [&'static str] = Version::COLUMNS;

    fn cells(&self) -> Vec<String> {
        self.version.cells()
    }
}

/// Publishes the files, and waits for the fleet when asked to.
pub(super) async fn run(global: &Global, publish: Publish) -> Result<(), Error> {
    let scope = ScopeRef {
        project: global.project()?,
        environment: global.environment()?,
    };
    let sources = files::read(&publish.path)?;
    validate::before_publish(&sources)?;
    let files = sources
        .into_iter()
        .map(|s| PolicyFile {
            path: s.path,
            text: s.text,
        })
        .collect();

    let service = connect::control_plane(global).await?;
    let request = PublishPoliciesRequest {
        scope: Some(scope.clone()),
        files,
        parent: publish.parent,
        author: publish.author,
        message: publish.message,
        source: publish.source,
        request_id: connect::request_id()?,
    };
    let mut client = PolicyServiceClient::new(service.clone());
    let answer = client.publish_policies(request).await?.into_inner();
    for warning in &answer.diagnostics {
        let at = format!("{}:{}:{}", warning.path, warning.line, warning.column);
        eprintln!("warning[{}]: {at}: {}", warning.code, warning.message);
    }

    let version = Version::from(answer.version.unwrap_or_default());
    let revision = version.revision;
    let mut published = Published {
        version,
        enforced_on: None,
        enforced_after_micros: None,
    };
    let Some(patience) = publish.wait else {
        return global.output.row(&published);
    };
    let waited = rollout::wait(service, &scope, revision, patience).await;
    if let Ok(enforced) = &waited {
        published.enforced_on = Some(enforced.nodes);
        published.enforced_after_micros = Some(enforced.slowest_micros);
        let (nodes, micros) = (enforced.nodes, enforced.slowest_micros);
        let millis = format!("{}.{:03} ms", micros / 1000, micros % 1000);
        eprintln!("enforced on {nodes} of {nodes} connected nodes, {millis} after the commit");
    }
    // It is published, whatever the fleet does.
    global.output.row(&published)?;
    waited.map(|_| ())
}

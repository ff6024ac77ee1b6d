//! `veto policy list`.

use veto_proto::administration::v1::policy_service_client::PolicyServiceClient;
use veto_proto::administration::v1::{ListPolicyVersionsRequest, ScopeRef};

use super::version::Version;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;

/// The most that a control plane gives at once.
const PAGE: u32 = 1_000;

/// Prints the newest versions, as many as asked for.
pub(super) async fn run(global: &Global, limit: u32) -> Result<(), Error> {
    let scope = ScopeRef {
        project: global.project()?,
        environment: global.environment()?,
    };
    let mut client = PolicyServiceClient::new(connect::control_plane(global).await?);
    let mut rows: Vec<Version> = Vec::new();
    let mut left = limit;
    while left > 0 {
        let request = ListPolicyVersionsRequest {
            scope: Some(scope.clone()),
            page_size: left.min(PAGE),
            before_version: rows.last().map_or(0, |version| version.version),
        };
        let page = client
            .list_policy_versions(request)
            .await?
            .into_inner()
            .versions;
        if page.is_empty() {
            break;
        }
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        rows.extend(page.into_iter().map(Version::from));
        if rows.last().is_some_and(|version| version.version <= 1) {
            break;
        }
    }
    global.output.rows(&rows)
}

//! What a node must know of an environment.

use veto_core::Scope;
use veto_proto::storage::v1::{self as storage, Bundle, BundleAgent, BundlePolicy, KeyRow};

use super::Tables;
use crate::Error;
use crate::rows::Rows;

/// Longer than a token can live (15 minutes) by more than clocks may differ.
const REVOCATION_MEMORY_MICROS: i64 = 20 * 60 * 1_000_000;

pub(super) fn bundle<R: Rows + ?Sized>(
    tables: &Tables<'_, R>,
    scope: &Scope,
) -> Result<Option<Bundle>, Error> {
    let (organization, project) = (scope.organization.as_str(), scope.project.as_str());
    let Some(environment) = tables.environment(scope)? else {
        return Ok(None);
    };
    let files = match tables.policy_version(scope, environment.policy_version)? {
        Some(version) if environment.policy_version > 0 => version.files,
        Some(_) | None => Vec::new(),
    };
    let policies = files
        .into_iter()
        .map(|file| BundlePolicy {
            path: file.path,
            text: file.text,
        })
        .collect();
    let agents = tables
        .agents(organization, project)?
        .into_iter()
        .map(|agent| BundleAgent {
            id: agent.id,
            roles: agent.roles,
            labels: agent.labels,
            disabled: agent.disabled,
        });
    let since = environment
        .bundle_time
        .saturating_sub(REVOCATION_MEMORY_MICROS);
    let revoked = tables.keys(organization)?.into_iter().filter(|key| {
        covers(key, scope)
            && key
                .revoked
                .as_ref()
                .is_some_and(|revoked| revoked.time >= since)
    });
    Ok(Some(Bundle {
        scope: Some(storage::Scope {
            organization: organization.to_owned(),
            project: project.to_owned(),
            environment: environment.id,
        }),
        revision: environment.bundle_revision,
        policy_version: environment.policy_version,
        policies,
        agents: agents.collect(),
        revoked_keys: revoked.map(|key| key.id).collect(),
        token_keys: Vec::new(),
        staleness_seconds: environment.staleness_seconds,
    }))
}

/// Tells whether a key reaches into the environment.
pub(crate) fn covers(key: &KeyRow, scope: &Scope) -> bool {
    let fits = |narrowed: &str, name: &str| narrowed.is_empty() || narrowed == name;
    fits(&key.project, scope.project.as_str()) && fits(&key.environment, scope.environment.as_str())
}

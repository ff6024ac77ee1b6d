//! Versions of policy sets.

use veto_core::Code;
use veto_proto::storage::v1::{PolicyVersionRow, PublishPolicies};

use super::{Stop, Work, refuse};
use crate::rows::Rows;
use crate::tables::scoped;

pub(super) fn publish<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    publish: &PublishPolicies,
) -> Result<(), Stop> {
    let (scope, mut environment) =
        work.require_environment(&publish.project, &publish.environment)?;
    let newest = environment.policy_version;
    if let Some(parent) = publish.parent.filter(|parent| *parent != newest) {
        let message = format!("built on version {parent}, and {newest} is the newest");
        return refuse(Code::VersionConflict, message);
    }
    let version = newest.saturating_add(1);
    let number = version.to_be_bytes();
    let row = PolicyVersionRow {
        version,
        digest: publish.digest.clone(),
        parent: newest,
        author: publish.author.clone(),
        message: publish.message.clone(),
        source: publish.source.clone(),
        published: work.change(),
        policy_count: publish.policy_count,
        files: Vec::new(),
    };
    let files = PolicyVersionRow {
        files: publish.files.clone(),
        ..PolicyVersionRow::default()
    };
    work.put(scoped("policy-version", &scope, &[&number]), &row);
    work.put(scoped("policy-files", &scope, &[&number]), &files);
    environment.policy_version = version;
    work.result.policy_version = version;
    work.touch(scope, environment);
    Ok(())
}

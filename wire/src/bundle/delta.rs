//! What changed from one bundle to the next. The result is verified as a whole, so a delta needs no
//! trust of its own.

use std::collections::BTreeMap;

use prost::Message as _;
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1 as sync;

use super::Error;

/// Computes the delta between two signed bundles of one environment.
///
/// # Errors
/// [`Error::Corrupt`] when either is not a bundle.
pub fn delta(
    base: &storage::SignedBundle,
    next: &storage::SignedBundle,
) -> Result<sync::Delta, Error> {
    let decode = |signed: &storage::SignedBundle| {
        storage::Bundle::decode(signed.bundle.as_slice()).map_err(|e| Error::Corrupt(e.to_string()))
    };
    let (old, mut new) = (decode(base)?, decode(next)?);
    let base_header = base
        .header
        .as_ref()
        .ok_or_else(|| Error::Corrupt("no header".to_owned()))?;

    let policies = changes(&old.policies, std::mem::take(&mut new.policies), |p| {
        &p.path
    });
    let agents = changes(&old.agents, std::mem::take(&mut new.agents), |a| &a.id);
    Ok(sync::Delta {
        base_revision: base_header.revision,
        base_digest: base_header.digest.clone(),
        header: next.header.clone(),
        signature: next.signature.clone(),
        put_policies: policies.0,
        removed_policies: policies.1,
        put_agents: agents.0,
        removed_agents: agents.1,
        rest: Some(new),
    })
}

/// The bundle that results; `None` when the delta lacks its rest.
pub(super) fn applied(base: &storage::Bundle, delta: &sync::Delta) -> Option<storage::Bundle> {
    let mut bundle = delta.rest.clone()?;
    bundle.policies = merged(
        &base.policies,
        &delta.put_policies,
        &delta.removed_policies,
        |p| &p.path,
    );
    bundle.agents = merged(
        &base.agents,
        &delta.put_agents,
        &delta.removed_agents,
        |a| &a.id,
    );
    Some(bundle)
}

/// Items that are new or changed, and the keys of those that are gone.
fn changes<T: PartialEq>(old: &[T], new: Vec<T>, key: fn(&T) -> &String) -> (Vec<T>, Vec<String>) {
    let mut rest: BTreeMap<&String, &T> = old.iter().map(|item| (key(item), item)).collect();
    let put = new
        .into_iter()
        .filter(|item| rest.remove(key(item)) != Some(item))
        .collect();
    (put, rest.into_keys().cloned().collect())
}

fn merged<T: Clone>(base: &[T], put: &[T], removed: &[String], key: fn(&T) -> &String) -> Vec<T> {
    let mut items: BTreeMap<&String, &T> = base.iter().map(|item| (key(item), item)).collect();
    for name in removed {
        items.remove(name);
    }
    items.extend(put.iter().map(|item| (key(item), item)));
    items.into_values().cloned().collect()
}

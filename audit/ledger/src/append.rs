//! Takes frames from a node: each byte of them is checked before the store sees it.

use std::sync::Arc;

use veto_core::{BootId, NodeId};
use veto_proto::records::v1::{AppendRequest, AppendResponse};
use veto_trail::Decision;

use crate::access::Caller;
use crate::chain::Cause;
use crate::filter::Outcome;
use crate::frame::{self, Decoded};
use crate::store::{Batch, Store};
use crate::{Error, Tenant};

/// Frames of one append.
const MAX_FRAMES: usize = 4096;

/// Verifies the frames and stores them; the answer means that they are on stable storage.
///
/// # Errors
/// [`Error::BadFrame`], [`Error::ChainBroken`] or [`Error::OutsideScope`]; nothing is stored then.
pub async fn append<S: Store>(
    store: &Arc<S>,
    caller: &Caller,
    region: &Arc<str>,
    request: AppendRequest,
) -> Result<AppendResponse, Error> {
    let (node, boot) = (request.node.clone(), hex(&request.boot));
    let (first, count) = (request.first_sequence, request.frames.len());
    let (tenant, region) = (caller.tenant.clone(), Arc::clone(region));
    // Hashing megabytes would hold up the other calls of this thread.
    let check = tokio::task::spawn_blocking(move || verify(request, tenant, &region));
    let checked = check
        .await
        .map_err(|e| Error::Internal(format!("a check ended early: {e}")));
    let result = match checked.and_then(|batch| batch) {
        Ok(batch) => store.append(batch).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        let error: &(dyn std::error::Error + 'static) = error;
        let key = caller.key.as_str();
        if is_alarming(&result) {
            // Records were altered, or two hold one name: a person must look at this.
            tracing::error!(error, node, boot, first, count, key, "records refused");
        } else {
            tracing::warn!(error, node, boot, first, count, key, "records not taken");
        }
    }
    result.map(|durable_through| AppendResponse { durable_through })
}

fn is_alarming(result: &Result<u64, Error>) -> bool {
    matches!(
        result,
        Err(Error::BadFrame { .. }
            | Error::OutsideScope { .. }
            | Error::ChainBroken {
                cause: Cause::Fork,
                ..
            })
    )
}

/// Checks what can be checked without knowing what is stored.
fn verify(request: AppendRequest, tenant: Tenant, region: &str) -> Result<Batch, Error> {
    let node = NodeId::new(&request.node).map_err(|e| Error::invalid("node", e.to_string()))?;
    let boot = request.boot.as_slice().try_into();
    let boot = BootId(boot.map_err(|_| Error::invalid("boot", "is not 16 bytes"))?);
    if request.frames.is_empty() || request.frames.len() > MAX_FRAMES {
        return Err(Error::invalid(
            "frames",
            format!("needs 1 to {MAX_FRAMES} frames"),
        ));
    }
    let last = request
        .first_sequence
        .checked_add(request.frames.len() as u64);
    if last.is_none_or(|last| i64::try_from(last).is_err()) {
        return Err(Error::invalid(
            "first_sequence",
            "is beyond what any boot reaches",
        ));
    }
    let mut frames = Vec::with_capacity(request.frames.len());
    let mut previous_hash = None;
    for (index, (sequence, bytes)) in (request.first_sequence..).zip(request.frames).enumerate() {
        let bad = |problem: String| Error::BadFrame { index, problem };
        let decoded = frame::decode(&bytes).map_err(bad)?;
        place(&decoded, &node, boot, sequence).map_err(bad)?;
        if previous_hash.is_some_and(|hash| hash != decoded.verified.previous_hash) {
            return Err(bad("it does not follow the hash of the frame before".into()));
        }
        check_region(&decoded, region)?;
        if let Some(decision) = &decoded.verified.decision {
            check_decision(decision, &tenant, sequence, bad)?;
        }
        previous_hash = Some(decoded.verified.hash);
        frames.push(decoded.verified);
    }
    Ok(Batch {
        home: tenant.organization,
        node,
        boot,
        frames,
    })
}

/// A frame stands where the request says, and a boot record stands first and nowhere else.
fn place(decoded: &Decoded, node: &NodeId, boot: BootId, sequence: u64) -> Result<(), String> {
    if decoded.node != *node || decoded.boot != boot {
        return Err(format!(
            "it is of node `{}`, boot {}",
            decoded.node, decoded.boot
        ));
    }
    if decoded.verified.sequence != sequence {
        return Err(format!(
            "it has sequence {}, not {sequence}",
            decoded.verified.sequence
        ));
    }
    if decoded.boot_region.is_some() != (sequence == 0) {
        return Err("a boot begins with its boot record, and has only one".into());
    }
    Ok(())
}

/// Records never enter the ledger of another region.
fn check_region(decoded: &Decoded, own: &str) -> Result<(), Error> {
    match decoded.boot_region.as_deref() {
        Some(region) if !region.is_empty() && !own.is_empty() && region != own => {
            let problem = format!("say region `{region}`; this ledger keeps region `{own}`");
            Err(Error::invalid("frames", problem))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_decision(
    decision: &Decision,
    tenant: &Tenant,
    sequence: u64,
    bad: impl Fn(String) -> Error,
) -> Result<(), Error> {
    if !tenant.appends(&decision.scope) {
        return Err(Error::OutsideScope { sequence });
    }
    if Outcome::parse(&decision.outcome).is_none() {
        return Err(bad("its outcome is none of allow, deny, approval".into()));
    }
    // The database counts with a sign.
    let numbers = [decision.policy_version.0, decision.revision.0];
    if numbers.iter().any(|number| i64::try_from(*number).is_err()) {
        return Err(bad(
            "its version or revision is beyond what any cluster reaches".into(),
        ));
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

//! C8: when faults are over the cluster heals in time: one leader, one configuration, which is the wanted
//! one, and all replicas are equally far and have the same rows.

use super::{Final, Invariant};

/// Looks at the end.
#[derive(Debug)]
pub(super) struct Heals;

impl Invariant for Heals {
    fn name(&self) -> &'static str {
        "C8"
    }

    fn end(&mut self, end: &Final) -> Result<(), String> {
        if !end.healed {
            return Err(format!(
                "it did not heal: wanted {:?}, there are {:?}",
                end.wanted, end.replicas
            ));
        }
        let ids = |voting: bool| {
            let picked = end.wanted.iter().filter(|(_, voter)| **voter == voting);
            picked.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let mut leaders = Vec::new();
        for (member, status) in &end.replicas {
            let Some(status) = status else {
                return Err(format!("member {member} does not serve"));
            };
            if status.changing || status.voters != ids(true) || status.learners != ids(false) {
                return Err(format!("member {member} has other members: {status:?}"));
            }
            leaders.push((status.term, status.leader));
        }
        leaders.dedup();
        if leaders.len() != 1 || leaders.iter().any(|(_, leader)| *leader == 0) {
            return Err(format!("there is not one leader: {leaders:?}"));
        }
        let mut digests: Vec<_> = end.digests.values().collect();
        digests.dedup();
        if digests.len() != 1 {
            return Err(format!("not all are equally far: {:?}", end.digests));
        }
        Ok(())
    }
}

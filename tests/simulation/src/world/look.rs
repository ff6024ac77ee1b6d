//! What can be seen of the world.

use super::World;
use crate::trace::Status;

impl World<'_> {
    /// Hosts on the network.
    #[must_use]
    pub fn placed(&self) -> Vec<usize> {
        self.placed.clone()
    }

    /// Hosts whose process runs.
    #[must_use]
    pub fn up(&self) -> Vec<usize> {
        let placed = self.placed.iter().copied();
        self.shared.with(|state| {
            let up = placed.filter(|host| state.hosts[*host].up && state.hosts[*host].stays());
            up.collect()
        })
    }

    /// Hosts that shall be members in the end.
    #[must_use]
    pub fn staying(&self) -> Vec<usize> {
        self.shared.with(|state| {
            let hosts = state.hosts.iter().enumerate();
            let staying = hosts.filter(|(_, host)| host.stays());
            staying.map(|(number, _)| number).collect()
        })
    }

    /// The host that leads, by its own word.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        self.shared.with(|state| {
            let hosts = state.hosts.iter().enumerate();
            let status = hosts.filter_map(|(number, host)| Some((number, host.status.as_ref()?)));
            let leads = status.filter(|(_, status)| status.leader == status.member);
            let leads = leads.max_by_key(|(_, status)| status.term);
            leads.map(|(number, _)| number)
        })
    }

    /// Tells whether all that stay say the same: who leads, who the members are, how far they are.
    #[must_use]
    pub fn is_uniform(&self) -> bool {
        let staying = self.staying();
        self.shared.with(|state| {
            let mut all = staying.iter().map(|host| {
                let status = state.hosts[*host].status.as_ref()?;
                let Status { term, leader, .. } = *status;
                let members = (&status.voters, &status.learners, status.changing);
                Some((term, leader, status.applied, status.last, members))
            });
            let first = all.next().flatten();
            first.is_some_and(|first| {
                let (_, leader, applied, last, _) = first;
                leader != 0 && applied == last && all.all(|one| one == Some(first))
            })
        })
    }

    /// Tells whether no change of members is on its way.
    #[must_use]
    pub fn settled(&self) -> bool {
        let staying = self.staying();
        let leader = self.leader();
        self.shared.with(|state| {
            let mut hosts = state.hosts.iter().skip(1);
            let leaving = hosts.any(|h| (h.leaves || h.damaged || h.member.is_none()) && !h.gone);
            let member = |host: &usize| state.hosts[*host].member.unwrap_or_default();
            let ids = |voter: bool| {
                let picked = staying.iter().filter(|h| state.hosts[**h].voter == voter);
                let mut ids: Vec<_> = picked.map(member).collect();
                ids.sort_unstable();
                ids
            };
            let status = leader.and_then(|leader| state.hosts[leader].status.as_ref());
            let uniform = status.is_some_and(|status| {
                !status.changing && status.voters == ids(true) && status.learners == ids(false)
            });
            uniform && !leaving && state.jobs.is_empty()
        })
    }
}

/// How a replica says that it is.
pub(super) fn status(handle: &veto_raft::Handle) -> Status {
    let (status, members) = (handle.status(), handle.members());
    let ids = |voting: bool| {
        let picked = members.members.iter().filter(|(_, m)| m.1 == voting);
        picked.map(|(id, _)| *id).collect()
    };
    Status {
        member: handle.node(),
        term: status.term,
        leader: status.leader,
        last: status.last_log,
        applied: status.applied,
        snapshot: status.snapshot,
        changing: members.changing,
        voters: ids(true),
        learners: ids(false),
    }
}

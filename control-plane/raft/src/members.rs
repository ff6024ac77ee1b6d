//! Makes the members what the state says they shall be. Whoever leads takes one step at a time, each a
//! membership of the log; a change that a leader left half done is finished by the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;
use std::time::Duration;

use openraft::{BasicNode, ChangeMembers, Membership};
use tokio::time::{sleep, timeout};
use veto_core::OrganizationId;
use veto_proto::raft::v1::ReadIndexRequest;
use veto_proto::storage::v1::{Command, MemberRow, RemoveMember, command::Change};
use veto_state::Tables;

use crate::Error;
use crate::peers::Lane;
use crate::replica::{Metrics, Replica};

/// How often the leader looks.
const LOOK: Duration = Duration::from_millis(250);
/// How long a member may take to answer.
const ASK: Duration = Duration::from_secs(1);
/// How long one step may take.
const STEP: Duration = Duration::from_secs(30);
/// A learner that lacks fewer entries than this has caught up.
const CAUGHT_UP: u64 = 100;

/// One step towards what shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Give the only member, which had no peers so far, an address.
    Address(u64, String),
    /// Let a new member learn.
    Learn(u64, String),
    /// Change or finish changing who votes.
    Vote(BTreeSet<u64>),
    /// End replication to learners that go.
    Forget(BTreeSet<u64>),
    /// Note that a member was replaced.
    Replaced(u64),
}

/// Looks as long as the replica lives.
pub(crate) async fn reconcile(core: Weak<Replica>, address: String) {
    loop {
        sleep(LOOK).await;
        let Some(core) = core.upgrade() else { return };
        let metrics = core.metrics();
        if is_out(&metrics, core.node()) {
            core.ask_whether_removed(&metrics).await;
            continue;
        }
        if metrics.current_leader != Some(core.node()) || core.is_leaving() {
            continue;
        }
        let rows = match core.machine.view(|view| Tables(view).members()) {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(%error, "the members cannot be read");
                continue;
            }
        };
        let Some(step) = next(&metrics, &rows, core.node(), &address) else {
            continue;
        };
        tracing::info!(?step, "members change");
        match timeout(STEP, core.step(step)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the members did not change"),
            Err(_) => tracing::warn!("the members did not change in time"),
        }
    }
}

/// Tells whether this replica knows that it is no member and hears of no other leader: a leader that was
/// removed is told by nobody.
fn is_out(metrics: &Metrics, own: u64) -> bool {
    let members = metrics.membership_config.membership();
    let another = metrics.current_leader.is_some_and(|leader| leader != own);
    !another && members.nodes().next().is_some() && members.get_node(&own).is_none()
}

fn next(metrics: &Metrics, rows: &[MemberRow], own: u64, address: &str) -> Option<Step> {
    let stored = &metrics.membership_config;
    let members = stored.membership();
    // A change of members is over when it is applied; until then nothing new is begun.
    if metrics.last_applied.map(|id| id.index) < stored.log_id().map(|id| id.index) {
        return None;
    }
    if let [_, goal] = members.get_joint_config().as_slice() {
        return Some(Step::Vote(goal.clone()));
    }
    let alone = members.nodes().count() == 1;
    if alone && !address.is_empty() && members.get_node(&own).is_some_and(|n| n.addr.is_empty()) {
        return Some(Step::Address(own, address.to_owned()));
    }
    let gone: BTreeSet<u64> = ids(rows, |row| row.removed.is_some());
    let live = rows.iter().filter(|row| row.removed.is_none());
    let voters: BTreeSet<u64> = members.voter_ids().collect();
    let votes = live.clone().filter(|row| voters.contains(&row.id));
    let replaced: BTreeSet<u64> = votes
        .flat_map(|row| before(rows, row.id))
        .filter(|id| !voters.contains(id))
        .collect();
    for row in live.clone() {
        // One that lost its vote to another is on its way out.
        if members.get_node(&row.id).is_none() && !replaced.contains(&row.id) {
            return Some(Step::Learn(row.id, row.address.clone()));
        }
    }
    let mut goal: BTreeSet<u64> = voters.difference(&gone).copied().collect();
    for row in live.clone().filter(|row| row.voter) {
        if voters.contains(&row.id) || caught_up(metrics, row.id) {
            goal.insert(row.id);
            for id in before(rows, row.id) {
                goal.remove(&id);
            }
        }
    }
    if goal != voters && !goal.is_empty() {
        return Some(Step::Vote(goal));
    }
    let leave: BTreeSet<u64> = members
        .learner_ids()
        .filter(|id| gone.contains(id))
        .collect();
    if !leave.is_empty() {
        return Some(Step::Forget(leave));
    }
    let mut replaced = replaced.difference(&gone);
    replaced.next().map(|id| Step::Replaced(*id))
}

/// Whom a member replaces: the one that it names, whom that one replaced, and so on. Each of them may be
/// replaced again before it is noted that it took over.
fn before(rows: &[MemberRow], id: u64) -> Vec<u64> {
    let replaces = |id: u64| {
        let row = rows.iter().find(|row| row.id == id);
        // Ids rise, so this ends.
        row.map(|row| row.replaces)
            .filter(|before| *before != 0 && *before < id)
    };
    std::iter::successors(replaces(id), |id| replaces(*id)).collect()
}

fn ids(rows: &[MemberRow], picked: impl Fn(&&MemberRow) -> bool) -> BTreeSet<u64> {
    rows.iter().filter(picked).map(|row| row.id).collect()
}

fn caught_up(metrics: &Metrics, node: u64) -> bool {
    let last = metrics.last_log_index.unwrap_or(0);
    let replicated = metrics.replication.as_ref().and_then(|all| all.get(&node));
    let matching = replicated.and_then(Option::as_ref);
    matching.is_some_and(|id| last.saturating_sub(id.index) < CAUGHT_UP)
}

impl Replica {
    /// Asks the members what only a member may ask: they refuse one that was removed, and that ends it.
    async fn ask_whether_removed(&self, metrics: &Metrics) {
        for (id, member) in metrics.membership_config.nodes() {
            let asked = async {
                let mut client = self.links.client(*id, &member.addr, Lane::Urgent)?;
                let request = ReadIndexRequest {
                    envelope: self.links.voice.to(*id),
                };
                let answer = client.read_index(request).await;
                answer.map_err(|e| self.links.voice.refused(*id, &e))
            };
            // Who does not answer is asked again at the next look.
            let _: Result<Result<_, Error>, _> = timeout(ASK, asked).await;
        }
    }

    async fn step(&self, step: Step) -> Result<(), Error> {
        let (change, retain) = match step {
            Step::Address(id, address) => (
                ChangeMembers::SetNodes(BTreeMap::from([(id, BasicNode::new(address))])),
                true,
            ),
            Step::Learn(id, address) => (
                ChangeMembers::AddNodes(BTreeMap::from([(id, BasicNode::new(address))])),
                true,
            ),
            // Who votes no more is no learner either: it is removed or replaced.
            Step::Vote(goal) => (ChangeMembers::ReplaceAllVoters(goal), false),
            Step::Forget(leave) => (ChangeMembers::RemoveNodes(leave), false),
            Step::Replaced(id) => return self.replaced(id).await,
        };
        let changed = self.raft.change_membership(change, retain).await;
        changed.map(drop).map_err(|e| Error::Stopped(e.to_string()))
    }

    async fn replaced(&self, id: u64) -> Result<(), Error> {
        let command = Command {
            actor: "cluster".to_owned(),
            // Applied time never runs backwards: this is as late as the newest command.
            time: 0,
            organization: OrganizationId::SYSTEM.to_owned(),
            change: Some(Change::RemoveMember(RemoveMember { id })),
            ..Command::default()
        };
        self.propose_here(command).await.map(drop)
    }
}

/// What the log says of the members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// The leader, when one is known.
    pub leader: Option<u64>,
    /// The term.
    pub term: u64,
    /// Whether the voters are changing.
    pub changing: bool,
    /// Each member's address, and whether it votes.
    pub members: BTreeMap<u64, (String, bool)>,
}

impl Members {
    pub(crate) fn of(metrics: &Metrics) -> Self {
        let members: &Membership<u64, BasicNode> = metrics.membership_config.membership();
        let voters: BTreeSet<u64> = members.voter_ids().collect();
        let member =
            |(id, node): (&u64, &BasicNode)| (*id, (node.addr.clone(), voters.contains(id)));
        Self {
            leader: metrics.current_leader,
            term: metrics.current_term,
            changing: members.get_joint_config().len() > 1,
            members: members.nodes().map(member).collect(),
        }
    }
}

#[cfg(test)]
mod tests;

//! A leader that is to stop hands over first. openraft 0.9 has no transfer of the lead, and voters refuse
//! every candidate until the leader's lease is over. So the leader takes nothing new, waits until another
//! voter has all of its log, is silent for the time of the lease, and asks that voter to campaign: writes
//! wait for about half as long as they would for an election that nobody prepared.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use veto_proto::raft::v1::CampaignRequest;

use crate::peers::Lane;
use crate::replica::{Metrics, Replica};
use crate::{Error, Handle};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// How long a voter may take to answer that it campaigns.
const ASK: Duration = Duration::from_millis(500);

impl Handle {
    /// Takes nothing as the leader any more and gives the lead to another voter, so that this replica can
    /// stop without an election that nobody prepared. Says whether it led.
    ///
    /// # Errors
    /// When no other voter took the lead in time: this replica leads on then.
    pub async fn hand_over(&self, within: Duration) -> Result<bool, Error> {
        let core = &self.core;
        core.leaving.store(true, Ordering::SeqCst);
        core.raft.runtime_config().elect(false);
        let handed = timeout(within, core.hand_over()).await;
        let handed = handed.unwrap_or(Err(Error::NotLeader));
        if handed.is_err() {
            core.raft.runtime_config().heartbeat(true);
            core.raft.runtime_config().elect(true);
            core.leaving.store(false, Ordering::SeqCst);
        }
        handed
    }
}

impl Replica {
    async fn hand_over(&self) -> Result<bool, Error> {
        let metrics = self.metrics();
        if metrics.current_leader != Some(self.node()) {
            return Ok(false);
        }
        let heirs = |metrics: &Metrics| heirs(metrics, self.node());
        if heirs(&metrics).is_empty() {
            return Err(Error::NotLeader);
        }
        tracing::info!(node = self.node(), "hands over the lead");
        // What was taken before is answered, and on another voter.
        while !settled(&self.metrics(), self.node()) {
            sleep(LOOK).await;
        }
        self.raft.runtime_config().heartbeat(false);
        let lease = Duration::from_millis(self.raft.config().election_timeout_max);
        let beat = Duration::from_millis(self.raft.config().heartbeat_interval);
        let mut quiet = Instant::now() + lease + beat / 2;
        loop {
            if timeout_at(quiet, self.led_by_another()).await.is_ok() {
                return Ok(true);
            }
            if let Some((heir, address)) = heirs(&self.metrics()).into_iter().next()
                && let Err(error) = self.ask_to_campaign(heir, &address).await
            {
                tracing::warn!(heir, %error, "a voter does not campaign");
            }
            quiet = Instant::now() + beat * 3;
        }
    }

    async fn led_by_another(&self) {
        let mut metrics = self.raft.server_metrics();
        let own = self.node();
        // The sender is in the replica, so it cannot be gone.
        let _ = metrics
            .wait_for(|metrics| metrics.current_leader.is_some_and(|leader| leader != own))
            .await;
    }

    async fn ask_to_campaign(&self, heir: u64, address: &str) -> Result<(), Error> {
        let mut client = self.links.client(heir, address, Lane::Urgent)?;
        let request = CampaignRequest {
            envelope: self.links.voice.to(heir),
        };
        let answer = timeout(ASK, client.campaign(request)).await;
        let late = |_| Error::Unreachable {
            node: heir,
            problem: "it does not answer in time".into(),
        };
        let answer = answer.map_err(late)?;
        let answer = answer.map_err(|status| self.links.voice.refused(heir, &status))?;
        let envelope = answer.into_inner().envelope;
        self.links.voice.check_answer(heir, envelope.as_ref())
    }
}

/// The other voters, those first that have most of the log.
fn heirs(metrics: &Metrics, own: u64) -> Vec<(u64, String)> {
    let members = metrics.membership_config.membership();
    let matched = |id: u64| {
        let replication = metrics.replication.as_ref();
        let matched = replication.and_then(|all| all.get(&id).copied().flatten());
        matched.map(|id| id.index)
    };
    let mut voters: Vec<u64> = members.voter_ids().filter(|id| *id != own).collect();
    voters.sort_by_key(|id| std::cmp::Reverse(matched(*id)));
    let address = |id: u64| Some((id, members.get_node(&id)?.addr.clone()));
    voters.into_iter().filter_map(address).collect()
}

/// Tells whether all that the leader took is applied, and on another voter.
fn settled(metrics: &Metrics, own: u64) -> bool {
    let last = metrics.last_log_index;
    let members = metrics.membership_config.membership();
    let replication = metrics.replication.as_ref();
    let has_all = |id: u64| {
        let matched = replication.and_then(|all| all.get(&id).copied().flatten());
        matched.map(|id| id.index) >= last
    };
    let applied = metrics.last_applied.map(|id| id.index) >= last;
    applied && members.voter_ids().any(|id| id != own && has_all(id))
}

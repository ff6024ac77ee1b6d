//! How each member is.

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;
use crate::value::hex;

#[derive(Serialize)]
struct Member {
    id: u64,
    address: String,
    role: &'static str,
    wanted: &'static str,
    replaces: u64,
    leader: bool,
    reachable: bool,
    last_log: u64,
    applied: u64,
    software_version: String,
    client_address: String,
    digest: String,
}

impl Row for Member {
    const COLUMNS: &'static [&'static str] = &[
        "ID", "ADDRESS", "ROLE", "STATE", "LOG", "APPLIED", "DIGEST", "CLIENTS", "VERSION",
    ];

    fn cells(&self) -> Vec<String> {
        let role = match (self.leader, self.role == self.wanted) {
            (true, true) => "leader".to_owned(),
            (_, true) => self.role.to_owned(),
            (_, false) => format!("{} → {}", self.role, self.wanted),
        };
        let state = if self.reachable { "up" } else { "no answer" };
        let count = |count: u64| match self.reachable {
            true => count.to_string(),
            false => String::new(),
        };
        vec![
            self.id.to_string(),
            self.address.clone(),
            role,
            state.to_owned(),
            count(self.last_log),
            count(self.applied),
            self.digest.chars().take(8).collect(),
            self.client_address.clone(),
            self.software_version.clone(),
        ]
    }
}

#[derive(Serialize)]
struct RestoredFrom {
    cluster: String,
    revision: u64,
    time: String,
}

impl RestoredFrom {
    fn new(from: pb::RestoredFrom) -> Self {
        Self {
            cluster: from.cluster,
            revision: from.revision,
            time: Timestamp(from.time).to_string(),
        }
    }
}

#[derive(Serialize)]
struct Cluster {
    cluster: String,
    restored_from: Option<RestoredFrom>,
    answered_by: u64,
    leader: Option<u64>,
    term: u64,
    changing: bool,
    members: Vec<Member>,
}

fn rows(answer: &pb::GetClusterResponse) -> Vec<Member> {
    let row = |member: &pb::Member| Member {
        id: member.id,
        address: member.address.clone(),
        role: role(member.role()),
        wanted: role(member.wanted()),
        replaces: member.replaces,
        leader: member.id == answer.leader,
        reachable: member.reachable,
        last_log: member.last_log,
        applied: member.applied,
        software_version: member.software_version.clone(),
        client_address: member.client_address.clone(),
        digest: hex(&member.digest),
    };
    answer.members.iter().map(row).collect()
}

fn role(role: pb::MemberRole) -> &'static str {
    match role {
        pb::MemberRole::Unspecified => "unknown",
        pb::MemberRole::None => "none",
        pb::MemberRole::Learner => "learner",
        pb::MemberRole::Voter => "voter",
    }
}

/// Prints the members alone.
pub(super) fn members(global: &Global, answer: pb::GetClusterResponse) -> Result<(), Error> {
    global.output.rows(&rows(&answer))
}

/// Prints the members; as data also what is said of the cluster. Without a leader it fails.
pub(super) fn print(global: &Global, answer: pb::GetClusterResponse) -> Result<(), Error> {
    use crate::output::Format;
    let members = rows(&answer);
    match global.output {
        Format::Table => global.output.rows(&members)?,
        Format::Json | Format::Yaml | Format::Jsonl => {
            global.output.document(&Cluster {
                cluster: answer.cluster,
                restored_from: answer.restored_from.map(RestoredFrom::new),
                answered_by: answer.answered_by,
                leader: (answer.leader != 0).then_some(answer.leader),
                term: answer.term,
                changing: answer.changing,
                members,
            })?;
        }
    }
    if answer.leader == 0 {
        return Err(Error::Refused {
            code: veto_core::Code::NotLeader,
            message: format!("member {} knows no leader", answer.answered_by),
            violations: Vec::new(),
        });
    }
    Ok(())
}

//! `veto cluster`: the replicas of the control plane.

mod authority;
mod backup;
mod offline;
mod status;

use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::cluster_service_client::ClusterServiceClient;

use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::line;

/// What to do with the cluster. All but `restore`, `check` and `ca` needs an administrator's key of `system`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show each member, its role, and how far it is
    Status,
    /// List the members
    Members,
    /// Add a member and print its id, which was never used before
    ///
    /// It learns first. With --ca its certificate is made at once.
    Add(Add),
    /// Make a learner a voter, as soon as it has caught up
    Promote {
        /// Its id
        id: u64,
    },
    /// Remove a member for good
    Remove {
        /// Its id
        id: u64,
    },
    /// Replace a lost member: the new one votes in its place, as soon as it has caught up
    Replace {
        /// The id of the lost one
        lost: u64,
        #[command(flatten)]
        add: Place,
    },
    /// Write a backup of the whole state, while the cluster serves
    ///
    /// Every write that was acknowledged before the command began is in it. The cluster's secret is not:
    /// keep that elsewhere.
    Backup(backup::Backup),
    /// Make the data directory of a new cluster of a backup, where no process runs
    ///
    /// What was acknowledged after the backup is missing, revocations of keys among it.
    Restore(offline::Restore),
    /// Check a backup, or the data directory of a replica that does not run; changes nothing
    Check(offline::Check),
    /// Make a development authority and certificates for the members
    #[command(subcommand)]
    Ca(authority::Command),
}

/// Where a member is.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Where its peers reach it: its `peer_address`
    #[arg(value_name = "HOST:PORT")]
    address: String,
    #[command(flatten)]
    issue: authority::Issue,
}

/// A new member.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    #[command(flatten)]
    place: Place,
    /// Make it a voter as soon as it has caught up
    #[arg(long)]
    voter: bool,
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    let request_id = connect::request_id()?;
    match command {
        Command::Ca(command) => authority::run(&command),
        Command::Backup(backup) => backup::run(global, &backup).await,
        Command::Restore(restore) => offline::restore(global, &restore).await,
        Command::Check(check) => offline::check(global, &check),
        Command::Status => {
            let mut client = client(global).await?;
            let answer = client.get_cluster(pb::GetClusterRequest {}).await?;
            status::print(global, answer.into_inner())
        }
        Command::Members => {
            let mut client = client(global).await?;
            let answer = client.get_cluster(pb::GetClusterRequest {}).await?;
            status::members(global, answer.into_inner())
        }
        Command::Add(Add { place, voter }) => add(global, place, voter, 0).await,
        Command::Replace { lost, add: place } => add(global, place, true, lost).await,
        Command::Promote { id } => {
            let request = pb::PromoteMemberRequest { id, request_id };
            client(global).await?.promote_member(request).await?;
            Ok(())
        }
        Command::Remove { id } => {
            let request = pb::RemoveMemberRequest { id, request_id };
            client(global).await?.remove_member(request).await?;
            Ok(())
        }
    }
}

type Client = ClusterServiceClient<connect::Service>;

async fn client(global: &Global) -> Result<Client, Error> {
    Ok(ClusterServiceClient::new(
        connect::control_plane(global).await?,
    ))
}

async fn add(global: &Global, place: Place, voter: bool, replaces: u64) -> Result<(), Error> {
    // What cannot issue must not have added either.
    let issuer = place.issue.authority()?;
    let request = pb::AddMemberRequest {
        address: place.address,
        voter,
        replaces,
        request_id: connect::request_id()?,
    };
    let answer = client(global).await?.add_member(request).await?;
    let answer = answer.into_inner();
    if let Some(authority) = issuer {
        if authority.cluster() != answer.cluster {
            let problem = format!(
                "member {} was added to cluster `{}`, and the authority is of `{}`: issue its certificate elsewhere",
                answer.id,
                answer.cluster,
                authority.cluster()
            );
            return Err(Error::Usage(problem));
        }
        place.issue.issue(&authority, answer.id)?;
    }
    line(&answer.id.to_string())
}

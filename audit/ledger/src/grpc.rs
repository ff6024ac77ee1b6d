//! The record service: decodes, asks [`Access`], hands on, answers.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use veto_core::Clock;
use veto_proto::records::v1::record_service_server::RecordService;
use veto_proto::records::v1::{
    AppendRequest, AppendResponse, ExportRecordsRequest, ExportRecordsResponse, ListRecordsRequest,
    ListRecordsResponse, TailRecordsRequest, TailRecordsResponse,
};
use veto_wire::status;

use crate::access::{Access, Action};
use crate::export::{Export, Format};
use crate::filter::Filter;
use crate::page::Sealer;
use crate::seats::Seats;
use crate::store::Store;
use crate::tail::Follower;
use crate::{Error, append, query};

/// Pages that are read at once, in all and of one organization.
const LISTS: (usize, usize) = (64, 16);
/// Followers, in all and of one organization.
const FOLLOWERS: (usize, usize) = (256, 64);
/// Exports, in all and of one organization.
const EXPORTS: (usize, usize) = (16, 4);

/// Serves the records of a store.
#[derive(Debug)]
pub struct Records<S> {
    /// Keeps the records.
    pub store: Arc<S>,
    /// Checks credentials.
    pub access: Access,
    /// Seals page tokens.
    pub sealer: Sealer,
    /// The region whose records are kept.
    pub region: Arc<str>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Turns true when the ledger stops.
    pub stopping: watch::Receiver<bool>,
    /// Who may do what at once.
    pub limits: Limits,
}

/// How many readers there may be.
#[derive(Debug)]
pub struct Limits {
    lists: Seats,
    followers: Seats,
    exports: Seats,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lists: Seats::new("lists", LISTS.0, LISTS.1),
            followers: Seats::new("followers", FOLLOWERS.0, FOLLOWERS.1),
            exports: Seats::new("exports", EXPORTS.0, EXPORTS.1),
        }
    }
}

#[tonic::async_trait]
impl<S: Store> RecordService for Records<S> {
    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let caller = self
            .access
            .check(request.metadata(), Action::Append)
            .await?;
        append::append(&self.store, &caller, &self.region, request.into_inner())
            .await
            .map(Response::new)
            .map_err(|error| refusal(&error))
    }

    async fn list_records(
        &self,
        request: Request<ListRecordsRequest>,
    ) -> Result<Response<ListRecordsResponse>, Status> {
        let caller = self.access.check(request.metadata(), Action::Read).await?;
        let seat = self.limits.lists.take(&caller.tenant.organization);
        let _seat = seat.map_err(|error| refusal(&error))?;
        query::list(&self.store, &self.sealer, &caller, request.get_ref())
            .await
            .map(Response::new)
            .map_err(|error| refusal(&error))
    }

    type TailRecordsStream = ReceiverStream<Result<TailRecordsResponse, Status>>;

    async fn tail_records(
        &self,
        request: Request<TailRecordsRequest>,
    ) -> Result<Response<Self::TailRecordsStream>, Status> {
        let caller = self.access.check(request.metadata(), Action::Read).await?;
        let filter = Filter::new(&request.into_inner().filter.unwrap_or_default());
        let filter = filter.map_err(|error| refusal(&error))?;
        let seat = self.limits.followers.take(&caller.tenant.organization);
        let follower = Follower {
            store: Arc::clone(&self.store),
            caller,
            filter,
            clock: Arc::clone(&self.clock),
            stopping: self.stopping.clone(),
            seat: seat.map_err(|error| refusal(&error))?,
        };
        Ok(Response::new(ReceiverStream::new(follower.start())))
    }

    type ExportRecordsStream = ReceiverStream<Result<ExportRecordsResponse, Status>>;

    async fn export_records(
        &self,
        request: Request<ExportRecordsRequest>,
    ) -> Result<Response<Self::ExportRecordsStream>, Status> {
        let caller = self.access.check(request.metadata(), Action::Read).await?;
        let request = request.into_inner();
        let format = Format::new(request.format).map_err(|error| refusal(&error))?;
        let filter = Filter::new(&request.filter.unwrap_or_default());
        let filter = filter.map_err(|error| refusal(&error))?;
        let seat = self.limits.exports.take(&caller.tenant.organization);
        let export = Export {
            store: Arc::clone(&self.store),
            tenant: caller.tenant,
            filter,
            format,
            stopping: self.stopping.clone(),
            seat: seat.map_err(|error| refusal(&error))?,
        };
        Ok(Response::new(ReceiverStream::new(export.start())))
    }
}

/// The status of an error; a broken chain says where it goes on.
fn refusal(error: &Error) -> Status {
    if let Error::ChainBroken {
        expected, cause, ..
    } = error
    {
        let metadata = [
            ("expected_sequence", expected.to_string()),
            ("cause", cause.as_str().to_owned()),
        ];
        return status::status_with(error.code(), error.to_string(), metadata);
    }
    status::from_error(error)
}

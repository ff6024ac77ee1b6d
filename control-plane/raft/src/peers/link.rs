//! Connections to peers, made when they are first used and made anew when they break. What elections
//! and reads wait for has a connection of its own, so that no load holds it up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;
use veto_proto::raft::v1::peer_service_client::PeerServiceClient;

use super::{MOST_MESSAGE, Transport, Voice};
use crate::Error;
use crate::seams::Work;

const CONNECT: Duration = Duration::from_secs(2);
/// A connection that is silent for longer is given up: after a partition the old one would hang.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Which connection a message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Heartbeats, votes and questions.
    Urgent,
    /// Entries and commands.
    Bulk,
    /// Snapshots.
    Snapshot,
}

/// Connections to all peers.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) voice: Arc<Voice>,
    pub(crate) work: Work,
    transport: Option<Arc<dyn Transport>>,
    channels: Mutex<BTreeMap<(u64, Lane), (String, Channel)>>,
}

impl Links {
    pub(crate) fn new(
        voice: Arc<Voice>,
        transport: Option<Arc<dyn Transport>>,
        work: Work,
    ) -> Self {
        Self {
            voice,
            work,
            transport,
            channels: Mutex::default(),
        }
    }

    /// A client of a peer at an address.
    pub(crate) fn client(
        &self,
        node: u64,
        address: &str,
        lane: Lane,
    ) -> Result<PeerServiceClient<Channel>, Error> {
        let unreachable = |problem: &str| Error::Unreachable {
            node,
            problem: problem.to_owned(),
        };
        let transport = self.transport.as_ref();
        let transport = transport.ok_or_else(|| unreachable("this replica has no peers"))?;
        if node == self.voice.node() || address.is_empty() {
            return Err(unreachable("it has no address"));
        }
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let known = channels.get(&(node, lane)).filter(|(at, _)| at == address);
        let channel = match known {
            Some((_, channel)) => channel.clone(),
            None => {
                let channel = connect(Arc::clone(transport), node, address.to_owned());
                channels.insert((node, lane), (address.to_owned(), channel.clone()));
                channel
            }
        };
        Ok(PeerServiceClient::new(channel)
            .max_decoding_message_size(MOST_MESSAGE)
            .max_encoding_message_size(MOST_MESSAGE))
    }
}

fn connect(transport: Arc<dyn Transport>, node: u64, address: String) -> Channel {
    // The name stands in the certificate; this one only fills the header.
    Endpoint::from_static("http://peer")
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .connect_with_connector_lazy(service_fn(move |_: Uri| {
            let dial = transport.dial(node, address.clone());
            async move {
                let late = |_| std::io::Error::from(std::io::ErrorKind::TimedOut);
                timeout(CONNECT, dial)
                    .await
                    .map_err(late)?
                    .map(TokioIo::new)
            }
        }))
}

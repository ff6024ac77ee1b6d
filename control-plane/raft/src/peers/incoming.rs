//! Connections of peers, handed on when their certificates are verified.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use veto_identity::PeerName;

use super::{Stream, Transport};

/// How long a peer may take to show its certificate.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait in the socket's own queue.
const HANDSHAKES: usize = 32;
/// After the process ran out of files.
const PAUSE: Duration = Duration::from_millis(50);

/// A verified connection.
pub(crate) struct Incoming {
    peer: PeerName,
    stream: Box<dyn Stream>,
}

impl Connected for Incoming {
    type ConnectInfo = PeerName;

    fn connect_info(&self) -> PeerName {
        self.peer.clone()
    }
}

/// Accepts until the receiver is gone.
pub(crate) fn incoming(
    transport: Arc<dyn Transport>,
    tasks: &mut JoinSet<()>,
) -> ReceiverStream<io::Result<Incoming>> {
    let (sender, receiver) = mpsc::channel(HANDSHAKES);
    tasks.spawn(async move {
        let slots = Arc::new(Semaphore::new(HANDSHAKES));
        let mut handshakes = JoinSet::new();
        while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
            while handshakes.try_join_next().is_some() {}
            let handshake = tokio::select! {
                accepted = transport.accept() => match accepted {
                    Ok(handshake) => handshake,
                    Err(error) => {
                        tracing::warn!(%error, "a peer cannot be accepted");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
                () = sender.closed() => return,
            };
            let sender = sender.clone();
            handshakes.spawn(async move {
                let _slot = slot;
                match timeout(HANDSHAKE, handshake).await {
                    Ok(Ok((peer, stream))) => {
                        let _ = sender.send(Ok(Incoming { peer, stream })).await;
                    }
                    Ok(Err(error)) => tracing::warn!(%error, "a connection of no peer"),
                    Err(_) => tracing::warn!("a connection showed no certificate in time"),
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}

impl AsyncRead for Incoming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Incoming {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

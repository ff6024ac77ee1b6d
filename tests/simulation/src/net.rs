//! The network between simulated replicas. Each connection begins with who dials and who is meant, which
//! stands for both certificates.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use turmoil::net::{TcpListener, TcpStream};
use veto_identity::PeerName;
use veto_raft::{Handshake, Later, Stream, Transport};

use crate::shared::Shared;
use crate::trace::What;

/// Where replicas hear each other.
pub const PORT: u16 = 7000;

/// The way from one replica to the others.
pub struct Net {
    pub(crate) shared: Shared,
    pub(crate) host: usize,
    pub(crate) run: u64,
    pub(crate) name: PeerName,
    pub(crate) listener: TcpListener,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A connection.
struct Wire(TcpStream);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

async fn meet(stream: &mut TcpStream, own: u64) -> io::Result<u64> {
    let (from, to) = (stream.read_u64().await?, stream.read_u64().await?);
    if to != own {
        return Err(io::Error::other("another one is meant"));
    }
    stream.write_u64(own).await?;
    Ok(from)
}

async fn dial(address: String, own: u64, node: u64) -> io::Result<Box<dyn Stream>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_u64(own).await?;
    stream.write_u64(node).await?;
    if stream.read_u64().await? != node {
        return Err(io::Error::other("another one answers"));
    }
    Ok(Box::new(Wire(stream)))
}

impl Transport for Net {
    fn name(&self) -> &PeerName {
        &self.name
    }

    fn accept(&self) -> Later<'_, io::Result<Handshake>> {
        Box::pin(async {
            let (mut stream, _) = self.listener.accept().await?;
            let own = self.name.clone();
            let handshake: Handshake = Box::pin(async move {
                let node = meet(&mut stream, own.node).await?;
                let name = PeerName { node, ..own };
                Ok((name, Box::new(Wire(stream)) as Box<dyn Stream>))
            });
            Ok(handshake)
        })
    }

    fn dial(&self, node: u64, address: String) -> Later<'static, io::Result<Box<dyn Stream>>> {
        let what = What::Dials(address.clone());
        self.shared.push(self.host, self.run, what);
        Box::pin(dial(address, self.name.node, node))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

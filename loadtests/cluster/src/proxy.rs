//! A link that can be cut: a relay on loopback between a replica and its peers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const BLOCK: usize = 64 << 10;

/// The link. While it is cut, connections are closed as soon as they are made.
pub(crate) struct Link {
    /// Where it listens.
    pub(crate) address: String,
    open: watch::Sender<bool>,
    carried: Arc<AtomicU64>,
    serves: JoinHandle<()>,
}

impl Link {
    /// A link to an address; cut at first.
    pub(crate) async fn to(address: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = listener.local_addr()?.to_string();
        let (open, opened) = watch::channel(false);
        let carried = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&carried);
        let serves = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *opened.borrow() {
                    let (address, counted) = (address.clone(), Arc::clone(&counted));
                    tokio::spawn(relay(near, address, opened.clone(), counted));
                }
            }
        });
        Ok(Self {
            address: own,
            open,
            carried,
            serves,
        })
    }

    /// Lets connections pass.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Ends all that pass.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Bytes that went through to the address.
    pub(crate) fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.serves.abort();
    }
}

async fn relay(
    mut near: TcpStream,
    address: String,
    mut open: watch::Receiver<bool>,
    carried: Arc<AtomicU64>,
) {
    let Ok(mut far) = TcpStream::connect(address).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((mut near_read, mut near_write), (mut far_read, mut far_write)) =
        (near.split(), far.split());
    let back = AtomicU64::new(0);
    tokio::select! {
        () = copy(&mut near_read, &mut far_write, &carried) => {}
        () = copy(&mut far_read, &mut near_write, &back) => {}
        _ = open.wait_for(|open| !open) => {}
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    carried: &AtomicU64,
) {
    let mut block = vec![0; BLOCK];
    while let Ok(count) = from.read(&mut block).await {
        if count == 0 || to.write_all(&block[..count]).await.is_err() {
            return;
        }
        carried.fetch_add(count as u64, Ordering::Relaxed);
    }
}

//! A few connections for reading, each used by one read at a time.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::database;
use crate::Error;

/// Reads at the same time.
const CONNECTIONS: usize = 4;
/// How long a read may wait for a connection.
const WAIT: Duration = Duration::from_secs(3);
/// How long a read may take.
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// The connections.
#[derive(Debug)]
pub(super) struct Pool {
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Pool {
    /// Opens all connections.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let open = (0..CONNECTIONS).map(|_| database::open_reader(path));
        let idle = open.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            free: Arc::new(Semaphore::new(idle.len())),
            idle: Arc::new(Mutex::new(idle)),
        })
    }

    /// Runs a read on a thread of its own. A read that takes too long, or whose caller went away,
    /// is interrupted.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let free = Arc::clone(&self.free).acquire_owned();
        let permit = tokio::time::timeout(WAIT, free).await;
        let permit = permit
            .map_err(|_| Error::Overloaded("reads"))?
            .map_err(|_| Error::Stopping)?;
        let connection = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = connection.ok_or(Error::Overloaded("reads"))?;
        let running = Running(Arc::new(Mutex::new(Some(
            connection.get_interrupt_handle(),
        ))));
        let lease = Lease {
            connection: Some(connection),
            idle: Arc::clone(&self.idle),
            running: running.clone(),
            _permit: permit,
        };
        let task = tokio::task::spawn_blocking(move || lease.run(read));
        let stop_when_dropped = StopWhenDropped(running);
        let result = tokio::time::timeout(READ_DEADLINE, task).await;
        drop(stop_when_dropped);
        match result {
            Ok(Ok(result)) => result,
            Ok(Err(e)) => Err(Error::Internal(format!("a read ended early: {e}"))),
            Err(_) => Err(Error::Deadline("the read")),
        }
    }
}

/// How to interrupt the read that runs now; empty once its connection is free for the next.
#[derive(Clone)]
struct Running(Arc<Mutex<Option<InterruptHandle>>>);

struct StopWhenDropped(Running);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        // The lock is held over the interrupt, so that it never meets a read that came after.
        if let Some(handle) = &*self.0.0.lock().unwrap_or_else(PoisonError::into_inner) {
            handle.interrupt();
        }
    }
}

/// A connection on loan; it goes back whatever happens to the read.
struct Lease {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    running: Running,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn run<T>(
        mut self,
        read: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &mut self.connection {
            Some(connection) => read(connection),
            None => Err(Error::Internal("a lease without a connection".into())),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.running
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}

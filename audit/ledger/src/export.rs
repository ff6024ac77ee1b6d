//! Streams decisions as a file, oldest first, in constant memory.
//!
//! An export shows the ledger as it was when it began: records that arrive meanwhile are left out,
//! so that its count and digest can be had again.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};
use tonic::Status;
use veto_proto::records::v1::{ExportFormat, ExportRecordsResponse};
use veto_trail::Exported;
use veto_wire::status;

use crate::filter::Filter;
use crate::seats::Seat;
use crate::store::{Order, Query, Store, Stored};
use crate::{Error, Tenant};

/// The largest piece, in bytes.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait for the reader.
const AHEAD: usize = 4;
const PAGE: usize = 512;
const PAGE_BYTES: usize = 1024 * 1024;
/// How long a reader may leave a piece waiting.
const STALL: Duration = Duration::from_secs(30);

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// RFC 4180 with a header.
    Csv,
}

impl Format {
    /// Reads the format of the API.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none that is known.
    pub fn new(number: i32) -> Result<Self, Error> {
        match ExportFormat::try_from(number) {
            Ok(ExportFormat::Unspecified | ExportFormat::Jsonl) => Ok(Self::JsonLines),
            Ok(ExportFormat::Csv) => Ok(Self::Csv),
            Err(_) => Err(Error::invalid("format", "is not a known format")),
        }
    }

    fn write_header(self, to: &mut Vec<u8>) {
        match self {
            Self::JsonLines => {}
            Self::Csv => csv_line(Exported::COLUMNS, to),
        }
    }

    fn write(self, stored: &Stored, to: &mut Vec<u8>) -> Result<(), Error> {
        let exported = stored.exported();
        match self {
            Self::JsonLines => {
                exported
                    .write_json(to)
                    .map_err(|e| Error::Internal(format!("write JSON: {e}")))?;
            }
            Self::Csv => csv_line(&exported.csv_row(), to),
        }
        Ok(())
    }
}

/// RFC 4180: a cell with a comma, a quote or a line break is quoted, lines end in CR LF.
fn csv_line<T: AsRef<str>>(cells: &[T], to: &mut Vec<u8>) {
    for (index, cell) in cells.iter().map(AsRef::as_ref).enumerate() {
        if index > 0 {
            to.push(b',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            to.push(b'"');
            to.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            to.push(b'"');
        } else {
            to.extend_from_slice(cell.as_bytes());
        }
    }
    to.extend_from_slice(b"\r\n");
}

/// One export.
#[derive(Debug)]
pub struct Export<S> {
    /// Where the records are.
    pub store: Arc<S>,
    /// What the credential covers.
    pub tenant: Tenant,
    /// Which of these records.
    pub filter: Filter,
    /// The form.
    pub format: Format,
    /// Turns true when the ledger stops.
    pub stopping: watch::Receiver<bool>,
    /// Its place among the exports.
    pub seat: Seat,
}

type Pieces = mpsc::Sender<Result<ExportRecordsResponse, Status>>;

impl<S: Store> Export<S> {
    /// Begins.
    #[must_use]
    pub fn start(self) -> mpsc::Receiver<Result<ExportRecordsResponse, Status>> {
        let (pieces, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(self.run(pieces));
        receiver
    }

    async fn run(self, pieces: Pieces) {
        let mut stopping = self.stopping.clone();
        let result = tokio::select! {
            biased;
            () = pieces.closed() => return,
            _ = stopping.wait_for(|stopping| *stopping) => Err(Error::Stopping),
            result = self.write(&pieces) => result,
        };
        if let Err(error) = result {
            let last = pieces.send_timeout(Err(status::from_error(&error)), Duration::from_secs(1));
            // A reader that takes nothing gets no last word either.
            let _ = last.await;
        }
    }

    async fn write(&self, pieces: &Pieces) -> Result<(), Error> {
        let mut file = File {
            pieces,
            hasher: Sha256::new(),
            records: 0,
            rest: Vec::new(),
        };
        self.format.write_header(&mut file.rest);
        let mut query = Query {
            tenant: self.tenant.clone(),
            filter: self.filter.clone(),
            order: Order::OldestFirst,
            after: None,
            through: Some(self.store.newest()),
            limit: PAGE,
            bytes: PAGE_BYTES,
        };
        loop {
            let page = self.store.read(query.clone()).await?;
            for stored in &page.records {
                self.format.write(stored, &mut file.rest)?;
                file.records += 1;
                file.send_full_pieces().await?;
            }
            match page.records.last() {
                Some(last) if page.more => query.after = Some(last.position()),
                Some(_) | None => return file.finish().await,
            }
        }
    }
}

/// A file on its way out.
struct File<'a> {
    pieces: &'a Pieces,
    hasher: Sha256,
    records: u64,
    rest: Vec<u8>,
}

impl File<'_> {
    async fn send_full_pieces(&mut self) -> Result<(), Error> {
        while self.rest.len() >= PIECE {
            let after = self.rest.split_off(PIECE);
            let data = std::mem::replace(&mut self.rest, after);
            self.hasher.update(&data);
            self.send(data, Vec::new()).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(), Error> {
        let data = std::mem::take(&mut self.rest);
        self.hasher.update(&data);
        let digest = std::mem::take(&mut self.hasher).finalize().to_vec();
        self.send(data, digest).await
    }

    async fn send(&self, data: Vec<u8>, digest: Vec<u8>) -> Result<(), Error> {
        let piece = ExportRecordsResponse {
            data,
            records: self.records,
            digest,
        };
        match self.pieces.send_timeout(Ok(piece), STALL).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Error::Deadline("the reader")),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Error::Stopping),
        }
    }
}

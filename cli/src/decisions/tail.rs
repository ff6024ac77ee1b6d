//! `veto decisions tail`. A stream never outlives its token, so each is replaced in time by one
//! under a new token; both run for a moment, so that nothing is left out and nothing comes twice.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Streaming;
use veto_proto::records::v1::{
    RecordFilter, StoredRecord, TailRecordsRequest, TailRecordsResponse,
};

use super::record::Record;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::{self, Format, Row as _};

/// How long two streams run side by side.
const OVERLAP: Duration = Duration::from_secs(2);

type Stream = Streaming<TailRecordsResponse>;
/// Names a record: boot and sequence.
type Name = (Vec<u8>, u64);

/// Prints decisions as they are stored, one a line, until Ctrl-C.
pub(super) async fn run(
    global: &Global,
    filter: RecordFilter,
    renew: Duration,
) -> Result<(), Error> {
    let stream = open(global, &filter).await?;
    eprintln!("following; Ctrl-C ends");
    tokio::select! {
        ended = follow(global, &filter, renew, stream) => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn follow(
    global: &Global,
    filter: &RecordFilter,
    renew: Duration,
    mut stream: Stream,
) -> Result<(), Error> {
    let mut known: HashSet<Name> = HashSet::new();
    loop {
        let end = Instant::now() + renew;
        loop {
            let next = tokio::select! {
                next = stream.message() => next?,
                () = sleep_until(end) => break,
            };
            let Some(answer) = next else { return Ok(()) };
            print_new(global.output, answer, &mut known, None)?;
        }
        let next = open(global, filter).await?;
        // What the old stream still gives, the new one gives again.
        let mut again = HashSet::new();
        let end = Instant::now() + OVERLAP;
        while let Ok(Ok(Some(answer))) = timeout_at(end, stream.message()).await {
            print_new(global.output, answer, &mut known, Some(&mut again))?;
        }
        (stream, known) = (next, again);
    }
}

async fn open(global: &Global, filter: &RecordFilter) -> Result<Stream, Error> {
    let mut client = connect::ledger_for(global, connect::LONGEST).await?;
    let request = TailRecordsRequest {
        filter: Some(filter.clone()),
    };
    Ok(client.tail_records(request).await?.into_inner())
}

fn print_new(
    format: Format,
    answer: TailRecordsResponse,
    known: &mut HashSet<Name>,
    again: Option<&mut HashSet<Name>>,
) -> Result<(), Error> {
    let Some(record) = answer.record else {
        return Ok(());
    };
    let name = (record.boot.clone(), record.sequence);
    if known.remove(&name) {
        return Ok(());
    }
    if let Some(again) = again {
        again.insert(name);
    }
    print(format, record)
}

fn print(format: Format, record: StoredRecord) -> Result<(), Error> {
    let record = Record::from(record);
    match format {
        // Columns cannot be aligned with lines that are yet to come.
        Format::Table => output::line(&record.cells().join("  ")),
        Format::Json | Format::Jsonl => Format::Jsonl.document(&record),
        Format::Yaml => {
            output::line("---")?;
            Format::Yaml.document(&record)
        }
    }
}

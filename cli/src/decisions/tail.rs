//! `veto decisions tail`.

use veto_proto::records::v1::{RecordFilter, TailRecordsRequest};

use super::record::Record;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::{self, Format, Row as _};

/// Prints decisions as they are stored, one a line, until the stream or the reader ends it.
pub(super) async fn run(global: &Global, filter: RecordFilter) -> Result<(), Error> {
    let mut client = connect::ledger(global).await?;
    let request = TailRecordsRequest {
        filter: Some(filter),
    };
    let mut stream = client.tail_records(request).await?.into_inner();
    eprintln!("following; Ctrl-C ends");
    loop {
        let next = tokio::select! {
            next = stream.message() => next?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(answer) = next else { return Ok(()) };
        let Some(record) = answer.record.map(Record::from) else {
            continue;
        };
        match global.output {
            // Columns cannot be aligned with lines that are yet to come.
            Format::Table => output::line(&record.cells().join("  "))?,
            Format::Json | Format::Jsonl => Format::Jsonl.document(&record)?,
            Format::Yaml => {
                output::line("---")?;
                Format::Yaml.document(&record)?;
            }
        }
    }
}

//! `veto decisions export`: a file, in constant memory, whose digest is checked.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use veto_core::Code;
use veto_proto::records::v1 as pb;

use super::ExportFormat;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::value::hex;

/// Writes the file and tells its length and digest on stderr.
pub(super) async fn run(
    global: &Global,
    filter: pb::RecordFilter,
    format: ExportFormat,
    path: Option<&Path>,
) -> Result<(), Error> {
    let format = match format {
        ExportFormat::Jsonl => pb::ExportFormat::Jsonl,
        ExportFormat::Csv => pb::ExportFormat::Csv,
    };
    let mut client = connect::ledger(global).await?;
    let request = pb::ExportRecordsRequest {
        filter: Some(filter),
        format: format.into(),
    };
    let mut stream = client.export_records(request).await?.into_inner();

    let name = path.map_or("stdout".into(), |path| path.display().to_string());
    let failed = |source| match path {
        Some(_) => Error::File {
            path: name.clone(),
            source,
        },
        None => Error::Output(source),
    };
    let mut sink = sink(path).map_err(failed)?;
    let (mut digest, mut records, mut expected) = (Sha256::new(), 0, Vec::new());
    while let Some(piece) = stream.message().await? {
        sink.write_all(&piece.data).map_err(failed)?;
        digest.update(&piece.data);
        records = piece.records;
        expected = piece.digest;
    }
    sink.flush().map_err(failed)?;

    let digest = digest.finalize();
    if digest.as_slice() != expected.as_slice() {
        // A stream that was cut looks like a short file; the digest on its last message tells.
        let message = format!(
            "the export is cut or damaged after {records} records: digest {}",
            hex(&digest)
        );
        return Err(Error::Refused {
            code: Code::RecordCorrupt,
            message,
            violations: Vec::new(),
        });
    }
    eprintln!("{records} records, SHA-256 {}", hex(&digest));
    Ok(())
}

fn sink(path: Option<&Path>) -> io::Result<Box<dyn Write + Send>> {
    Ok(match path {
        Some(path) => Box::new(io::BufWriter::new(File::create(path)?)),
        None => Box::new(io::BufWriter::new(io::stdout())),
    })
}

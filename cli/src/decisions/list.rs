//! `veto decisions list`.

use veto_proto::records::v1::{ListRecordsRequest, RecordFilter};

use super::record::Record;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;

/// The most that a ledger gives at once.
const PAGE: usize = 1_000;

/// Prints the newest decisions that match, as many as asked for.
pub(super) async fn run(global: &Global, filter: RecordFilter, limit: usize) -> Result<(), Error> {
    let mut client = connect::ledger(global).await?;
    let mut rows: Vec<Record> = Vec::new();
    let mut page_token = String::new();
    while rows.len() < limit {
        let request = ListRecordsRequest {
            filter: Some(filter.clone()),
            page_size: u32::try_from((limit - rows.len()).min(PAGE)).unwrap_or(u32::MAX),
            page_token,
        };
        let page = client.list_records(request).await?.into_inner();
        rows.extend(page.records.into_iter().map(Record::from));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    rows.truncate(limit);
    global.output.rows(&rows)
}

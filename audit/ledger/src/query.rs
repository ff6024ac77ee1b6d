//! Lists decisions, page by page.

use std::sync::Arc;

use veto_proto::records::v1::{ListRecordsRequest, ListRecordsResponse};

use crate::Error;
use crate::access::Caller;
use crate::filter::Filter;
use crate::page::Sealer;
use crate::store::{Order, Query, Store, Stored};

const DEFAULT_PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;
/// A page ends early at these many bytes, so that it fits into what clients take by default (4 MiB)
/// even when the last record is a large one.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Reads the page that is asked for, newest first.
///
/// # Errors
/// [`Error::Invalid`] when filter, size or token is malformed, else as [`Store::read`].
pub async fn list<S: Store>(
    store: &Arc<S>,
    sealer: &Sealer,
    caller: &Caller,
    request: &ListRecordsRequest,
) -> Result<ListRecordsResponse, Error> {
    let message = request.filter.clone().unwrap_or_default();
    let filter = Filter::new(&message)?;
    let size = match request.page_size {
        0 => DEFAULT_PAGE,
        size if size <= MAX_PAGE => size,
        _ => return Err(Error::invalid("page_size", format!("is above {MAX_PAGE}"))),
    };
    let after = match request.page_token.as_str() {
        "" => None,
        token => Some(sealer.open(token, &caller.tenant, &message)?),
    };
    let query = Query {
        tenant: caller.tenant.clone(),
        filter,
        order: Order::NewestFirst,
        after,
        through: None,
        limit: size as usize,
        bytes: PAGE_BYTES,
    };
    let page = store.read(query).await?;
    let next_page_token = match page.records.last() {
        Some(last) if page.more => sealer.seal(last.position(), &caller.tenant, &message),
        Some(_) | None => String::new(),
    };
    let records = page.records.iter().map(Stored::message).collect();
    Ok(ListRecordsResponse {
        records,
        next_page_token,
    })
}

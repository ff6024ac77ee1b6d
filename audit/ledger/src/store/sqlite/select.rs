//! Turns a query into SQL and rows into records.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use veto_core::Timestamp;

use crate::store::{Order, Page, Query, Stored};
use crate::{Error, frame};

/// Reads a page.
pub(super) fn page(connection: &Connection, query: &Query) -> Result<Page, Error> {
    let Some(statement) = Statement::of(query) else {
        return Ok(Page {
            records: Vec::new(),
            more: false,
        });
    };
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let mut rows = prepared.query(params_from_iter(statement.values))?;
    let mut page = Page {
        records: Vec::new(),
        more: false,
    };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        if page.records.len() == query.limit || bytes >= query.bytes {
            page.more = true;
            break;
        }
        let raw = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        bytes += raw.len();
        page.records
            .push(stored(row.get(0)?, Timestamp(row.get(1)?), raw)?);
    }
    Ok(page)
}

fn stored(arrival: i64, stored_at: Timestamp, raw: &[u8]) -> Result<Stored, Error> {
    let arrival = arrival.unsigned_abs();
    let corrupt = |problem: String| Error::Corrupt { arrival, problem };
    // Decoding checks the frame's CRC: what the disk has changed is never served.
    let frame = frame::decode(raw).map_err(corrupt)?;
    let decision = frame
        .verified
        .decision
        .ok_or_else(|| corrupt("it holds no decision".to_owned()))?;
    Ok(Stored {
        arrival,
        stored_at,
        node: frame.node,
        boot: frame.boot,
        sequence: frame.verified.sequence,
        hash: frame.verified.hash,
        time: frame.verified.time,
        decision,
    })
}

/// SQL and the values of its parameters.
struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    /// Returns `None` when nothing can match: the filter asks for what the tenant does not cover.
    fn of(query: &Query) -> Option<Self> {
        let (tenant, filter) = (&query.tenant, &query.filter);
        let project = narrower(tenant.project.as_ref(), filter.project.as_ref())?;
        let environment = narrower(tenant.environment.as_ref(), filter.environment.as_ref())?;

        let mut statement = Self {
            sql: format!(
                "SELECT d.arrival, f.stored_at, f.frame FROM decisions AS d {} \
                 CROSS JOIN frames AS f ON f.arrival = d.arrival",
                index(query, project.is_some() && environment.is_some())
            ),
            values: Vec::new(),
        };
        // First and always.
        statement.and("d.organization = ?", tenant.organization.as_str());
        let exact = filter.tool.as_ref().and_then(|tool| tool.exact());
        let equals = [
            ("d.project = ?", project.map(AsRef::as_ref)),
            ("d.environment = ?", environment.map(AsRef::as_ref)),
            ("d.agent = ?", filter.agent.as_ref().map(AsRef::as_ref)),
            (
                "d.outcome = ?",
                filter.outcome.map(crate::filter::Outcome::as_str),
            ),
            ("d.tool = ?", exact),
        ];
        for (condition, value) in equals {
            if let Some(value) = value {
                statement.and(condition, value);
            }
        }
        if let (Some(glob), None) = (&filter.tool, exact) {
            statement.and("tool_matches(?, d.tool)", glob.as_str());
        }
        if let Some(trace) = filter.trace_id {
            statement.and_value("d.trace_id = ?", Value::Blob(trace.to_vec()));
        }
        let bounds = [("d.time >= ?", filter.from), ("d.time < ?", filter.until)];
        for (condition, time) in bounds {
            if let Some(time) = time {
                statement.and_value(condition, Value::Integer(time.0));
            }
        }
        statement.page(query);
        Some(statement)
    }

    fn page(&mut self, query: &Query) {
        if let Some(through) = query.through {
            self.and_value("d.arrival <= ?", integer(through));
        }
        if let Some(after) = query.after {
            let (time, arrival) = (Value::Integer(after.time.0), integer(after.arrival));
            let (bound, tie) = match query.order {
                Order::NewestFirst => ("d.time <= ?", "(d.time < ? OR d.arrival < ?)"),
                Order::OldestFirst => ("d.time >= ?", "(d.time > ? OR d.arrival > ?)"),
                Order::Arrival => ("d.arrival > ?", ""),
            };
            if tie.is_empty() {
                self.and_value(bound, arrival);
            } else {
                self.and_value(bound, time.clone());
                self.and_value(tie, time);
                self.values.push(arrival);
            }
        }
        self.sql.push_str(match query.order {
            Order::NewestFirst => " ORDER BY d.time DESC, d.arrival DESC LIMIT ?",
            Order::OldestFirst => " ORDER BY d.time, d.arrival LIMIT ?",
            Order::Arrival => " ORDER BY d.arrival LIMIT ?",
        });
        // One more than wanted tells whether there are more.
        self.values.push(integer(query.limit as u64 + 1));
    }

    fn and(&mut self, condition: &str, value: &str) {
        self.and_value(condition, Value::Text(value.to_owned()));
    }

    fn and_value(&mut self, condition: &str, value: Value) {
        self.sql.push_str(if self.values.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(condition);
        self.values.push(value);
    }
}

/// The index that leaves the fewest rows to look at, in words, because SQLite would have to guess.
fn index(query: &Query, placed: bool) -> &'static str {
    let filter = &query.filter;
    match query.order {
        Order::Arrival => "NOT INDEXED",
        Order::NewestFirst | Order::OldestFirst => {
            if filter.trace_id.is_some() {
                "INDEXED BY decisions_trace"
            } else if filter.agent.is_some() {
                "INDEXED BY decisions_agent"
            } else if filter
                .tool
                .as_ref()
                .is_some_and(|tool| tool.exact().is_some())
            {
                "INDEXED BY decisions_tool"
            } else if filter
                .outcome
                .is_some_and(|o| o != crate::filter::Outcome::Allow)
            {
                "INDEXED BY decisions_outcome"
            } else if placed {
                "INDEXED BY decisions_place"
            } else {
                "INDEXED BY decisions_time"
            }
        }
    }
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The narrower of what is covered and what is wanted; `None` when they exclude each other.
fn narrower<'a, T: PartialEq>(
    covered: Option<&'a T>,
    wanted: Option<&'a T>,
) -> Option<Option<&'a T>> {
    match (covered, wanted) {
        (Some(covered), Some(wanted)) if covered != wanted => None,
        (covered, wanted) => Some(covered.or(wanted)),
    }
}

#[cfg(test)]
mod tests;

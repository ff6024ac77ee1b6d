//! The ordered bytes that the state stands on. Every key starts with the organization:
//! `organization \0 table \0 part \0 part …`; what belongs to the cluster stands under `system`. No
//! name holds a zero byte and numbers have a fixed width, so no tenant's prefix covers another's rows.

use std::collections::BTreeMap;

use crate::Error;

/// A key with its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Reads rows of one consistent state.
pub trait Rows {
    /// The value of a key.
    ///
    /// # Errors
    /// [`Error::Read`] when the store fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// At most `limit` rows whose keys begin with `prefix` and are not below `from`, in order.
    ///
    /// # Errors
    /// [`Error::Read`] when the store fails.
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, Error>;
}

/// One change of a row; no value means that it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The key.
    pub key: Vec<u8>,
    /// The new value.
    pub value: Option<Vec<u8>>,
}

/// Rows in memory: the model that tests compare with.
impl Rows for BTreeMap<Vec<u8>, Vec<u8>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(Self::get(self, key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, Error> {
        let start = if from > prefix { from } else { prefix };
        let rows = self
            .range(start.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix));
        Ok(rows
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }
}

/// The key of a row.
#[must_use]
pub fn key(organization: &str, table: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = [organization.as_bytes(), b"\0", table.as_bytes()].concat();
    for part in parts {
        key.push(0);
        key.extend_from_slice(part);
    }
    key
}

/// The prefix of all rows of a table below the parts.
#[must_use]
pub fn prefix(organization: &str, table: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut prefix = key(organization, table, parts);
    prefix.push(0);
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_stays_within_its_tenant() {
        let rows: BTreeMap<_, _> = ["a", "ab", "b"]
            .iter()
            .map(|org| (key(org, "project", &[b"p"]), org.as_bytes().to_vec()))
            .collect();
        let found = rows.scan(&prefix("a", "project", &[]), b"", 10).unwrap();
        assert_eq!(found, vec![(b"a\0project\0p".to_vec(), b"a".to_vec())]);
    }
}

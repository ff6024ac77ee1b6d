//! A version of a policy set as data.

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1::PolicyVersion;

use crate::output::Row;
use crate::value::hex;

/// A version of a policy set.
#[derive(Debug, Serialize)]
pub(super) struct Version {
    project: String,
    environment: String,
    /// Its number.
    pub(super) version: u64,
    parent: u64,
    author: String,
    message: String,
    source: String,
    published: String,
    published_by: String,
    /// The revision that nodes report.
    pub(super) revision: u64,
    policy_count: u32,
    digest: String,
}

impl From<PolicyVersion> for Version {
    fn from(version: PolicyVersion) -> Self {
        let scope = version.scope.unwrap_or_default();
        let published = version.published.unwrap_or_default();
        Self {
            project: scope.project,
            environment: scope.environment,
            version: version.version,
            parent: version.parent,
            author: version.author,
            message: version.message,
            source: version.source,
            published: Timestamp(published.time).to_string(),
            published_by: published.actor,
            revision: published.revision,
            policy_count: version.policy_count,
            digest: hex(&version.digest),
        }
    }
}

impl Row for Version {
    const COLUMNS: &'static [&'static str] = &[
        "VERSION",
        "PUBLISHED",
        "AUTHOR",
        "POLICIES",
        "REVISION",
        "DIGEST",
        "MESSAGE",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.version.to_string(),
            self.published.clone(),
            self.author.clone(),
            self.policy_count.to_string(),
            self.revision.to_string(),
            format!("{:.12}", self.digest),
            self.message.clone(),
        ]
    }
}

//! Typed reading. Every function takes the organization first; what is not of it is not found.

mod bundle;

pub(crate) use bundle::covers;

use prost::Message;
use veto_core::{OrganizationId, Scope};
use veto_proto::storage::v1::{
    AgentRow, Bootstrap, Bundle, CommandResult, EnvironmentRow, KeyRow, MemberRow, OrganizationRow,
    PolicyVersionRow, ProjectRow, RestoreRow,
};

use crate::Error;
use crate::rows::{Rows, key, prefix};

pub(crate) const SYSTEM: &str = OrganizationId::SYSTEM;
/// More rows than this are read in pages.
const PAGE: usize = 1_000;

/// Reads the state through its rows.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a, R: ?Sized>(pub &'a R);

impl<R: Rows + ?Sized> Tables<'_, R> {
    /// The cluster's id; `None` before the bootstrap.
    ///
    /// # Errors
    /// As all functions here: when the store fails or a row is corrupt.
    pub fn cluster(&self) -> Result<Option<String>, Error> {
        let row: Option<Bootstrap> = self.row("cluster", &key(SYSTEM, "cluster", &[]))?;
        Ok(row.map(|row| row.cluster))
    }

    /// What the members of the cluster shall be, sorted by id, those that were removed too. The first
    /// member has a row only once it was removed.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn members(&self) -> Result<Vec<MemberRow>, Error> {
        self.all("member", &prefix(SYSTEM, "member", &[]))
    }

    /// The backups that this cluster was made from, oldest first.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn restores(&self) -> Result<Vec<RestoreRow>, Error> {
        self.all("restore", &prefix(SYSTEM, "restore", &[]))
    }

    /// The time of the newest command, microseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn time(&self) -> Result<i64, Error> {
        let row: Option<CommandResult> = self.row("time", &key(SYSTEM, "time", &[]))?;
        Ok(row.map_or(0, |row| row.time))
    }

    /// An organization.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn organization(&self, id: &str) -> Result<Option<OrganizationRow>, Error> {
        self.row(
            "organization",
            &key(SYSTEM, "organization", &[id.as_bytes()]),
        )
    }

    /// All organizations, sorted by id.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn organizations(&self) -> Result<Vec<OrganizationRow>, Error> {
        self.all("organization", &prefix(SYSTEM, "organization", &[]))
    }

    /// A project.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn project(&self, organization: &str, id: &str) -> Result<Option<ProjectRow>, Error> {
        self.row("project", &key(organization, "project", &[id.as_bytes()]))
    }

    /// The projects of an organization, sorted by id.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn projects(&self, organization: &str) -> Result<Vec<ProjectRow>, Error> {
        self.all("project", &prefix(organization, "project", &[]))
    }

    /// An environment.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn environment(&self, scope: &Scope) -> Result<Option<EnvironmentRow>, Error> {
        self.row("environment", &scoped("environment", scope, &[]))
    }

    /// The environments of an organization, or of one project, sorted by project and id.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn environments(
        &self,
        organization: &str,
        project: Option<&str>,
    ) -> Result<Vec<EnvironmentRow>, Error> {
        let parts: Vec<_> = project.iter().map(|project| project.as_bytes()).collect();
        self.all("environment", &prefix(organization, "environment", &parts))
    }

    /// An agent.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn agent(
        &self,
        organization: &str,
        project: &str,
        id: &str,
    ) -> Result<Option<AgentRow>, Error> {
        self.row(
            "agent",
            &key(organization, "agent", &[project.as_bytes(), id.as_bytes()]),
        )
    }

    /// The agents of a project, sorted by id.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn agents(&self, organization: &str, project: &str) -> Result<Vec<AgentRow>, Error> {
        self.all(
            "agent",
            &prefix(organization, "agent", &[project.as_bytes()]),
        )
    }

    /// A key, whatever its organization: the row says which, and who asks by a key knows no other.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn key(&self, id: &str) -> Result<Option<KeyRow>, Error> {
        let index: Option<KeyRow> =
            self.row("key-index", &key(SYSTEM, "key-index", &[id.as_bytes()]))?;
        let Some(index) = index else { return Ok(None) };
        self.row("key", &key(&index.organization, "key", &[id.as_bytes()]))
    }

    /// The keys of an organization, sorted by id.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn keys(&self, organization: &str) -> Result<Vec<KeyRow>, Error> {
        self.all("key", &prefix(organization, "key", &[]))
    }

    /// A version with its files; 0 means the newest.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn policy_version(
        &self,
        scope: &Scope,
        version: u64,
    ) -> Result<Option<PolicyVersionRow>, Error> {
        let newest = || Ok(self.environment(scope)?.map_or(0, |row| row.policy_version));
        let version = if version == 0 { newest()? } else { version };
        let number = version.to_be_bytes();
        let Some(mut row) = self.row::<PolicyVersionRow>(
            "policy-version",
            &scoped("policy-version", scope, &[&number]),
        )?
        else {
            return Ok(None);
        };
        let files: Option<PolicyVersionRow> =
            self.row("policy-files", &scoped("policy-files", scope, &[&number]))?;
        row.files = files.map(|row| row.files).unwrap_or_default();
        Ok(Some(row))
    }

    /// Versions without their files, newest first, below `before` (0 means from the newest).
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn policy_versions(
        &self,
        scope: &Scope,
        before: u64,
        limit: usize,
    ) -> Result<Vec<PolicyVersionRow>, Error> {
        let newest = self.environment(scope)?.map_or(0, |row| row.policy_version);
        let last = if before == 0 {
            newest
        } else {
            newest.min(before - 1)
        };
        let versions = (1..=last).rev().take(limit);
        let read = |version: u64| {
            let number = version.to_be_bytes();
            self.row(
                "policy-version",
                &scoped("policy-version", scope, &[&number]),
            )
        };
        versions
            .filter_map(|version| read(version).transpose())
            .collect()
    }

    /// The answer that a request id got, as long as it is remembered.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn request(&self, organization: &str, id: &str) -> Result<Option<CommandResult>, Error> {
        self.row("request", &key(organization, "request", &[id.as_bytes()]))
    }

    /// What a node must know of an environment; token keys are left for the server to fill in.
    ///
    /// # Errors
    /// When the store fails or a row is corrupt.
    pub fn bundle(&self, scope: &Scope) -> Result<Option<Bundle>, Error> {
        bundle::bundle(self, scope)
    }

    fn row<M: Message + Default>(
        &self,
        table: &'static str,
        key: &[u8],
    ) -> Result<Option<M>, Error> {
        self.0
            .get(key)?
            .map(|value| decode(table, &value))
            .transpose()
    }

    fn all<M: Message + Default>(
        &self,
        table: &'static str,
        prefix: &[u8],
    ) -> Result<Vec<M>, Error> {
        let mut found = Vec::new();
        let mut from = Vec::new();
        loop {
            let page = self.0.scan(prefix, &from, PAGE)?;
            for (_, value) in &page {
                found.push(decode(table, value)?);
            }
            match page.into_iter().nth(PAGE - 1) {
                // The least key above the last one.
                Some((last, _)) => from = [last.as_slice(), b"\0"].concat(),
                None => return Ok(found),
            }
        }
    }
}

fn decode<M: Message + Default>(table: &'static str, value: &[u8]) -> Result<M, Error> {
    M::decode(value).map_err(|e| Error::Corrupt {
        table,
        problem: e.to_string(),
    })
}

/// The key of a row of an environment.
pub(crate) fn scoped(table: &str, scope: &Scope, parts: &[&[u8]]) -> Vec<u8> {
    let names = [
        scope.project.as_str().as_bytes(),
        scope.environment.as_str().as_bytes(),
    ];
    key(
        scope.organization.as_str(),
        table,
        &[&names, parts].concat(),
    )
}

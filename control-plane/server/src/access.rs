//! Who is asking, and what that kind of key may call. One table, denied by default; the organization
//! always comes from the credential.

use tonic::metadata::MetadataMap;
use veto_core::{Clock, EnvironmentId, KeyId, OrganizationId, ProjectId};
use veto_identity::KeyKind::{self, Admin, Agent, Ci, Node};
use veto_identity::{ApiKey, ClusterSecret};
use veto_proto::storage::v1::KeyRow;
use veto_raft::Handle;
use veto_wire::metadata;

use crate::Error;

/// RPC → the kinds of key that may call it. No kinds: no credential is asked for.
pub const TABLE: &[(&str, &[KeyKind])] = &[
    ("veto.administration.v1.ClusterService/GetCluster", &[Admin]),
    ("veto.administration.v1.ClusterService/AddMember", &[Admin]),
    (
        "veto.administration.v1.ClusterService/PromoteMember",
        &[Admin],
    ),
    (
        "veto.administration.v1.ClusterService/RemoveMember",
        &[Admin],
    ),
    ("veto.administration.v1.ClusterService/BackUp", &[Admin]),
    (
        "veto.administration.v1.OrganizationService/CreateOrganization",
        &[Admin],
    ),
    (
        "veto.administration.v1.OrganizationService/ListOrganizations",
        &[Admin],
    ),
    (
        "veto.administration.v1.OrganizationService/CreateProject",
        &[Admin],
    ),
    (
        "veto.administration.v1.OrganizationService/ListProjects",
        &[Admin, Ci],
    ),
    (
        "veto.administration.v1.OrganizationService/CreateEnvironment",
        &[Admin],
    ),
    (
        "veto.administration.v1.OrganizationService/ListEnvironments",
        &[Admin, Ci],
    ),
    ("veto.administration.v1.AgentService/PutAgent", &[Admin]),
    (
        "veto.administration.v1.AgentService/ListAgents",
        &[Admin, Ci],
    ),
    ("veto.administration.v1.KeyService/CreateKey", &[Admin]),
    ("veto.administration.v1.KeyService/ListKeys", &[Admin]),
    ("veto.administration.v1.KeyService/RevokeKey", &[Admin]),
    (
        "veto.administration.v1.PolicyService/ValidatePolicies",
        &[Admin, Ci],
    ),
    (
        "veto.administration.v1.PolicyService/PublishPolicies",
        &[Admin, Ci],
    ),
    (
        "veto.administration.v1.PolicyService/ListPolicyVersions",
        &[Admin, Ci],
    ),
    (
        "veto.administration.v1.PolicyService/GetPolicyVersion",
        &[Admin, Ci],
    ),
    (
        "veto.administration.v1.FleetService/ListNodes",
        &[Admin, Ci],
    ),
    (
        "veto.tokens.v1.TokenService/ExchangeKey",
        &[Agent, Node, Ci, Admin],
    ),
    ("veto.tokens.v1.TokenService/GetJwks", &[]),
    ("veto.sync.v1.SyncService/Subscribe", &[Node]),
];

/// Who is asking, as its key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The public id of the key.
    pub key: KeyId,
    /// What the key is for.
    pub kind: KeyKind,
    /// The tenant.
    pub organization: OrganizationId,
    /// The project it is narrowed to.
    pub project: Option<ProjectId>,
    /// The environment it is narrowed to.
    pub environment: Option<EnvironmentId>,
}

impl Caller {
    /// Tells whether the caller reaches what lies at this place; no environment is the whole project,
    /// and no project the whole organization.
    #[must_use]
    pub fn covers(&self, project: Option<&str>, environment: Option<&str>) -> bool {
        let fits = |own: Option<&str>, asked: Option<&str>| own.is_none() || own == asked;
        fits(self.project.as_ref().map(ProjectId::as_str), project)
            && fits(
                self.environment.as_ref().map(EnvironmentId::as_str),
                environment,
            )
    }
}

/// Verifies credentials.
#[derive(Debug)]
pub struct Access {
    /// The state, for the rows of keys.
    pub handle: Handle,
    /// The pepper.
    pub secret: ClusterSecret,
}

impl Access {
    /// Refuses what is no key at all.
    ///
    /// # Errors
    /// CREDENTIAL_MISSING or CREDENTIAL_INVALID.
    pub fn well_formed(&self, metadata: &MetadataMap) -> Result<(), tonic::Status> {
        let parsed = ApiKey::parse(metadata::bearer(metadata)?);
        parsed.map_err(|_| Error::Credential("malformed key"))?;
        Ok(())
    }

    /// Turns the credential of a request into its caller, when the table lets its kind call the RPC.
    ///
    /// # Errors
    /// CREDENTIAL_MISSING, CREDENTIAL_INVALID or PERMISSION_DENIED.
    pub fn caller(
        &self,
        metadata: &MetadataMap,
        rpc: &str,
        clock: &dyn Clock,
    ) -> Result<(Caller, KeyRow), tonic::Status> {
        let row = self.key(metadata::bearer(metadata)?, clock)?;
        let caller = caller(&row)?;
        let kinds = TABLE
            .iter()
            .find(|(name, _)| *name == rpc)
            .map_or(&[][..], |(_, kinds)| kinds);
        if kinds.contains(&caller.kind) {
            return Ok((caller, row));
        }
        Err(Error::NotAllowed {
            kind: caller.kind.as_str(),
        }
        .into())
    }

    /// Tells whether a key that was good before still is.
    pub(crate) fn is_alive(&self, key: &KeyId, clock: &dyn Clock) -> bool {
        let row = self.handle.read(|tables| tables.key(key.as_str()));
        row.is_ok_and(|row| row.is_some_and(|row| alive(&row, clock)))
    }

    fn key(&self, credential: &str, clock: &dyn Clock) -> Result<KeyRow, Error> {
        let key = ApiKey::parse(credential).map_err(|_| Error::Credential("malformed key"))?;
        let row = self.handle.read(|tables| tables.key(key.id.as_str()))?;
        let row = row.ok_or(Error::Credential("unknown key"))?;
        if !self.secret.key_matches(&key, &row.secret_hash) {
            return Err(Error::Credential("wrong secret"));
        }
        if KeyKind::parse(&row.kind) != Some(key.kind) {
            return Err(Error::Credential("another kind"));
        }
        if !alive(&row, clock) {
            return Err(Error::Credential("revoked or expired"));
        }
        Ok(row)
    }
}

fn alive(row: &KeyRow, clock: &dyn Clock) -> bool {
    row.revoked.is_none() && (row.expires_at == 0 || clock.now().0 < row.expires_at)
}

fn caller(row: &KeyRow) -> Result<Caller, Error> {
    let corrupt = |_| Error::Credential("the key's row is corrupt");
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Caller {
        key: KeyId::new(&row.id).map_err(corrupt)?,
        kind: KeyKind::parse(&row.kind).ok_or(Error::Credential("the key's row is corrupt"))?,
        organization: OrganizationId::new(&row.organization).map_err(corrupt)?,
        project: optional(&row.project)
            .map(ProjectId::try_from)
            .transpose()
            .map_err(corrupt)?,
        environment: optional(&row.environment)
            .map(EnvironmentId::try_from)
            .transpose()
            .map_err(corrupt)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;

    use super::*;

    #[test]
    fn every_rpc_of_the_control_plane_has_a_row() {
        let set = prost_types::FileDescriptorSet::decode(veto_proto::DESCRIPTORS).unwrap();
        let mut served = BTreeSet::new();
        for file in set
            .file
            .iter()
            .filter(|file| file.package().starts_with("veto."))
        {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                let others = [
                    "veto.authorization.v1.",
                    "veto.records.v1.",
                    "veto.raft.v1.",
                ];
                if !others.iter().any(|prefix| name.starts_with(prefix)) {
                    served.extend(
                        service
                            .method
                            .iter()
                            .map(|m| format!("{name}/{}", m.name())),
                    );
                }
            }
        }
        let rows: BTreeSet<_> = TABLE.iter().map(|(rpc, _)| (*rpc).to_owned()).collect();
        assert_eq!(served, rows);
    }

    #[test]
    fn a_narrow_key_reaches_its_own_place_alone() {
        let caller = Caller {
            key: KeyId::new("k").unwrap(),
            kind: Admin,
            organization: OrganizationId::new("acme").unwrap(),
            project: Some(ProjectId::new("shop").unwrap()),
            environment: None,
        };
        assert!(caller.covers(Some("shop"), Some("dev")));
        assert!(caller.covers(Some("shop"), None));
        assert!(!caller.covers(Some("other"), Some("dev")));
        assert!(!caller.covers(None, None));
    }
}

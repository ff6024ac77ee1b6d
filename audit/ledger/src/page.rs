//! Page tokens: where the next page begins, bound to who asks and what for.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use veto_core::{Secret, Timestamp};
use veto_proto::records::v1::RecordFilter;

use crate::store::Position;
use crate::{Error, Tenant};

const DOMAIN: &[u8] = b"veto/ledger-page/v1\n";
const PLACE: usize = 16;
const TAG: usize = 32;

/// Seals and opens page tokens with a secret of this ledger.
#[derive(Debug)]
pub struct Sealer(hmac::Key);

impl Sealer {
    /// Derives the key from the ledger's secret.
    #[must_use]
    pub fn new(secret: &Secret<[u8; 32]>) -> Self {
        // The secret signs nothing itself, so that a later use of it can have a key of its own.
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            hmac::sign(&root, DOMAIN).as_ref(),
        ))
    }

    /// Makes the token of the page behind `position`.
    #[must_use]
    pub fn seal(&self, position: Position, tenant: &Tenant, filter: &RecordFilter) -> String {
        let mut token = Vec::with_capacity(PLACE + TAG);
        token.extend_from_slice(&position.time.0.to_be_bytes());
        token.extend_from_slice(&position.arrival.to_be_bytes());
        let tag = hmac::sign(&self.0, &bound(&token, tenant, filter));
        token.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it was not sealed by this ledger for this tenant and filter.
    pub fn open(
        &self,
        token: &str,
        tenant: &Tenant,
        filter: &RecordFilter,
    ) -> Result<Position, Error> {
        let refused = || {
            Error::invalid(
                "page_token",
                "is not of this ledger, credential scope and filter",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (place, tag) = bytes.split_at_checked(PLACE).ok_or_else(refused)?;
        hmac::verify(&self.0, &bound(place, tenant, filter), tag).map_err(|_| refused())?;
        let (time, arrival) = place.split_at(PLACE / 2);
        match (time.try_into(), arrival.try_into()) {
            (Ok(time), Ok(arrival)) => Ok(Position {
                time: Timestamp(i64::from_be_bytes(time)),
                arrival: u64::from_be_bytes(arrival),
            }),
            _ => Err(refused()),
        }
    }
}

/// What the tag vouches for; every part carries its length, so that no two requests read alike.
fn bound(place: &[u8], tenant: &Tenant, filter: &RecordFilter) -> Vec<u8> {
    let optional =
        |part: Option<&str>| part.map_or_else(Vec::new, |text| [b"=", text.as_bytes()].concat());
    let parts: [Vec<u8>; 5] = [
        place.to_vec(),
        tenant.organization.as_str().into(),
        optional(tenant.project.as_ref().map(AsRef::as_ref)),
        optional(tenant.environment.as_ref().map(AsRef::as_ref)),
        filter.encode_to_vec(),
    ];
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(&part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_core::{EnvironmentId, OrganizationId, ProjectId};

    fn tenant(organization: &str, project: Option<&str>, environment: Option<&str>) -> Tenant {
        Tenant {
            organization: OrganizationId::new(organization).unwrap(),
            project: project.map(|p| ProjectId::new(p).unwrap()),
            environment: environment.map(|e| EnvironmentId::new(e).unwrap()),
        }
    }

    #[test]
    fn a_token_opens_for_its_own_request_alone() {
        let sealer = Sealer::new(&Secret::new([7; 32]));
        let position = Position {
            time: Timestamp(-5),
            arrival: 9,
        };
        let (acme, filter) = (tenant("acme", Some("web"), None), RecordFilter::default());
        let token = sealer.seal(position, &acme, &filter);
        assert_eq!(sealer.open(&token, &acme, &filter).unwrap(), position);

        let other_filter = RecordFilter {
            agent: "bot".into(),
            ..RecordFilter::default()
        };
        assert!(sealer.open(&token, &acme, &other_filter).is_err());
        for other in [
            tenant("globex", Some("web"), None),
            tenant("acme", None, None),
            tenant("acme", None, Some("web")),
            tenant("acme", Some("web"), Some("dev")),
        ] {
            assert!(sealer.open(&token, &other, &filter).is_err(), "{other:?}");
        }
        let foreign = Sealer::new(&Secret::new([8; 32]));
        assert!(foreign.open(&token, &acme, &filter).is_err());
    }

    #[test]
    fn a_changed_or_short_token_is_refused() {
        let sealer = Sealer::new(&Secret::new([7; 32]));
        let (acme, filter) = (tenant("acme", None, None), RecordFilter::default());
        let position = Position {
            time: Timestamp(5),
            arrival: 9,
        };
        let token = sealer.seal(position, &acme, &filter);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(
                sealer
                    .open(&URL_SAFE_NO_PAD.encode(changed), &acme, &filter)
                    .is_err()
            );
        }
        for length in 0..bytes.len() {
            let short = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert!(sealer.open(&short, &acme, &filter).is_err());
        }
        assert!(sealer.open("no base64!", &acme, &filter).is_err());
    }
}

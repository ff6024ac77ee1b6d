//! Certificates that name the replicas of a cluster to each other. A replica's certificate carries its
//! cluster and its id as one DNS name; whoever holds the authority's key decides who is a peer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use veto_core::Timestamp;

use crate::Error;

/// What stands behind the names of all peers.
const SUFFIX: &str = ".peer.veto.internal";
const DAYS_OF_AUTHORITY: i64 = 3_650;
/// A clock may be this far behind the one that issued.
const SKEW: Duration = Duration::hours(1);

/// A replica as its certificate names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerName {
    /// The cluster's id: 32 hexadecimal digits.
    pub cluster: String,
    /// The replica's id.
    pub node: u64,
}

impl PeerName {
    /// The DNS name in the certificate.
    #[must_use]
    pub fn dns(&self) -> String {
        format!("n{}.{}{SUFFIX}", self.node, self.cluster)
    }

    /// Reads it back; `None` when it names no replica.
    #[must_use]
    pub fn parse(dns: &str) -> Option<Self> {
        let (node, cluster) = dns
            .strip_suffix(SUFFIX)?
            .strip_prefix('n')?
            .split_once('.')?;
        let name = Self {
            cluster: cluster.to_owned(),
            node: node.parse().ok()?,
        };
        // One name, one text.
        (is_cluster(cluster) && name.dns() == dns).then_some(name)
    }
}

/// Tells whether the text is the id of a cluster.
#[must_use]
pub fn is_cluster(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 32 && text.bytes().all(digit)
}

/// A certificate and its key, as PEM.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its private key, PKCS #8.
    pub key: veto_core::Secret<String>,
}

/// The authority of one cluster: its key, and the name that it issues under.
#[derive(Debug)]
pub struct Authority {
    cluster: String,
    key: KeyPair,
}

impl Authority {
    /// Makes an authority with a key of its own.
    ///
    /// # Errors
    /// [`Error::Authority`] when there is no randomness, or `cluster` is no id.
    pub fn generate(cluster: &str) -> Result<Self, Error> {
        Self::new(cluster, KeyPair::generate().map_err(failed)?)
    }

    /// Takes up an authority by its key, PKCS #8 as PEM.
    ///
    /// # Errors
    /// [`Error::Authority`] when the key cannot be read, or `cluster` is no id.
    pub fn read(cluster: &str, key: &str) -> Result<Self, Error> {
        let key = KeyPair::try_from(unpem("PRIVATE KEY", key)?.as_slice()).map_err(failed)?;
        Self::new(cluster, key)
    }

    fn new(cluster: &str, key: KeyPair) -> Result<Self, Error> {
        if !is_cluster(cluster) {
            let problem = format!("`{cluster}` is not a cluster's id of 32 hexadecimal digits");
            return Err(Error::Authority(problem));
        }
        Ok(Self {
            cluster: cluster.to_owned(),
            key,
        })
    }

    /// The cluster that it issues for.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Its key and a certificate that replicas take as their root.
    ///
    /// # Errors
    /// [`Error::Authority`] when signing fails, which no input causes.
    pub fn root(&self, now: Timestamp) -> Result<Issued, Error> {
        let mut params = self.params()?;
        limit(&mut params, now, DAYS_OF_AUTHORITY)?;
        let root = params.self_signed(&self.key).map_err(failed)?;
        Ok(issued(root.der(), &self.key))
    }

    /// A certificate for a replica, with a new key.
    ///
    /// # Errors
    /// [`Error::Authority`] when there is no randomness.
    pub fn issue(&self, node: u64, now: Timestamp, days: u32) -> Result<Issued, Error> {
        let name = PeerName {
            cluster: self.cluster.clone(),
            node,
        };
        let mut params = CertificateParams::new(vec![name.dns()]).map_err(failed)?;
        params
            .distinguished_name
            .push(DnType::CommonName, format!("veto replica {node}"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        limit(&mut params, now, i64::from(days))?;
        let key = KeyPair::generate().map_err(failed)?;
        let issuer = Issuer::new(self.params()?, &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        Ok(issued(certificate.der(), &key))
    }

    /// What names the authority; the same each time, so that its key alone need be kept.
    fn params(&self) -> Result<CertificateParams, Error> {
        let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
        params
            .distinguished_name
            .push(DnType::CommonName, format!("veto cluster {}", self.cluster));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }
}

fn limit(params: &mut CertificateParams, now: Timestamp, days: i64) -> Result<(), Error> {
    let now = OffsetDateTime::from_unix_timestamp(now.0 / 1_000_000)
        .map_err(|e| Error::Authority(e.to_string()))?;
    let past = || Error::Authority("the validity is out of range".into());
    params.not_before = now.checked_sub(SKEW).ok_or_else(past)?;
    params.not_after = now.checked_add(Duration::days(days)).ok_or_else(past)?;
    Ok(())
}

fn issued(certificate: &[u8], key: &KeyPair) -> Issued {
    Issued {
        certificate: pem("CERTIFICATE", certificate),
        key: veto_core::Secret::new(pem("PRIVATE KEY", &key.serialize_der())),
    }
}

fn failed(error: rcgen::Error) -> Error {
    Error::Authority(error.to_string())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(digit);
    }
    pem + &format!("\n-----END {label}-----\n")
}

fn unpem(label: &str, pem: &str) -> Result<Vec<u8>, Error> {
    let wrong = || Error::Authority(format!("there is no PEM `{label}`"));
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let body = pem.split_once(&begin).ok_or_else(wrong)?.1;
    let body = body.split_once(&end).ok_or_else(wrong)?.0;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "00112233445566778899aabbccddeeff";
    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    #[test]
    fn a_name_reads_back_and_has_one_text_alone() {
        let name = PeerName {
            cluster: CLUSTER.into(),
            node: 7,
        };
        assert_eq!(PeerName::parse(&name.dns()), Some(name.clone()));
        for bad in [
            name.dns().replace("n7", "n07"),
            name.dns().replace("n7", "n"),
            name.dns().replace("00112233", "0011223G"),
            format!("{}.", name.dns()),
            "localhost".to_owned(),
        ] {
            assert_eq!(PeerName::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn an_authority_that_is_read_back_issues_under_the_same_name() {
        let first = Authority::generate(CLUSTER).unwrap();
        let root = first.root(NOW).unwrap();
        let again = Authority::read(CLUSTER, root.key.expose()).unwrap();
        assert_eq!(again.root(NOW).unwrap().key.expose(), root.key.expose());
        let node = again.issue(2, NOW, 30).unwrap();
        assert!(
            node.certificate
                .starts_with("-----BEGIN CERTIFICATE-----\n")
        );
        assert!(Authority::read(CLUSTER, "nothing").is_err());
        assert!(Authority::generate("c1").is_err());
    }
}

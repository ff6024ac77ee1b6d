//! TLS 1.3, both sides with a certificate of the cluster's authority. There is no other way in.

use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use veto_identity::PeerName;

use super::transport::{Handshake, Stream, Transport};
use crate::Error;
use crate::seams::Later;

/// A replica's certificate, its key, and the authority that it trusts.
#[derive(Clone)]
pub struct Credentials {
    name: PeerName,
    accept: TlsAcceptor,
    connect: TlsConnector,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads PEM files.
    ///
    /// # Errors
    /// [`Error::Certificate`] when one cannot be read, or the certificate names no replica.
    pub fn read(authority: &Path, certificate: &Path, key: &Path) -> Result<Self, Error> {
        let chain = certificates(certificate)?;
        let file = key.display();
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|e| Error::Certificate(format!("{file}: {e}")))?;
        let mut roots = RootCertStore::empty();
        for root in certificates(authority)? {
            roots.add(root).map_err(wrong)?;
        }
        let roots = Arc::new(roots);
        let name = name(chain.first())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
                .build()
                .map_err(wrong)?;
        let mut accept = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(wrong)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(wrong)?;
        accept.alpn_protocols = vec![b"h2".to_vec()];
        // Each connection shows its certificate anew.
        accept.send_tls13_tickets = 0;
        let mut connect = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(wrong)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(wrong)?;
        connect.alpn_protocols = vec![b"h2".to_vec()];
        connect.resumption = Resumption::disabled();
        Ok(Self {
            name,
            accept: TlsAcceptor::from(Arc::new(accept)),
            connect: TlsConnector::from(Arc::new(connect)),
        })
    }

    /// The replica that the certificate names.
    #[must_use]
    pub fn name(&self) -> &PeerName {
        &self.name
    }

    /// Takes a connection from a peer, and learns its name from its certificate.
    async fn accept(
        &self,
        tcp: TcpStream,
    ) -> Result<(PeerName, server::TlsStream<TcpStream>), Error> {
        let stream = self.accept.accept(tcp).await.map_err(wrong)?;
        let shown = stream.get_ref().1.peer_certificates();
        let name = name(shown.and_then(<[_]>::first))?;
        Ok((name, stream))
    }

    /// Connects to a peer; its certificate must name the one that is meant.
    async fn connect(
        &self,
        node: u64,
        tcp: TcpStream,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let meant = PeerName {
            cluster: self.name.cluster.clone(),
            node,
        };
        let meant = ServerName::try_from(meant.dns()).map_err(std::io::Error::other)?;
        self.connect.connect(meant, tcp).await
    }
}

/// Mutual TLS over TCP.
#[derive(Debug)]
pub(super) struct Mutual {
    listener: TcpListener,
    credentials: Credentials,
}

impl Mutual {
    pub(super) fn new(listener: TcpListener, credentials: Credentials) -> Self {
        Self {
            listener,
            credentials,
        }
    }
}

impl Transport for Mutual {
    fn name(&self) -> &PeerName {
        self.credentials.name()
    }

    fn accept(&self) -> Later<'_, std::io::Result<Handshake>> {
        Box::pin(async {
            let (tcp, _) = self.listener.accept().await?;
            let _ = tcp.set_nodelay(true);
            let credentials = self.credentials.clone();
            let handshake: Handshake = Box::pin(async move {
                let shown = credentials.accept(tcp).await;
                let (name, stream) = shown.map_err(std::io::Error::other)?;
                Ok((name, Box::new(stream) as Box<dyn Stream>))
            });
            Ok(handshake)
        })
    }

    fn dial(&self, node: u64, address: String) -> Later<'static, std::io::Result<Box<dyn Stream>>> {
        let credentials = self.credentials.clone();
        Box::pin(async move {
            let tcp = TcpStream::connect(&address).await?;
            tcp.set_nodelay(true)?;
            let stream = credentials.connect(node, tcp).await?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |e: &dyn std::fmt::Display| Error::Certificate(format!("{}: {e}", path.display()));
    let found = CertificateDer::pem_file_iter(path).map_err(|e| wrong(&e))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|e| wrong(&e))?;
    if found.is_empty() {
        return Err(wrong(&"no certificate"));
    }
    Ok(found)
}

/// The one replica that a certificate names.
fn name(certificate: Option<&CertificateDer<'_>>) -> Result<PeerName, Error> {
    let nobody = || Error::Certificate("it names no replica".into());
    let certificate = certificate.ok_or_else(nobody)?;
    let certificate = webpki::EndEntityCert::try_from(certificate).map_err(wrong)?;
    let mut names = certificate.valid_dns_names().filter_map(PeerName::parse);
    let name = names.next().ok_or_else(nobody)?;
    if names.next().is_some() {
        return Err(Error::Certificate("it names more than one replica".into()));
    }
    Ok(name)
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Certificate(error.to_string())
}

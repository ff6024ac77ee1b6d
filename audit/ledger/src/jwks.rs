//! The keys that verify tokens: fetched from a control plane, trusted for their signature alone,
//! kept on disk so that a ledger starts when no control plane answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use prost::Message as _;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};
use veto_core::Timestamp;
use veto_identity::{Audience, Claims, TokenVerifier, Trust};
use veto_proto::tokens::v1::token_service_client::TokenServiceClient;
use veto_proto::tokens::v1::{GetJwksRequest, GetJwksResponse};
use veto_wire::{bundle, limits};

use crate::{Error, files};

/// How often the key set is fetched anew.
const REFRESH: Duration = Duration::from_secs(60);
/// How often it is tried while there is none.
const RETRY: Duration = Duration::from_secs(1);
/// How soon a token of an unknown signer may cause another fetch.
const UNKNOWN_SIGNER_REFRESH: Duration = Duration::from_secs(5);
/// How long one control plane may take to answer.
const FETCH_DEADLINE: Duration = Duration::from_secs(2);
/// How long a request waits for a fetch that another one has begun.
const WAIT: Duration = Duration::from_secs(3);
/// Largest key set, in bytes.
const MAX_KEY_SET: usize = 256 * 1024;

const FILE: &str = "key-set.pb";

/// The current keys.
#[derive(Debug)]
pub struct Keys {
    trust: Trust,
    file: PathBuf,
    control_planes: Vec<(String, Channel)>,
    current: ArcSwapOption<Current>,
    /// When the last fetch ended; held while one runs, so that many callers cause one fetch.
    last_fetch: Mutex<Option<Instant>>,
    held: watch::Sender<bool>,
}

#[derive(Debug)]
struct Current {
    message: GetJwksResponse,
    verifier: TokenVerifier,
}

impl Keys {
    /// Takes the kept key set, if there is one that verifies.
    ///
    /// # Errors
    /// [`Error::Config`] when an address is malformed.
    pub fn open(trust: Trust, data_dir: &Path, control_planes: &[String]) -> Result<Self, Error> {
        let connect = |address: &String| -> Result<(String, Channel), Error> {
            let endpoint = Endpoint::from_shared(address.clone())
                .map_err(|e| Error::Config(format!("`control_planes`: `{address}`: {e}")))?;
            let endpoint = endpoint
                .connect_timeout(limits::CONNECT_TIMEOUT)
                .timeout(FETCH_DEADLINE);
            Ok((address.clone(), endpoint.connect_lazy()))
        };
        let keys = Self {
            trust,
            file: data_dir.join(FILE),
            control_planes: control_planes
                .iter()
                .map(connect)
                .collect::<Result<_, _>>()?,
            current: ArcSwapOption::empty(),
            last_fetch: Mutex::new(None),
            held: watch::Sender::new(false),
        };
        match keys.read_kept() {
            Ok(Some(current)) => keys.take(current),
            Ok(None) => {}
            // Not a reason to stay down: a control plane can give a good one.
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    file = %keys.file.display(),
                    "the kept key set is not taken"
                );
            }
        }
        Ok(keys)
    }

    /// Tells whether there are keys to verify with.
    #[must_use]
    pub fn held(&self) -> watch::Receiver<bool> {
        self.held.subscribe()
    }

    /// Verifies a token; one of an unknown signer causes a fetch, at most every 5 s.
    ///
    /// # Errors
    /// [`Error::Credential`], or [`Error::NoKeys`] while there are none.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Error> {
        match self.verify_with_current(token, now) {
            Err(Error::NoKeys | Error::Credential(veto_identity::Error::UnknownSigner(_))) => {}
            other => return other,
        }
        let fetch = self.fetch_unless_within(UNKNOWN_SIGNER_REFRESH);
        match tokio::time::timeout(WAIT, fetch).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no newer key set");
            }
            Err(_) => tracing::warn!("no newer key set in time"),
        }
        self.verify_with_current(token, now)
    }

    /// Keeps the key set fresh; never ends.
    pub async fn keep_fresh(&self) {
        loop {
            // A kept copy is used at once and replaced as soon as a control plane answers.
            let pause = match self.fetch_unless_within(Duration::ZERO).await {
                Ok(()) => REFRESH,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no newer key set");
                    RETRY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn verify_with_current(&self, token: &str, now: Timestamp) -> Result<Claims, Error> {
        let current = self.current.load();
        let current = current.as_ref().ok_or(Error::NoKeys)?;
        Ok(current.verifier.verify(token, now)?)
    }

    /// Fetches, unless that was done within `pause`.
    async fn fetch_unless_within(&self, pause: Duration) -> Result<(), Error> {
        let mut last = self.last_fetch.lock().await;
        if last.is_some_and(|last| last.elapsed() < pause) {
            return Ok(());
        }
        let result = self.fetch().await;
        *last = Some(Instant::now());
        result
    }

    /// Asks the control planes in turn and takes the first key set that verifies.
    async fn fetch(&self) -> Result<(), Error> {
        let mut refused = Error::NoKeys;
        for (address, channel) in &self.control_planes {
            match self.fetch_from(address, channel.clone()).await {
                Ok(current) => {
                    self.keep(&current).await;
                    self.take(current);
                    return Ok(());
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    async fn fetch_from(&self, address: &str, channel: Channel) -> Result<Current, Error> {
        let refused = |problem: String| Error::KeysRefused {
            address: address.into(),
            problem,
        };
        let mut client = TokenServiceClient::new(channel).max_decoding_message_size(MAX_KEY_SET);
        let answer = tokio::time::timeout(FETCH_DEADLINE, client.get_jwks(GetJwksRequest {})).await;
        let answer = answer
            .map_err(|_| refused("no answer in time".into()))?
            .map_err(|status| refused(status.message().to_owned()))?;
        self.verified(answer.into_inner()).map_err(refused)
    }

    /// The only way to a key set that is used: over its signature.
    fn verified(&self, message: GetJwksResponse) -> Result<Current, String> {
        bundle::verify_jwks(&message.jwks_json, &message.signature, &self.trust)
            .map_err(|e| e.to_string())?;
        let verifier =
            TokenVerifier::from_jwks(Audience::Ledger, &self.trust.cluster, &message.jwks_json)
                .map_err(|e| e.to_string())?;
        Ok(Current { message, verifier })
    }

    fn take(&self, current: Current) {
        self.current.store(Some(Arc::new(current)));
        self.held.send_replace(true);
    }

    fn read_kept(&self) -> Result<Option<Current>, Error> {
        let Some(bytes) = files::read(&self.file)? else {
            return Ok(None);
        };
        let refused = |problem: String| Error::KeysRefused {
            address: self.file.display().to_string(),
            problem,
        };
        let message =
            GetJwksResponse::decode(bytes.as_slice()).map_err(|e| refused(e.to_string()))?;
        self.verified(message).map(Some).map_err(refused)
    }

    /// Writes the key set to disk when it changed. A disk that refuses costs the next start without
    /// a control plane, not this one.
    async fn keep(&self, current: &Current) {
        if self
            .current
            .load()
            .as_ref()
            .is_some_and(|held| held.message == current.message)
        {
            return;
        }
        let (file, bytes) = (self.file.clone(), current.message.encode_to_vec());
        let written = tokio::task::spawn_blocking(move || files::replace(&file, &bytes)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the key set is not kept on disk"
                );
            }
            Err(error) => tracing::error!(%error, "the key set is not kept on disk"),
        }
    }
}

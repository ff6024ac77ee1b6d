//! Channels to the servers, with the credential on every call.

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use veto_core::{Entropy as _, OsEntropy};
use veto_proto::authorization::v1::authorization_service_client::AuthorizationServiceClient;
use veto_proto::records::v1::record_service_client::RecordServiceClient;
use veto_proto::tokens::v1::token_service_client::TokenServiceClient;
use veto_proto::tokens::v1::{Audience, ExchangeKeyRequest};
use veto_wire::limits;

use crate::arguments::Global;
use crate::error::Error;
use crate::value;

/// The longest life that a token may have, in seconds.
pub(crate) const LONGEST: u32 = 900;

/// A channel that carries a credential.
pub(crate) type Service = InterceptedService<Channel, Bearer>;

/// Adds the credential to every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Opens a channel to the control plane under the key.
pub(crate) async fn control_plane(global: &Global) -> Result<Service, Error> {
    open("the control plane", &global.control_plane, global.key()?).await
}

/// The agent's token: the given one, or one that the agent's key is exchanged for.
pub(crate) async fn agent_token(global: &Global) -> Result<String, Error> {
    match global.token() {
        Some(token) => Ok(token.to_owned()),
        None => {
            let exchanged = exchange(global, Audience::DataPlane, 0, String::new()).await?;
            Ok(exchanged.0)
        }
    }
}

/// Opens the node's service under the agent's token.
pub(crate) async fn data_plane(
    global: &Global,
) -> Result<AuthorizationServiceClient<Service>, Error> {
    data_plane_under(global, &agent_token(global).await?).await
}

/// The same under this token.
pub(crate) async fn data_plane_under(
    global: &Global,
    token: &str,
) -> Result<AuthorizationServiceClient<Service>, Error> {
    let service = open("the data plane", &global.data_plane, token).await?;
    Ok(AuthorizationServiceClient::new(service))
}

/// Opens the ledger's service under a token that the key is exchanged for.
pub(crate) async fn ledger(global: &Global) -> Result<RecordServiceClient<Service>, Error> {
    ledger_for(global, 0).await
}

/// The same with a token of this lifetime in seconds.
pub(crate) async fn ledger_for(
    global: &Global,
    seconds: u32,
) -> Result<RecordServiceClient<Service>, Error> {
    let (token, _) = exchange(global, Audience::Ledger, seconds, String::new()).await?;
    let service = open("the ledger", &global.ledger, &token).await?;
    Ok(RecordServiceClient::new(service).max_decoding_message_size(limits::BUNDLE_MESSAGE))
}

/// Exchanges the key for a token; gives it with its end in microseconds.
pub(crate) async fn exchange(
    global: &Global,
    audience: Audience,
    lifetime_seconds: u32,
    agent: String,
) -> Result<(String, i64), Error> {
    let mut tokens = TokenServiceClient::new(control_plane(global).await?);
    let request = ExchangeKeyRequest {
        audience: audience.into(),
        lifetime_seconds,
        agent,
    };
    let answer = tokens.exchange_key(request).await?.into_inner();
    Ok((answer.token, answer.expires_at))
}

/// A fresh id, so that a repeated request takes effect once.
pub(crate) fn request_id() -> Result<String, Error> {
    let mut bytes = [0; 16];
    OsEntropy.fill(&mut bytes).map_err(Error::Output)?;
    Ok(value::hex(&bytes))
}

async fn open(part: &str, url: &str, credential: &str) -> Result<Service, Error> {
    let value = format!("Bearer {credential}").parse();
    let bearer = value.map_err(|_| Error::Usage("the credential is not plain text".to_owned()))?;
    let usage = |e| Error::Usage(format!("`{url}` is not the address of {part}: {e}"));
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(usage)?
        .connect_timeout(limits::CONNECT_TIMEOUT)
        .timeout(limits::ADMIN_TIMEOUT);
    let channel = endpoint
        .connect()
        .await
        .map_err(|source| Error::Unreachable {
            server: format!("{part} at {url}"),
            source: Box::new(source),
        })?;
    Ok(InterceptedService::new(channel, Bearer(bearer)))
}

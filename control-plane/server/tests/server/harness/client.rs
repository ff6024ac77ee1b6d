//! A client with a key.

use tonic::metadata::AsciiMetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::agent_service_client::AgentServiceClient;
use veto_proto::administration::v1::cluster_service_client::ClusterServiceClient;
use veto_proto::administration::v1::fleet_service_client::FleetServiceClient;
use veto_proto::administration::v1::key_service_client::KeyServiceClient;
use veto_proto::administration::v1::organization_service_client::OrganizationServiceClient;
use veto_proto::administration::v1::policy_service_client::PolicyServiceClient;
use veto_proto::sync::v1::sync_service_client::SyncServiceClient;
use veto_proto::tokens::v1::token_service_client::TokenServiceClient;
use veto_proto::tokens::v1::{ExchangeKeyRequest, ExchangeKeyResponse};

use super::PATIENCE;

#[derive(Debug, Clone)]
pub(crate) struct Bearer(Option<AsciiMetadataValue>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", value.clone());
        }
        Ok(request)
    }
}

pub(crate) type Service = InterceptedService<Channel, Bearer>;

#[derive(Debug, Clone)]
pub(crate) struct Client(Channel, Bearer);

impl Client {
    /// An empty key is none.
    pub(crate) async fn new(url: &str, key: &str) -> Self {
        let endpoint = Endpoint::from_shared(url.to_owned()).unwrap();
        let channel = endpoint.timeout(PATIENCE).connect().await.unwrap();
        let bearer = (!key.is_empty()).then(|| format!("Bearer {key}").parse().unwrap());
        Self(channel, Bearer(bearer))
    }

    pub(crate) fn service(&self) -> Service {
        InterceptedService::new(self.0.clone(), self.1.clone())
    }

    pub(crate) fn organizations(&self) -> OrganizationServiceClient<Service> {
        OrganizationServiceClient::new(self.service())
    }

    pub(crate) fn agents(&self) -> AgentServiceClient<Service> {
        AgentServiceClient::new(self.service())
    }

    pub(crate) fn keys(&self) -> KeyServiceClient<Service> {
        KeyServiceClient::new(self.service())
    }

    pub(crate) fn policies(&self) -> PolicyServiceClient<Service> {
        PolicyServiceClient::new(self.service())
    }

    pub(crate) fn fleet(&self) -> FleetServiceClient<Service> {
        FleetServiceClient::new(self.service())
    }

    pub(crate) fn tokens(&self) -> TokenServiceClient<Service> {
        TokenServiceClient::new(self.service())
    }

    pub(crate) fn sync(&self) -> SyncServiceClient<Service> {
        SyncServiceClient::new(self.service())
    }

    pub(crate) fn cluster(&self) -> ClusterServiceClient<Service> {
        ClusterServiceClient::new(self.service())
    }

    pub(crate) async fn members(&self) -> Result<api::GetClusterResponse, Status> {
        let answer = self
            .cluster()
            .get_cluster(api::GetClusterRequest {})
            .await?;
        Ok(answer.into_inner())
    }

    /// Makes an organization and gives its admin key.
    pub(crate) async fn create_organization(&self, id: &str) -> String {
        let request = api::CreateOrganizationRequest {
            id: id.into(),
            ..api::CreateOrganizationRequest::default()
        };
        let answer = self.organizations().create_organization(request).await;
        answer.unwrap().into_inner().admin_key
    }

    pub(crate) async fn create_project(&self, id: &str) -> Result<api::Project, Status> {
        let request = api::CreateProjectRequest {
            id: id.into(),
            ..api::CreateProjectRequest::default()
        };
        let answer = self.organizations().create_project(request).await?;
        Ok(answer.into_inner().project.unwrap())
    }

    pub(crate) async fn create_environment(
        &self,
        project: &str,
        id: &str,
    ) -> Result<api::Environment, Status> {
        let request = api::CreateEnvironmentRequest {
            project: project.into(),
            id: id.into(),
            ..api::CreateEnvironmentRequest::default()
        };
        let answer = self.organizations().create_environment(request).await?;
        Ok(answer.into_inner().environment.unwrap())
    }

    /// The environments that the key covers, as `project/id`.
    pub(crate) async fn environments(&self, project: &str) -> Result<Vec<String>, Status> {
        let project = project.into();
        let request = api::ListEnvironmentsRequest { project };
        let answer = self.organizations().list_environments(request).await?;
        let environments = answer.into_inner().environments;
        let name = |e: api::Environment| format!("{}/{}", e.project, e.id);
        Ok(environments.into_iter().map(name).collect())
    }

    pub(crate) async fn put_agent(&self, agent: api::Agent) -> Result<api::Agent, Status> {
        let request = api::PutAgentRequest {
            agent: Some(agent),
            request_id: String::new(),
        };
        let answer = self.agents().put_agent(request).await?;
        Ok(answer.into_inner().agent.unwrap())
    }

    pub(crate) async fn create_key(
        &self,
        request: api::CreateKeyRequest,
    ) -> Result<api::CreateKeyResponse, Status> {
        Ok(self.keys().create_key(request).await?.into_inner())
    }

    pub(crate) async fn list_keys(&self) -> Vec<api::Key> {
        let answer = self.keys().list_keys(api::ListKeysRequest {}).await;
        answer.unwrap().into_inner().keys
    }

    pub(crate) async fn revoke_key(&self, id: &str) -> Result<api::RevokeKeyResponse, Status> {
        let request = api::RevokeKeyRequest {
            id: id.into(),
            reason: "it leaked".into(),
            request_id: String::new(),
        };
        Ok(self.keys().revoke_key(request).await?.into_inner())
    }

    pub(crate) async fn publish(
        &self,
        request: api::PublishPoliciesRequest,
    ) -> Result<api::PublishPoliciesResponse, Status> {
        Ok(self
            .policies()
            .publish_policies(request)
            .await?
            .into_inner())
    }

    /// A version with its files; 0 is the newest.
    pub(crate) async fn version(
        &self,
        scope: Option<api::ScopeRef>,
        version: u64,
    ) -> Result<api::GetPolicyVersionResponse, Status> {
        let request = api::GetPolicyVersionRequest { scope, version };
        Ok(self
            .policies()
            .get_policy_version(request)
            .await?
            .into_inner())
    }

    pub(crate) async fn nodes(
        &self,
        scope: Option<api::ScopeRef>,
    ) -> Result<Vec<api::NodeStatus>, Status> {
        let answer = self
            .fleet()
            .list_nodes(api::ListNodesRequest { scope })
            .await?;
        Ok(answer.into_inner().nodes)
    }

    pub(crate) async fn exchange(
        &self,
        request: ExchangeKeyRequest,
    ) -> Result<ExchangeKeyResponse, Status> {
        Ok(self.tokens().exchange_key(request).await?.into_inner())
    }
}

//! `veto org`: tenants. Making one needs a key of the operators.

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::organization_service_client::OrganizationServiceClient;

use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::{self, Format, Row};

/// What to do with organizations.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an organization and print its first admin key, shown this once
    Create {
        /// Its id
        id: String,
        /// Name to show
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// List organizations: all for operators, else your own
    List,
}

#[derive(Serialize)]
struct Organization {
    id: String,
    display_name: String,
    created: String,
}

#[derive(Serialize)]
struct Created {
    organization: Organization,
    admin_key: String,
}

impl From<pb::Organization> for Organization {
    fn from(organization: pb::Organization) -> Self {
        let created = organization.created.unwrap_or_default();
        Self {
            id: organization.id,
            display_name: organization.display_name,
            created: Timestamp(created.time).to_string(),
        }
    }
}

impl Row for Organization {
    const COLUMNS: &'static [&'static str] = &["ID", "NAME", "CREATED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.display_name.clone(),
            self.created.clone(),
        ]
    }
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    let mut client = OrganizationServiceClient::new(connect::control_plane(global).await?);
    match command {
        Command::Create { id, name } => {
            let request_id = connect::request_id()?;
            let request = pb::CreateOrganizationRequest {
                id,
                display_name: name,
                request_id,
            };
            let answer = client.create_organization(request).await?.into_inner();
            let organization = Organization::from(answer.organization.unwrap_or_default());
            if global.output != Format::Table {
                let admin_key = answer.admin_key;
                return global.output.document(&Created {
                    organization,
                    admin_key,
                });
            }
            eprintln!(
                "organization `{}` made; its admin key, shown this once:",
                organization.id
            );
            output::line(&answer.admin_key)
        }
        Command::List => {
            let answer = client
                .list_organizations(pb::ListOrganizationsRequest {})
                .await?;
            let organizations = answer.into_inner().organizations;
            let rows: Vec<_> = organizations.into_iter().map(Organization::from).collect();
            global.output.rows(&rows)
        }
    }
}

//! `veto project`: the projects of an organization.

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::organization_service_client::OrganizationServiceClient;

use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::Row;

/// What to do with projects.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a project
    Create {
        /// Its id
        id: String,
        /// Name to show
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// List the projects that the key covers
    List,
}

#[derive(Serialize)]
struct Project {
    id: String,
    display_name: String,
    created: String,
}

impl From<pb::Project> for Project {
    fn from(project: pb::Project) -> Self {
        let created = project.created.unwrap_or_default();
        Self {
            id: project.id,
            display_name: project.display_name,
            created: Timestamp(created.time).to_string(),
        }
    }
}

impl Row for Project {
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
            let request = pb::CreateProjectRequest {
                id,
                display_name: name,
                request_id,
            };
            let answer = client.create_project(request).await?.into_inner();
            global
                .output
                .row(&Project::from(answer.project.unwrap_or_default()))
        }
        Command::List => {
            let answer = client
                .list_projects(pb::ListProjectsRequest {})
                .await?
                .into_inner();
            let rows: Vec<_> = answer.projects.into_iter().map(Project::from).collect();
            global.output.rows(&rows)
        }
    }
}

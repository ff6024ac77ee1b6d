//! The key of the only node: made once over the public API, kept in a file of its own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tonic::Request;
use tonic::transport::Endpoint;
use veto_proto::administration::v1::key_service_client::KeyServiceClient;
use veto_proto::administration::v1::{CreateKeyRequest, KeyKind};
use veto_wire::{limits, metadata};

use crate::Error;

/// Gives the file of the node's key; makes the key when there is none yet.
pub(crate) async fn ensure(
    data_dir: &Path,
    control_plane: SocketAddr,
    root_key: &str,
) -> Result<PathBuf, Error> {
    let path = data_dir.join("node.key");
    let failed = |source| Error::File {
        path: path.display().to_string(),
        source,
    };
    if fs::exists(&path).map_err(failed)? {
        return Ok(path);
    }
    let key = create(control_plane, root_key)
        .await
        .map_err(Error::NodeKey)?;
    keep(&path, &key).map_err(failed)?;
    Ok(path)
}

async fn create(
    control_plane: SocketAddr,
    root_key: &str,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let channel = Endpoint::from_shared(format!("http://{control_plane}"))?
        .connect_timeout(limits::CONNECT_TIMEOUT)
        .timeout(limits::ADMIN_TIMEOUT)
        .connect()
        .await?;
    let mut request = Request::new(CreateKeyRequest {
        kind: KeyKind::Node.into(),
        description: "the node of veto dev".to_owned(),
        ..CreateKeyRequest::default()
    });
    metadata::authorize(&mut request, root_key)?;
    let answer = KeyServiceClient::new(channel).create_key(request).await?;
    Ok(answer.into_inner().secret_key)
}

/// Writes the file whole or not at all: half a key would stop every later start.
fn keep(path: &Path, key: &str) -> io::Result<()> {
    let draft = path.with_extension("key.new");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{key}")?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

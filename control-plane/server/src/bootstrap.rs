//! The first minute of a cluster. Each step may be repeated: a crash between any two of them neither
//! loses nor leaks the root key, because it is on the disk before the state knows its hash.

use veto_core::{Clock, Entropy, OrganizationId};
use veto_identity::{ApiKey, ClusterSecret, KeyKind};
use veto_proto::storage::v1::{Bootstrap, Command, KeyRow, command::Change};
use veto_raft::Handle;

use crate::{Config, Error, files};

/// The owner alone may read it.
const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

/// Reads the cluster's secret, or makes it where a cluster may be made.
pub(crate) fn secret(config: &Config, entropy: &dyn Entropy) -> Result<ClusterSecret, Error> {
    let path = config.secret_file();
    if let Some(bytes) = files::read(&path)? {
        let wrong = |_| Error::Config(format!("`{}` is not 32 bytes", path.display()));
        return Ok(ClusterSecret::new(bytes.try_into().map_err(wrong)?));
    }
    if !config.bootstrap {
        return Err(Error::Config(format!(
            "there is no cluster secret at `{}`, and `bootstrap` is false",
            path.display()
        )));
    }
    // A state that is there already is worth nothing under another secret.
    if config.data_dir.join("identity").exists() {
        return Err(Error::Config(format!(
            "there is no cluster secret at `{}`, and `data_dir` is of a cluster that has one",
            path.display()
        )));
    }
    let secret = ClusterSecret::generate(entropy).map_err(files::failed(&path))?;
    files::write(&path, secret.reveal(), SECRET_MODE)?;
    Ok(secret)
}

/// Draws the id of a cluster.
pub(crate) fn draw_id(config: &Config, entropy: &dyn Entropy) -> Result<String, Error> {
    let mut id = [0; 16];
    entropy
        .fill(&mut id)
        .map_err(files::failed(&config.data_dir))?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Gives the cluster's id; makes the cluster where there is none and `bootstrap` says so.
pub(crate) async fn cluster(
    config: &Config,
    handle: &Handle,
    secret: &ClusterSecret,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<String, Error> {
    if let Some(cluster) = handle.read(|tables| tables.cluster())? {
        return Ok(cluster);
    }
    if !config.bootstrap {
        return Err(Error::Config(
            "the state is empty, and `bootstrap` is false".into(),
        ));
    }
    let key = root_key(config, entropy)?;
    let cluster = handle.cluster();
    let row = KeyRow {
        id: key.id.to_string(),
        kind: KeyKind::Admin.as_str().to_owned(),
        secret_hash: secret.hash_key(&key)?.to_vec(),
        description: "root key of the cluster".to_owned(),
        ..KeyRow::default()
    };
    let change = Change::Bootstrap(Bootstrap {
        cluster: cluster.clone(),
        key: Some(row),
    });
    let command = Command {
        actor: "bootstrap".to_owned(),
        time: clock.now().0,
        organization: OrganizationId::SYSTEM.to_owned(),
        change: Some(change),
        ..Command::default()
    };
    let result = handle.propose(command).await?;
    if !result.error_code.is_empty() {
        return Err(Error::Config(result.error_message));
    }
    tracing::info!(cluster, root_key = %key.id, "cluster made");
    Ok(cluster)
}

/// Writes what nodes and ledgers pin.
pub(crate) fn trust(config: &Config, trust: &veto_identity::Trust) -> Result<(), Error> {
    files::write(
        &config.data_dir.join("trust.json"),
        trust.to_json().as_bytes(),
        PUBLIC_MODE,
    )
}

fn root_key(config: &Config, entropy: &dyn Entropy) -> Result<ApiKey, Error> {
    let path = config.data_dir.join("root.key");
    if let Some(bytes) = files::read(&path)? {
        return Ok(ApiKey::parse(String::from_utf8_lossy(&bytes).trim())?);
    }
    let key = ApiKey::generate(KeyKind::Admin, None, entropy).map_err(files::failed(&path))?;
    files::write(&path, key.reveal().as_bytes(), SECRET_MODE)?;
    Ok(key)
}

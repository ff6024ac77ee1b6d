//! What an operator sets: a YAML file, and environment variables over it.

use std::net::SocketAddr;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format as _, Yaml};
use serde::de::DeserializeOwned;

/// More control planes than this are a mistake.
const CONTROL_PLANES: usize = 16;

/// A configuration that is not in order; the text names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {0}")]
pub struct Invalid(pub String);

/// Reads the file, when there is one, and the environment over it. `keys` are the settings that a
/// `VETO_<KEY>` variable may give, since others belong to other programs; an inner setting takes two
/// underscores: `VETO_OTLP__ENDPOINT` for `otlp.endpoint`.
///
/// # Errors
/// [`Invalid`] when either has an error.
pub fn load<C: DeserializeOwned>(file: Option<&Path>, keys: &[&str]) -> Result<C, Invalid> {
    let mut figment = Figment::new();
    if let Some(path) = file {
        figment = figment.merge(Yaml::file_exact(path));
    }
    let environment = Env::prefixed("VETO_").map(|key| key.as_str().replace("__", ".").into());
    figment = figment.merge(environment.only(keys));
    figment.extract().map_err(|e| Invalid(e.to_string()))
}

/// Refuses an address that others can reach, unless it is said out loud that the network is trusted.
///
/// # Errors
/// [`Invalid`] names the key.
pub fn check_listen(key: &str, listen: SocketAddr, allow_plaintext: bool) -> Result<(), Invalid> {
    if listen.ip().is_loopback() || allow_plaintext {
        return Ok(());
    }
    Err(Invalid(format!(
        "`{key}` {listen} is not loopback: credentials would travel in the clear; put TLS in front \
         and set `allow_plaintext: true`"
    )))
}

/// Refuses what is not the address of a server.
///
/// # Errors
/// [`Invalid`] names the key.
pub fn check_address(key: &str, address: &str) -> Result<(), Invalid> {
    match address.parse::<tonic::transport::Uri>() {
        Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() => Ok(()),
        Ok(_) | Err(_) => Err(Invalid(format!(
            "`{key}`: `{address}` is not `http://host:port`"
        ))),
    }
}

/// Refuses a list that is not 1 to 16 addresses of control planes.
///
/// # Errors
/// [`Invalid`] names `control_planes`.
pub fn check_control_planes(addresses: &[String]) -> Result<(), Invalid> {
    if addresses.is_empty() || addresses.len() > CONTROL_PLANES {
        return Err(Invalid(format!(
            "`control_planes` needs 1 to {CONTROL_PLANES} addresses"
        )));
    }
    addresses
        .iter()
        .try_for_each(|address| check_address("control_planes", address))
}

/// Refuses a data directory without a name.
///
/// # Errors
/// [`Invalid`] names `data_dir`.
pub fn check_data_dir(path: &Path) -> Result<(), Invalid> {
    if path.as_os_str().is_empty() {
        return Err(Invalid("`data_dir` is empty".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        listen: SocketAddr,
    }

    fn read(text: &str) -> Result<Sample, Invalid> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        load(Some(file.path()), &["listen"])
    }

    #[test]
    fn unknown_keys_wrong_values_and_missing_files_are_named() {
        assert!(read("listen: 127.0.0.1:1\n").is_ok());
        assert!(
            read("lissten: 127.0.0.1:1\n")
                .unwrap_err()
                .0
                .contains("lissten")
        );
        assert!(read("listen: nowhere\n").unwrap_err().0.contains("listen"));
        assert!(load::<Sample>(Some(Path::new("/nonexistent.yaml")), &[]).is_err());
    }

    #[test]
    fn an_open_address_must_be_said_out_loud() {
        let open = "0.0.0.0:1".parse().unwrap();
        assert!(
            check_listen("listen", open, false)
                .unwrap_err()
                .0
                .contains("listen")
        );
        assert!(check_listen("listen", open, true).is_ok());
        assert!(check_listen("listen", "127.0.0.1:1".parse().unwrap(), false).is_ok());
    }

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        let check = |address: &str| check_control_planes(&[address.to_owned()]);
        assert!(check("http://cp:7700").is_ok());
        for bad in ["cp:7700", "https://cp:7700", "", "http://"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check_control_planes(&[]).is_err());
    }
}

//! The last good bundles on the disk, so that a node starts without a control plane.
//!
//! What is read is verified like what comes over the wire. A file that does not verify, stands under
//! another name, or is older than its floor is put aside, and the scope has no bundle until the
//! control plane sends one.
//!
//! INVARIANT (revision-floor): a revision is on the disk, in its bundle or as floor, before it decides
//! its first call; the floor is there before the bundle is removed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use sha2::{Digest as _, Sha256};
use veto_core::{Revision, Scope};
use veto_identity::Trust;
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1 as proto;
use veto_wire::bundle::{self, VerifiedBundle};
use veto_wire::status::Coded as _;

use crate::{Error, file};

const BUNDLE: &str = "bundle";
const FLOOR: &str = "floor";
const HEARTBEAT: &str = "heartbeat";

/// The directory of last good bundles.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    directory: PathBuf,
}

/// What a cache holds.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The bundles that verified.
    pub(crate) bundles: Vec<VerifiedBundle>,
    /// The highest revision that each scope ever held.
    pub(crate) floors: HashMap<Scope, Revision>,
    /// Scopes whose floor on the disk is lower than that.
    pub(crate) raised: HashSet<Scope>,
    /// The newest headers that were kept; not verified yet.
    pub(crate) heartbeat: proto::Heartbeat,
}

impl Cache {
    /// Opens the directory; makes it when there is none.
    pub(crate) fn open(directory: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&directory).map_err(Error::storage(&directory))?;
        Ok(Self { directory })
    }

    /// Reads and verifies everything.
    pub(crate) fn load(&self, trust: &Trust) -> Result<Loaded, Error> {
        let mut loaded = Loaded::default();
        let mut candidates = Vec::new();
        let failed = || Error::storage(&self.directory);
        for entry in fs::read_dir(&self.directory).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            match path.extension().and_then(|e| e.to_str()) {
                Some(BUNDLE) => candidates.push(path),
                Some(FLOOR) => read_floor(&path, trust, &mut loaded.floors)?,
                _ => {}
            }
        }
        for path in candidates {
            self.load_bundle(&path, trust, &mut loaded)?;
        }
        loaded.heartbeat = self.load_heartbeat()?;
        Ok(loaded)
    }

    fn load_bundle(&self, path: &Path, trust: &Trust, to: &mut Loaded) -> Result<(), Error> {
        let Some(bytes) = file::read(path)? else {
            return Ok(());
        };
        let bundle = match verified(&bytes, trust) {
            Ok(bundle) => bundle,
            Err(error) => return refuse(path, &error),
        };
        let scope = bundle.scope().clone();
        let offered = bundle.revision();
        let known = to.floors.get(&scope).copied();
        // What verified was held once, so it is a floor even where its file is refused.
        if known.is_none_or(|floor| floor < offered) {
            to.floors.insert(scope.clone(), offered);
            to.raised.insert(scope.clone());
        }
        if self.path(&scope, BUNDLE) != path {
            let problem = format!("bundle of {scope} under another name");
            return refuse(path, &bundle::Error::Corrupt(problem).into());
        }
        match known {
            Some(floor) if offered < floor => refuse(path, &Error::Rollback { offered, floor }),
            None if self
                .path(&scope, FLOOR)
                .with_extension("floor.refused")
                .exists() =>
            {
                refuse(
                    path,
                    &bundle::Error::Corrupt("its floor is damaged".into()).into(),
                )
            }
            Some(_) | None => {
                to.bundles.push(bundle);
                Ok(())
            }
        }
    }

    fn load_heartbeat(&self) -> Result<proto::Heartbeat, Error> {
        let path = self.directory.join(HEARTBEAT);
        let bytes = file::read(&path)?.unwrap_or_default();
        Ok(
            proto::Heartbeat::decode(bytes.as_slice()).unwrap_or_else(|error| {
                // Not believed, not needed: the bundles are then as fresh as their own headers say.
                tracing::warn!(path = %path.display(), %error, "kept heartbeat is damaged");
                proto::Heartbeat::default()
            }),
        )
    }

    /// Keeps a bundle.
    pub(crate) fn store(&self, bundle: &VerifiedBundle) -> Result<(), Error> {
        let bytes = bundle.signed().encode_to_vec();
        file::replace(&self.path(bundle.scope(), BUNDLE), &bytes)
    }

    /// Keeps the highest revision that a scope ever held.
    pub(crate) fn store_floor(
        &self,
        scope: &Scope,
        floor: Revision,
        trust: &Trust,
    ) -> Result<(), Error> {
        let text = floor_text(floor, &scope.to_string(), &trust.cluster);
        file::replace(&self.path(scope, FLOOR), text.as_bytes())
    }

    /// Keeps the newest headers, in one file for all scopes.
    pub(crate) fn store_heartbeat(&self, heartbeat: &proto::Heartbeat) -> Result<(), Error> {
        file::replace(&self.directory.join(HEARTBEAT), &heartbeat.encode_to_vec())
    }

    /// Forgets a bundle; its floor stays.
    pub(crate) fn remove(&self, scope: &Scope) -> Result<(), Error> {
        file::remove(&self.path(scope, BUNDLE))
    }

    /// `+` stands in no name, so two scopes never share a file.
    fn path(&self, scope: &Scope, extension: &str) -> PathBuf {
        let (organization, project) = (&scope.organization, &scope.project);
        self.directory.join(format!(
            "{organization}+{project}+{}.{extension}",
            scope.environment
        ))
    }
}

fn verified(bytes: &[u8], trust: &Trust) -> Result<VerifiedBundle, Error> {
    let signed =
        storage::SignedBundle::decode(bytes).map_err(|e| bundle::Error::Corrupt(e.to_string()))?;
    Ok(VerifiedBundle::verify(signed, trust)?)
}

fn refuse(path: &Path, error: &Error) -> Result<(), Error> {
    tracing::error!(
        path = %path.display(), code = error.code().as_str(), %error,
        "kept bundle is refused; its environment is not served until it is synced"
    );
    file::put_aside(path)
}

/// One line: revision, scope, cluster, and a digest of them, so that damage is not taken for a number.
fn floor_text(floor: Revision, scope: &str, cluster: &str) -> String {
    let line = format!("{floor} {scope} {cluster}");
    let digest = Sha256::digest(&line);
    let digest: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{line} {digest}\n")
}

struct Floor<'a> {
    revision: Revision,
    scope: Scope,
    cluster: &'a str,
}

fn parse_floor(text: &str) -> Option<Floor<'_>> {
    let mut words = text.split(' ');
    let revision = Revision(words.next()?.parse().ok()?);
    let (scope, cluster) = (words.next()?, words.next()?);
    let mut names = scope.split('/');
    let message = storage::Scope {
        organization: names.next()?.to_owned(),
        project: names.next()?.to_owned(),
        environment: names.next()?.to_owned(),
    };
    let intact = floor_text(revision, scope, cluster) == text;
    intact.then_some(Floor {
        revision,
        scope: bundle::scope(&message)?,
        cluster,
    })
}

/// A floor of another cluster says nothing: its revisions count something else.
fn read_floor(
    path: &Path,
    trust: &Trust,
    floors: &mut HashMap<Scope, Revision>,
) -> Result<(), Error> {
    let bytes = file::read(path)?.unwrap_or_default();
    let Some(floor) = std::str::from_utf8(&bytes).ok().and_then(parse_floor) else {
        tracing::error!(path = %path.display(), "revision floor is damaged");
        return file::put_aside(path);
    };
    if floor.cluster == trust.cluster {
        let known = floors.entry(floor.scope).or_default();
        *known = floor.revision.max(*known);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_reads_back_and_no_damage_is_taken_for_a_number() {
        let text = floor_text(Revision(42), "acme/shop/dev", "c-1");
        let floor = parse_floor(&text).unwrap();
        assert_eq!((floor.revision, floor.cluster), (Revision(42), "c-1"));
        assert_eq!(floor.scope.to_string(), "acme/shop/dev");
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(parse_floor(&changed).is_none(), "{changed}");
            assert!(parse_floor(&text[..position]).is_none());
        }
    }
}

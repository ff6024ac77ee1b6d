//! Collects policy files of a directory. Tests (`*_test.yaml`) live beside policies and are none.

use std::io;
use std::path::{Path, PathBuf};

use veto_policy::Source;

use crate::error::Error;

/// Deeper than this is a loop of links, or a mistake.
const MAX_DEPTH: usize = 16;

/// Reads the policy files, sorted by path; paths are relative to the directory and use `/`.
pub(super) fn read(root: &Path) -> Result<Vec<Source>, Error> {
    let mut paths = Vec::new();
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source: io::Error| Error::File { path, source }
    };
    let is_file = std::fs::metadata(root).map_err(failed(root))?.is_file();
    let base = if is_file {
        root.parent().unwrap_or(root)
    } else {
        root
    };
    if is_file {
        paths.push(root.to_owned());
    } else {
        collect(root, MAX_DEPTH, is_policy, &mut paths).map_err(failed(root))?;
    }
    if paths.is_empty() {
        return Err(Error::Usage(format!(
            "`{}` holds no *.yaml file",
            root.display()
        )));
    }
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(failed(path))?;
        Ok(Source {
            path: relative(path, base),
            text,
        })
    };
    paths.iter().map(read).collect()
}

/// The paths of all files of the language, tests too, each once: files as they are named, and those of directories.
pub(super) fn everything(roots: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for root in roots {
        let failed = |source| Error::File {
            path: root.display().to_string(),
            source,
        };
        if std::fs::metadata(root).map_err(failed)?.is_dir() {
            collect(root, MAX_DEPTH, is_yaml, &mut paths).map_err(failed)?;
        } else {
            paths.push(root.clone());
        }
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn collect(
    directory: &Path,
    depth: usize,
    wanted: fn(&str) -> bool,
    paths: &mut Vec<PathBuf>,
) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("directories are nested too deeply"));
    }
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, depth - 1, wanted, paths)?;
        } else if wanted(&name) {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_policy(name: &str) -> bool {
    stem(name).is_some_and(|stem| !stem.ends_with("_test"))
}

fn is_yaml(name: &str) -> bool {
    stem(name).is_some()
}

fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
}

fn relative(path: &Path, base: &Path) -> String {
    let parts = path.strip_prefix(base).unwrap_or(path).components();
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_folders_and_tests_are_left_out() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("finance/.git")).unwrap();
        for name in [
            "b.yaml",
            "finance/a.yml",
            "finance/a_test.yaml",
            "notes.md",
            "finance/.git/x.yaml",
        ] {
            std::fs::write(root.path().join(name), "text").unwrap();
        }
        let paths: Vec<_> = read(root.path())
            .unwrap()
            .into_iter()
            .map(|s| s.path)
            .collect();
        assert_eq!(paths, ["b.yaml", "finance/a.yml"]);
    }

    #[test]
    fn a_directory_without_policies_is_a_mistake() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(read(root.path()), Err(Error::Usage(_))));
        assert!(matches!(
            read(&root.path().join("none")),
            Err(Error::File { .. })
        ));
    }
}

//! Collects policy files of a directory, and its suites of tests: `*_test.yaml`, which live beside policies and are none.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use veto_policy::Source;

use crate::error::Error;

/// Deeper than this is a loop of links, or a mistake.
const MAX_DEPTH: usize = 16;

/// Read of one file at most. The checker refuses much less, and says so better.
const MAX_BYTES: u64 = 8 << 20;

/// Reads the policy files, sorted by path; paths are relative to the directory and use `/`.
pub(super) fn read(root: &Path) -> Result<Vec<Source>, Error> {
    let found = read_all(root, is_policy)?;
    if found.is_empty() {
        let message = format!("`{}` holds no policy: no *.yaml file", root.display());
        return Err(Error::Usage(message));
    }
    Ok(found)
}

/// Reads the suites of tests in the same way; there may be none.
pub(super) fn suites(root: &Path) -> Result<Vec<Source>, Error> {
    read_all(root, is_suite)
}

/// Tells whether a path names a file of tests.
pub(super) fn is_suite_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_suite(&name) && path.is_file()
}

fn read_all(root: &Path, wanted: fn(&str) -> bool) -> Result<Vec<Source>, Error> {
    let mut paths = Vec::new();
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source: io::Error| Error::File { path, source }
    };
    let is_file = std::fs::metadata(root).map_err(failed(root))?.is_file();
    let mut base = root;
    if !is_file {
        collect(root, MAX_DEPTH, wanted, &mut paths).map_err(failed(root))?;
    } else if is_suite_file(root) == wanted("a_test.yaml") {
        // Whatever a file is called that somebody names, it is a policy unless it is a suite.
        base = root.parent().unwrap_or(root);
        paths.push(root.to_owned());
    }
    paths.sort();
    let read = |path: &PathBuf| {
        let text = text(path).map_err(failed(path))?;
        Ok(Source {
            path: relative(path, base),
            text,
        })
    };
    paths.iter().map(read).collect()
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        let message = format!("it has more than {MAX_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
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

fn is_suite(name: &str) -> bool {
    stem(name).is_some_and(|stem| stem.ends_with("_test"))
}

fn is_yaml(name: &str) -> bool {
    stem(name).is_some()
}

fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
}

fn relative(path: &Path, base: &Path) -> String {
    with_slashes(path.strip_prefix(base).unwrap_or(path))
}

/// A path as policies are named by, on every system.
pub(super) fn with_slashes(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
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
        let tests = suites(root.path()).unwrap();
        assert_eq!(tests.len(), 1);
        assert_eq!(tests[0].path, "finance/a_test.yaml");
        let file = root.path().join("finance/a_test.yaml");
        assert!(matches!(read(&file), Err(Error::Usage(_))));
        assert_eq!(suites(&file).unwrap()[0].path, "a_test.yaml");
    }

    #[test]
    fn a_file_beyond_measure_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.yaml");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(read(root.path()), Err(Error::File { .. })));
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

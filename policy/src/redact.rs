//! Hides parts of arguments that records must not keep.

use serde_json::Value;

use crate::arguments::Arguments;
use crate::compile::Path;

/// What stands in the place of a value that is not kept.
pub const REDACTED: &str = "[redacted]";

/// Paths of arguments that are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction(Vec<Path>);

impl Redaction {
    /// Adds paths; each counts once.
    pub(crate) fn add(&mut self, paths: &[Path]) {
        for path in paths {
            if !self.0.contains(path) {
                self.0.push(path.clone());
            }
        }
    }

    /// Brings the paths into one order, whatever the order of the rules.
    pub(crate) fn sort(&mut self) {
        self.0.sort();
    }

    /// Tells whether everything is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The arguments with [`REDACTED`] in the place of each value that is not kept. A path goes through
    /// every entry of a list on its way.
    #[must_use]
    pub fn apply(&self, arguments: &Arguments) -> Arguments {
        let mut map = arguments.as_map().clone();
        for path in &self.0 {
            if let Some((first, rest)) = path.split_first()
                && let Some(value) = map.get_mut(&**first)
            {
                hide(value, rest);
            }
        }
        Arguments::from_map(map)
    }

    /// Tells whether a JSON Pointer (RFC 6901) leads into, or around, a value that is not kept.
    #[must_use]
    pub fn covers(&self, pointer: &str) -> bool {
        let steps: Vec<_> = pointer
            .split('/')
            .skip(1)
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            // Places in lists are no part of a path.
            .filter(|step| step.parse::<usize>().is_err())
            .collect();
        let meets = |path: &Path| {
            path.iter()
                .filter(|step| step.parse::<usize>().is_err())
                .zip(&steps)
                .all(|(a, b)| **a == **b)
        };
        self.0.iter().any(meets)
    }
}

fn hide(value: &mut Value, path: &[Box<str>]) {
    let Some((first, rest)) = path.split_first() else {
        *value = Value::String(REDACTED.to_owned());
        return;
    };
    match value {
        Value::Object(map) => {
            if let Some(value) = map.get_mut(&**first) {
                hide(value, rest);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| hide(value, path)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction(paths: &[&str]) -> Redaction {
        let path = |path: &&str| path.split('/').map(Box::from).collect();
        Redaction(paths.iter().map(path).collect())
    }

    #[test]
    fn what_is_named_is_hidden_and_the_rest_is_kept() {
        let arguments = Arguments::parse(
            r#"{"body":"x","to":{"ssn":1,"name":"a"},"all":[{"pin":1},{"pin":2}]}"#,
        )
        .unwrap();
        let kept =
            redaction(&["body", "to/ssn", "all/pin", "none", "to/name/deep"]).apply(&arguments);
        assert_eq!(
            kept.canonical(),
            r#"{"all":[{"pin":"[redacted]"},{"pin":"[redacted]"}],"body":"[redacted]","to":{"name":"a","ssn":"[redacted]"}}"#
        );
    }

    #[test]
    fn a_pointer_meets_a_path_above_and_below_it() {
        let redaction = redaction(&["to/ssn"]);
        for (pointer, covered) in [
            ("/to", true),
            ("/to/ssn", true),
            ("/to/ssn/deep", true),
            ("/to/0/ssn", true),
            ("/to/name", false),
            ("/body", false),
        ] {
            assert_eq!(redaction.covers(pointer), covered, "{pointer}");
        }
    }
}

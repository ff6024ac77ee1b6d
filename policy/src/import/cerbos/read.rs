//! Reads the documents of Cerbos that matter here.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::import::{Imported, line};
use crate::source::tree::{Node, NodeValue};
use crate::source::{self, Source};

/// Names with what they stand for, some of them kept elsewhere.
#[derive(Debug, Default)]
pub(super) struct Names<T> {
    imports: Vec<String>,
    local: BTreeMap<String, T>,
}

impl<T: Clone> Names<T> {
    /// All names, with those that are imported.
    pub(super) fn all(
        &self,
        exports: &BTreeMap<String, BTreeMap<String, T>>,
    ) -> Result<BTreeMap<String, T>, String> {
        let mut all = BTreeMap::new();
        for import in &self.imports {
            let found = exports.get(import);
            let found =
                found.ok_or_else(|| format!("the import `{import}` is not among the files"))?;
            all.extend(found.clone());
        }
        all.extend(self.local.clone());
        Ok(all)
    }
}

/// What files export for others.
#[derive(Debug, Default)]
pub(super) struct Exports {
    pub(super) constants: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) variables: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) derived: BTreeMap<String, Derived>,
}

/// A set of derived roles.
#[derive(Debug, Default)]
pub(super) struct Derived {
    pub(super) constants: Names<Value>,
    pub(super) variables: Names<String>,
    pub(super) roles: BTreeMap<String, DerivedRole>,
}

/// A role that follows from others.
#[derive(Debug, Default)]
pub(super) struct DerivedRole {
    pub(super) parents: Vec<String>,
    pub(super) condition: Option<Value>,
}

/// A resource policy.
#[derive(Debug, Default)]
pub(super) struct Resource {
    pub(super) line: u32,
    pub(super) kind: String,
    pub(super) version: String,
    pub(super) description: String,
    pub(super) derived: Vec<String>,
    pub(super) constants: Names<Value>,
    pub(super) variables: Names<String>,
    pub(super) schemas: bool,
    pub(super) rules: Vec<Rule>,
}

/// A rule of a resource policy.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) actions: Vec<String>,
    pub(super) effect: &'static str,
    pub(super) roles: Vec<String>,
    pub(super) derived: Vec<String>,
    pub(super) condition: Option<Value>,
    pub(super) output: bool,
}

/// Reads the documents of a file.
pub(super) fn file(
    source: &Source,
    exports: &mut Exports,
    all: &mut Vec<(String, Resource)>,
    imported: &mut Imported,
) {
    let nodes = match source::read(source) {
        Ok(nodes) => nodes,
        Err(found) => {
            let reason = format!("the file cannot be read: {}", found.message);
            return imported.unmapped("(the file)", &source.path, found.line, reason);
        }
    };
    for node in &nodes {
        let at = line(source, node);
        match document(source, node, exports) {
            Ok(Some(resource)) => all.push((source.path.clone(), resource)),
            Ok(None) => {}
            Err((what, reason)) => imported.unmapped(&what, &source.path, at, reason),
        }
    }
}

/// Reads one document; the error says what it is and why it is left out.
fn document(
    source: &Source,
    node: &Node,
    exports: &mut Exports,
) -> Result<Option<Resource>, (String, String)> {
    let all = node.to_json();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
    let part = |name: &str| all.get(name).filter(|value| value.is_object());
    if text(all.get("apiVersion")) != "api.cerbos.dev/v1" {
        let reason = "its `apiVersion` is not `api.cerbos.dev/v1`".to_owned();
        return Err(("(a document)".to_owned(), reason));
    }
    if all.get("disabled") == Some(&Value::Bool(true)) {
        return Err(("(a document)".to_owned(), "it is disabled".to_owned()));
    }
    if let Some(constants) = part("exportConstants") {
        let values = map(constants.get("definitions"), |value| Some(value.clone()));
        exports
            .constants
            .insert(text(constants.get("name")), values);
        return Ok(None);
    }
    if let Some(variables) = part("exportVariables") {
        let values = map(variables.get("definitions"), |value| {
            value.as_str().map(str::to_owned)
        });
        exports
            .variables
            .insert(text(variables.get("name")), values);
        return Ok(None);
    }
    if let Some(derived) = part("derivedRoles") {
        exports
            .derived
            .insert(text(derived.get("name")), self::derived(derived));
        return Ok(None);
    }
    let Some(policy) = part("resourcePolicy") else {
        let kinds = ["principalPolicy", "rolePolicy"];
        let kind = kinds
            .iter()
            .find(|kind| part(kind).is_some())
            .unwrap_or(&"(a document)");
        let reason = "only resource policies have a counterpart".to_owned();
        return Err(((*kind).to_owned(), reason));
    };
    let kind = text(policy.get("resource"));
    let scope = text(policy.get("scope"));
    if !scope.is_empty() {
        let reason = format!("it holds in the scope `{scope}`; Veto has environments instead");
        return Err((kind, reason));
    }
    let (constants, mut variables) = names(policy);
    if let Some(old) = all.get("variables") {
        let old = map(Some(old), |value| value.as_str().map(str::to_owned));
        variables.local.extend(old);
    }
    let rules = node.at("/resourcePolicy/rules");
    let mut resource = Resource {
        line: line(source, node),
        version: text(policy.get("version")),
        description: text(all.get("description")),
        derived: texts(policy.get("importDerivedRoles")),
        schemas: policy.get("schemas").is_some(),
        constants,
        variables,
        kind,
        rules: Vec::new(),
    };
    if let NodeValue::List(nodes) = &rules.value {
        for (at, node) in nodes.iter().enumerate() {
            let rule = rule(source, node, &format!("{}-{}", resource.kind, at + 1));
            resource.rules.push(rule);
        }
    }
    Ok(Some(resource))
}

fn rule(source: &Source, node: &Node, name: &str) -> Rule {
    let all = node.to_json();
    let named = all.get("name").and_then(Value::as_str);
    Rule {
        line: line(source, node),
        name: named.unwrap_or(name).to_owned(),
        actions: texts(all.get("actions")),
        // Anything but an allow is no allow.
        effect: match all.get("effect").and_then(Value::as_str) {
            Some("EFFECT_ALLOW") => "allow",
            _ => "deny",
        },
        roles: texts(all.get("roles")),
        derived: texts(all.get("derivedRoles")),
        condition: all.get("condition").cloned(),
        output: all.get("output").is_some(),
    }
}

fn derived(value: &Value) -> Derived {
    let (constants, variables) = names(value);
    let definitions = value.get("definitions").and_then(Value::as_array);
    let role = |role: &Value| {
        let parents = texts(role.get("parentRoles"));
        let condition = role.get("condition").cloned();
        let name = role.get("name")?.as_str()?.to_owned();
        Some((name, DerivedRole { parents, condition }))
    };
    Derived {
        constants,
        variables,
        roles: definitions.into_iter().flatten().filter_map(role).collect(),
    }
}

/// The constants and variables of a policy.
fn names(value: &Value) -> (Names<Value>, Names<String>) {
    let part = |name: &str, key: &str| value.get(name).and_then(|part| part.get(key));
    (
        Names {
            imports: texts(part("constants", "import")),
            local: map(part("constants", "local"), |value| Some(value.clone())),
        },
        Names {
            imports: texts(part("variables", "import")),
            local: map(part("variables", "local"), |v| {
                v.as_str().map(str::to_owned)
            }),
        },
    )
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn map<T>(value: Option<&Value>, read: impl Fn(&Value) -> Option<T>) -> BTreeMap<String, T> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), read(value)?)))
        .collect()
}

//! Reads a pack: what its schema (policy IR 1.0) takes, and what it refuses.

use serde_json::Value;

use super::condition::Condition;
use super::scalar;
use crate::import::line;
use crate::source::tree::{Key, Node, NodeValue};
use crate::source::{self, Source};

/// A pack as read.
#[derive(Debug, Default)]
pub(super) struct Pack {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) extends: Option<String>,
    pub(super) settings: Option<u32>,
    pub(super) rules: Vec<Rule>,
    pub(super) output_rules: Vec<Output>,
}

/// A rule about the output of tools.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) id: String,
    pub(super) line: u32,
}

/// A rule about calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) enabled: bool,
    pub(super) severity: String,
    pub(super) action: String,
    /// None: all tools.
    pub(super) tools: Option<Vec<String>>,
    pub(super) agents: Option<Agents>,
    pub(super) conditions: Vec<Condition>,
    pub(super) groups: Vec<Vec<Condition>>,
    /// It looks at earlier calls.
    pub(super) history: bool,
    pub(super) controls: Vec<String>,
}

/// To whom a rule applies.
#[derive(Debug, Clone)]
pub(super) enum Agents {
    Only(Vec<String>),
    Not(Vec<String>),
}

const ACTIONS: &[&str] = &["block", "warn", "log", "allow", "require_approval"];
const SEVERITIES: &[&str] = &["critical", "high", "medium", "low", "info"];
const OPERATORS: &[&str] = &[
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "greater_than",
    "less_than",
    "length_greater_than",
    "in",
    "not_in",
    "outside_hours",
    "within_hours",
];
const RULE: &[&str] = &[
    "id",
    "name",
    "description",
    "enabled",
    "severity",
    "action",
    "tools",
    "agents",
    "conditions",
    "condition_groups",
    "blocked_by",
    "requires",
    "tags",
    "metadata",
];

/// Why the SDK would not load the file either, and where.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) line: u32,
    pub(super) reason: String,
}

type Result<T> = std::result::Result<T, Refused>;

/// Reads the pack in a source.
pub(super) fn pack(source: &Source) -> Result<Pack> {
    let nodes = source::read(source).map_err(|found| Refused {
        line: found.line,
        reason: format!("the file cannot be read: {}", found.message),
    })?;
    let reader = Reader { source };
    let [node] = &*nodes else {
        let reason = "the SDK skips files with several documents".to_owned();
        return Err(Refused { line: 1, reason });
    };
    let known = [
        "version",
        "name",
        "description",
        "extends",
        "rules",
        "output_rules",
        "settings",
    ];
    let fields = reader.fields(node, "a pack", &known)?;
    let get = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|f| &f.1)
    };
    match get("version").and_then(|node| scalar::read(&source.text, node)) {
        Some(Value::String(version)) if version == "1.0" => {}
        _ => return Err(reader.refuse(node, "its `version` is not the text \"1.0\"")),
    }
    if ["rules", "output_rules", "extends"]
        .iter()
        .all(|name| get(name).is_none())
    {
        return Err(reader.refuse(node, "it has no rules"));
    }
    let mut pack = Pack {
        settings: get("settings").map(|node| reader.line(node)),
        ..Pack::default()
    };
    for (name, place) in [
        ("name", &mut pack.name),
        ("description", &mut pack.description),
    ] {
        if let Some(node) = get(name) {
            *place = reader.text(node, name)?;
        }
    }
    pack.extends = get("extends")
        .map(|node| reader.text(node, "extends"))
        .transpose()?;
    if let Some(rules) = get("rules") {
        let rules = reader.items(rules, "rules")?;
        pack.rules = rules
            .iter()
            .map(|node| reader.rule(node))
            .collect::<Result<_>>()?;
    }
    if let Some(rules) = get("output_rules") {
        let rules = reader.items(rules, "output_rules")?;
        pack.output_rules = rules
            .iter()
            .map(|node| reader.output(node))
            .collect::<Result<_>>()?;
    }
    Ok(pack)
}

struct Reader<'a> {
    source: &'a Source,
}

impl Reader<'_> {
    fn line(&self, node: &Node) -> u32 {
        line(self.source, node)
    }

    fn refuse(&self, node: &Node, why: &str) -> Refused {
        Refused {
            line: self.line(node),
            reason: format!("the SDK refuses the file: {why}"),
        }
    }

    fn fields<'n>(&self, node: &'n Node, what: &str, known: &[&str]) -> Result<&'n [(Key, Node)]> {
        let NodeValue::Map(entries) = &node.value else {
            return Err(self.refuse(node, &format!("{what} is {}", node.kind())));
        };
        match entries.iter().find(|(key, _)| !known.contains(&&*key.name)) {
            Some((key, _)) => {
                Err(self.refuse(node, &format!("{what} has no field `{}`", key.name)))
            }
            None => Ok(entries),
        }
    }

    fn items<'n>(&self, node: &'n Node, what: &str) -> Result<&'n [Node]> {
        match &node.value {
            NodeValue::List(nodes) => Ok(nodes),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Text(_)
            | NodeValue::Map(_) => Err(self.refuse(node, &format!("`{what}` is no list"))),
        }
    }

    fn text(&self, node: &Node, what: &str) -> Result<String> {
        match scalar::read(&self.source.text, node) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.refuse(node, &format!("`{what}` is no text"))),
        }
    }

    fn texts(&self, node: &Node, what: &str) -> Result<Vec<String>> {
        let nodes = self.items(node, what)?;
        nodes.iter().map(|node| self.text(node, what)).collect()
    }

    fn word(&self, node: &Node, what: &str, known: &[&str]) -> Result<String> {
        let word = self.text(node, what)?;
        if known.contains(&&*word) {
            return Ok(word);
        }
        Err(self.refuse(node, &format!("`{what}` is never `{word}`")))
    }

    fn output(&self, node: &Node) -> Result<Output> {
        let mut id = String::new();
        if let NodeValue::Map(entries) = &node.value
            && let Some((_, node)) = entries.iter().find(|(key, _)| key.name == "id")
        {
            id = self.text(node, "id")?;
        }
        Ok(Output {
            id,
            line: self.line(node),
        })
    }

    fn rule(&self, node: &Node) -> Result<Rule> {
        let fields = self.fields(node, "a rule", RULE)?;
        let mut rule = Rule {
            path: self.source.path.clone(),
            line: self.line(node),
            enabled: true,
            severity: "medium".to_owned(),
            ..Rule::default()
        };
        for (key, node) in fields {
            match &*key.name {
                "id" => rule.id = self.text(node, "id")?,
                "name" => rule.name = self.text(node, "name")?,
                "description" => rule.description = self.text(node, "description")?,
                "enabled" => match scalar::read(&self.source.text, node) {
                    Some(Value::Bool(enabled)) => rule.enabled = enabled,
                    _ => return Err(self.refuse(node, "`enabled` is not true or false")),
                },
                "severity" => rule.severity = self.word(node, "severity", SEVERITIES)?,
                "action" => rule.action = self.word(node, "action", ACTIONS)?,
                "tools" => {
                    // An empty list means all tools, too.
                    let tools = self.texts(node, "tools")?;
                    rule.tools = (!tools.is_empty()).then_some(tools);
                }
                "agents" => rule.agents = Some(self.agents(node)?),
                "conditions" => rule.conditions = self.conditions(node)?,
                "condition_groups" => {
                    let groups = self.items(node, "condition_groups")?;
                    let groups: Vec<_> = groups
                        .iter()
                        .map(|g| self.conditions(g))
                        .collect::<Result<_>>()?;
                    rule.groups = groups.into_iter().filter(|g| !g.is_empty()).collect();
                }
                "blocked_by" | "requires" => {
                    rule.history |= !self.items(node, &key.name)?.is_empty();
                }
                "metadata" => rule.controls = self.controls(node),
                _ => {}
            }
        }
        for (name, value) in [
            ("id", &rule.id),
            ("name", &rule.name),
            ("action", &rule.action),
        ] {
            if value.is_empty() {
                return Err(self.refuse(node, &format!("a rule has no `{name}`")));
            }
        }
        Ok(rule)
    }

    /// `metadata.controls`, where somebody keeps them.
    fn controls(&self, node: &Node) -> Vec<String> {
        let value = scalar::read(&self.source.text, node);
        let controls = value.as_ref().and_then(|value| value.get("controls"));
        let controls = controls.and_then(Value::as_array).into_iter().flatten();
        controls
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    fn agents(&self, node: &Node) -> Result<Agents> {
        if let NodeValue::Map(_) = &node.value {
            let fields = self.fields(node, "`agents`", &["not"])?;
            return match fields {
                [(_, node)] => Ok(Agents::Not(self.texts(node, "not")?)),
                _ => Err(self.refuse(node, "`agents` names nobody")),
            };
        }
        Ok(Agents::Only(self.texts(node, "agents")?))
    }

    fn conditions(&self, node: &Node) -> Result<Vec<Condition>> {
        let nodes = self.items(node, "conditions")?;
        nodes.iter().map(|node| self.condition(node)).collect()
    }

    fn condition(&self, node: &Node) -> Result<Condition> {
        let fields = self.fields(node, "a condition", &["field", "operator", "value"])?;
        let get = |name: &str| {
            let found = fields
                .iter()
                .find(|(key, _)| key.name == name)
                .map(|f| &f.1);
            found.ok_or_else(|| self.refuse(node, &format!("a condition has no `{name}`")))
        };
        Ok(Condition {
            field: self.text(get("field")?, "field")?,
            operator: self.word(get("operator")?, "operator", OPERATORS)?,
            value: scalar::read(&self.source.text, get("value")?),
        })
    }
}

//! Policy sets and calls as plain data, and how they are written in the language.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use veto_core::{AgentId, EnvironmentId, Role, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, Source, User};

use super::shape::{Shape, Test};

/// The lists of a set: texts and numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lists {
    pub(crate) words: Vec<&'static str>,
    pub(crate) digits: Vec<i64>,
}

impl Lists {
    pub(crate) fn has(&self, list: &str, value: &Value) -> bool {
        match list {
            "words" => value
                .as_str()
                .is_some_and(|text| self.words.contains(&text)),
            _ => value
                .as_f64()
                .is_some_and(|n| self.digits.iter().any(|digit| *digit as f64 == n)),
        }
    }
}

/// A registered tool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) labels: Vec<&'static str>,
    /// Name, shape, and whether it is required.
    pub(crate) arguments: Vec<(&'static str, Shape, bool)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    pub(crate) quorum: u32,
    pub(crate) seconds: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) roles: Vec<&'static str>,
    pub(crate) agents: Vec<&'static str>,
    pub(crate) labels: Vec<(&'static str, Vec<&'static str>)>,
    pub(crate) shadow: bool,
    pub(crate) window: Window,
    pub(crate) terms: Terms,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) tools: Vec<&'static str>,
    pub(crate) by_label: Vec<&'static str>,
    pub(crate) effect: &'static str,
    pub(crate) arguments: Option<Vec<(&'static str, Shape, bool)>>,
    pub(crate) when: Option<Test>,
    pub(crate) otherwise: bool,
    pub(crate) only_if_allowed: bool,
    pub(crate) shadow: bool,
    pub(crate) window: Window,
    pub(crate) severity: Option<&'static str>,
    pub(crate) terms: Option<Terms>,
    pub(crate) redact: Vec<&'static str>,
}

/// A policy set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct World {
    pub(crate) lists: Lists,
    pub(crate) tools: Vec<Tool>,
    pub(crate) policies: Vec<Policy>,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) known: bool,
    pub(crate) disabled: bool,
    pub(crate) agent: &'static str,
    pub(crate) roles: Vec<&'static str>,
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) user: Option<&'static str>,
    pub(crate) tool: &'static str,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) context: Option<i64>,
    pub(crate) now: i64,
}

impl Window {
    fn yaml(&self, indent: &str, out: &mut String) {
        for (name, time) in [("not_before", self.from), ("not_after", self.to)] {
            if let Some(time) = time {
                let _ = writeln!(out, "{indent}{name}: '{}'", Timestamp(time));
            }
        }
    }
}

impl Terms {
    fn yaml(&self) -> String {
        let (quorum, seconds) = (self.quorum, self.seconds);
        format!("{{ approvers: [role:lead], quorum: {quorum}, expires: {seconds}s }}")
    }
}

impl World {
    /// One file for what is shared, and one for each policy.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let file = |path: String, text: String| Source { path, text };
        let mut sources = vec![file("shared.yaml".into(), self.shared())];
        let policies = self.policies.iter();
        sources.extend(policies.map(|p| file(format!("{}.yaml", p.name), p.yaml())));
        sources
    }

    pub(crate) fn text(&self) -> String {
        let texts: Vec<_> = self.sources().into_iter().map(|s| s.text).collect();
        texts.join("---\n")
    }

    fn shared(&self) -> String {
        let mut out = String::new();
        let head = "apiVersion: veto/v1\nkind: ";
        let (words, digits) = (&self.lists.words, &self.lists.digits);
        let _ = writeln!(
            out,
            "{head}List\nmetadata: {{ name: words }}\nvalues: {words:?}\n---\n{head}List\n\
             metadata: {{ name: digits }}\ntype: number\nvalues: {digits:?}\n---\n{head}Schema\n\
             metadata: {{ name: point }}\nschema: {{ type: object, properties: {{ n: {{ type: number }} }}, \
             required: [n], additionalProperties: false }}"
        );
        for tool in &self.tools {
            let (name, labels) = (tool.name, tool.labels.join(", "));
            let _ = write!(
                out,
                "---\n{head}Tool\nmetadata: {{ name: {name}, labels: [{labels}] }}\ninput:\n  properties:\n"
            );
            for (name, shape, _) in &tool.arguments {
                let _ = writeln!(out, "    {name}: {}", shape.yaml());
            }
            let required: Vec<_> = tool.arguments.iter().filter(|a| a.2).map(|a| a.0).collect();
            let _ = writeln!(out, "  required: [{}]", required.join(", "));
        }
        out
    }
}

impl Policy {
    fn yaml(&self) -> String {
        let mut out = format!(
            "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: {} }}\nsubjects:\n",
            self.name
        );
        if !self.roles.is_empty() {
            let _ = writeln!(out, "  roles: [{}]", self.roles.join(", "));
        }
        if !self.agents.is_empty() {
            let _ = writeln!(out, "  agents: {:?}", self.agents);
        }
        if !self.labels.is_empty() {
            let label = |(name, values): &(&str, Vec<&str>)| format!("{name}: {values:?}");
            let labels: Vec<_> = self.labels.iter().map(label).collect();
            let _ = writeln!(out, "  labels: {{ {} }}", labels.join(", "));
        }
        if self.shadow {
            out += "mode: shadow\n";
        }
        self.window.yaml("", &mut out);
        let _ = writeln!(out, "approval: {}\nrules:", self.terms.yaml());
        for rule in &self.rules {
            rule.yaml(&mut out);
        }
        out
    }
}

impl Rule {
    fn yaml(&self, out: &mut String) {
        let _ = writeln!(out, "  - id: {}\n    effect: {}", self.id, self.effect);
        if self.by_label.is_empty() {
            let _ = writeln!(out, "    tools: {:?}", self.tools);
        } else if self.tools.is_empty() {
            let _ = writeln!(out, "    tools: {{ labels: {:?} }}", self.by_label);
        } else {
            let (names, labels) = (&self.tools, &self.by_label);
            let _ = writeln!(out, "    tools: {{ names: {names:?}, labels: {labels:?} }}");
        }
        match &self.arguments {
            None => *out += "    arguments: any\n",
            Some(list) if list.is_empty() => *out += "    arguments: {}\n",
            Some(list) => {
                *out += "    arguments:\n";
                for (name, shape, _) in list {
                    let _ = writeln!(out, "      {name}: {}", shape.yaml());
                }
                let optional: Vec<_> = list.iter().filter(|a| a.2).map(|a| a.0).collect();
                if !optional.is_empty() {
                    let _ = writeln!(out, "    optional: [{}]", optional.join(", "));
                }
            }
        }
        if let Some(test) = &self.when {
            let _ = writeln!(out, "    when: '{}'", test.cel());
        }
        if self.otherwise {
            *out += "    otherwise: require_approval\n";
        }
        if self.only_if_allowed {
            *out += "    only_if_allowed: true\n";
        }
        if self.shadow {
            *out += "    mode: shadow\n";
        }
        self.window.yaml("    ", out);
        if let Some(severity) = self.severity {
            let _ = writeln!(out, "    severity: {severity}");
        }
        if let Some(terms) = &self.terms {
            let _ = writeln!(out, "    approval: {}", terms.yaml());
        }
        if !self.redact.is_empty() {
            let _ = writeln!(out, "    redact: {:?}", self.redact);
        }
    }
}

impl Asked {
    pub(crate) fn call(&self) -> Call {
        let id = AgentId::new(self.agent).unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let agent = Agent {
            id: id.clone(),
            roles: self.roles.iter().map(|r| Role::new(r).unwrap()).collect(),
            labels: self.labels.iter().map(owned).collect::<BTreeMap<_, _>>(),
            disabled: self.disabled,
        };
        let text = Value::Object(self.arguments.clone()).to_string();
        let context = self
            .context
            .map_or(String::new(), |n| format!("{{\"k\":{n}}}"));
        Call {
            agent: self.known.then_some(agent),
            agent_id: id,
            user: self.user.map(|id| User {
                id: id.to_owned(),
                ..User::default()
            }),
            tool: ToolName::new(self.tool).unwrap(),
            arguments: Arguments::parse(&text).unwrap(),
            context: Arguments::parse(&context).unwrap(),
            environment: EnvironmentId::new("dev").unwrap(),
            request_id: String::new(),
            trace_id: String::new(),
            session_id: String::new(),
        }
    }
}

//! regorus: one `allow if` for each role and tool, and one rule over the rules as data.

use std::fmt::Write;

use anyhow::{Context, Result};
use regorus::{Engine, Value};
use serde_json::{Map, json};
use veto_bench::scenario::{ROLE, TOOL, role_and_tool};

use super::peer::Peer;

/// A module is refused beyond 1 MiB; this many rules stay below it.
const RULES_OF_MODULE: usize = 2_000;

fn input(arguments: &str) -> String {
    format!(r#"{{"role": "{ROLE}", "tool": "{TOOL}", "args": {arguments}}}"#)
}

/// What both ways have in common.
struct Rego {
    engine: Engine,
    input: Option<Value>,
    /// The whole input as text: the text of the arguments comes within that of the call.
    texts: Vec<(&'static str, String)>,
}

impl Rego {
    const fn new(engine: Engine) -> Self {
        Self {
            engine,
            input: None,
            texts: Vec::new(),
        }
    }

    fn prepare(&mut self, arguments: &'static str) -> Result<()> {
        let text = input(arguments);
        self.input = Some(Value::from_json_str(&text)?);
        self.texts.push((arguments, text));
        Ok(())
    }

    fn decide(&mut self) -> Result<bool> {
        let input = self.input.clone().context("nothing is prepared")?;
        self.answer(input)
    }

    fn decide_text(&mut self, arguments: &'static str) -> Result<bool> {
        let known = self.texts.iter().find(|(known, _)| *known == arguments);
        let (_, text) = known.context("nothing is prepared")?;
        let input = Value::from_json_str(text)?;
        self.answer(input)
    }

    fn answer(&mut self, input: Value) -> Result<bool> {
        self.engine.set_input(input);
        Ok(self.engine.eval_rule("data.veto.allow".to_owned())? == Value::from(true))
    }
}

pub(crate) struct Rules(Rego);

impl Peer for Rules {
    const NAME: &'static str = "regorus, a rule each";

    fn load(rules: usize) -> Result<Self> {
        let mut engine = Engine::new();
        let all: Vec<usize> = (0..rules).collect();
        for (at, part) in all.chunks(RULES_OF_MODULE).enumerate() {
            let mut text = "package veto\nimport rego.v1\n".to_owned();
            for rule in part {
                let (role, tool) = role_and_tool(*rule);
                writeln!(
                    text,
                    "allow if {{\n input.role == \"{role}\"\n input.tool == \"{tool}\"\n input.args.amount > 0\n \
                     input.args.amount <= 5000\n input.args.currency in {{\"USD\", \"EUR\"}}\n input.args.to\n}}"
                )?;
            }
            // A default stands once.
            if at == 0 {
                text.push_str("default allow := false\n");
            }
            engine.add_policy(format!("rules-{at}.rego"), text)?;
        }
        Ok(Self(Rego::new(engine)))
    }

    fn prepare(&mut self, arguments: &'static str) -> Result<()> {
        self.0.prepare(arguments)
    }

    fn decide(&mut self) -> Result<bool> {
        self.0.decide()
    }

    fn decide_text(&mut self, arguments: &'static str) -> Result<bool> {
        self.0.decide_text(arguments)
    }
}

pub(crate) struct Data(Rego);

const OVER_DATA: &str = "package veto
import rego.v1
default allow := false
allow if {
  rule := data.rules[input.role][input.tool]
  input.args.amount > 0
  input.args.amount <= rule.maximum
  input.args.currency in rule.currencies
  input.args.to
}
";

impl Peer for Data {
    const NAME: &'static str = "regorus, rules as data";

    fn load(rules: usize) -> Result<Self> {
        let mut data: Map<String, serde_json::Value> = Map::new();
        for rule in 0..rules {
            let (role, tool) = role_and_tool(rule);
            let tools = data.entry(role).or_insert_with(|| json!({}));
            if let Some(tools) = tools.as_object_mut() {
                tools.insert(tool, json!({"maximum": 5000, "currencies": ["USD", "EUR"]}));
            }
        }
        let mut engine = Engine::new();
        engine.add_policy("data.rego".to_owned(), OVER_DATA.to_owned())?;
        engine.add_data_json(&json!({ "rules": data }).to_string())?;
        Ok(Self(Rego::new(engine)))
    }

    fn prepare(&mut self, arguments: &'static str) -> Result<()> {
        self.0.prepare(arguments)
    }

    fn decide(&mut self) -> Result<bool> {
        self.0.decide()
    }

    fn decide_text(&mut self, arguments: &'static str) -> Result<bool> {
        self.0.decide_text(arguments)
    }
}

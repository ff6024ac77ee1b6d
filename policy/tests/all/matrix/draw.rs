//! Draws calls for one cell from what its branches ask.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use veto_core::{EnvironmentId, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, User};

use super::super::reference::generate::Random;
use super::super::support::NOON;
use super::values::{around, literals};

type Pool = BTreeMap<String, Vec<Value>>;

/// What is asked by one branch.
#[derive(Debug, Default)]
struct Asks {
    /// Values around the bounds of the branch, by argument.
    pool: Pool,
    /// All names, when no other is taken.
    only: Option<Vec<String>>,
    optional: BTreeSet<String>,
}

pub(crate) struct Drawer {
    branches: Vec<Asks>,
    /// Values of all branches, by argument.
    pool: Pool,
    /// What conditions compare with.
    literals: Vec<Value>,
    texts: Vec<String>,
    times: Vec<Timestamp>,
}

impl Drawer {
    /// Reads the JSON of a cell.
    pub(crate) fn new(cell: &Value, lists: &BTreeMap<String, Vec<Value>>) -> Self {
        let mut drawer = Self {
            branches: Vec::new(),
            pool: Pool::new(),
            literals: Vec::new(),
            texts: vec!["ann".to_owned(), "bob".to_owned()],
            times: vec![NOON],
        };
        for branch in cell["branches"].as_array().unwrap() {
            let mut asks = Asks::default();
            for requirement in branch["conditions"].as_array().unwrap() {
                drawer.requirement(requirement, lists, &mut asks);
            }
            drawer.branches.push(asks);
        }
        drawer.branches.push(Asks::default());
        for word in ["x", "y", "z"] {
            drawer.pool.entry(word.to_owned()).or_default();
        }
        drawer
    }

    fn requirement(
        &mut self,
        requirement: &Value,
        lists: &BTreeMap<String, Vec<Value>>,
        asks: &mut Asks,
    ) {
        let mut argument = |argument: &Value, pool: &mut Pool| {
            let name = argument["name"].as_str().unwrap();
            let values = around(&argument["schema"], lists);
            pool.entry(name.to_owned())
                .or_default()
                .extend(values.clone());
            asks.pool.entry(name.to_owned()).or_default().extend(values);
            if argument["optional"] == true {
                asks.optional.insert(name.to_owned());
            }
        };
        match requirement["kind"].as_str().unwrap() {
            "contract" => {
                let none = Map::new();
                let properties = requirement["schema"]["properties"].as_object();
                for (name, schema) in properties.unwrap_or(&none) {
                    let values = around(schema, lists);
                    self.pool.entry(name.clone()).or_default().extend(values);
                }
            }
            "argument" => argument(requirement, &mut self.pool),
            "typed" | "unless" => {
                let all = requirement["arguments"].as_array().unwrap();
                all.iter().for_each(|one| argument(one, &mut self.pool));
                if let Some(when) = requirement["when"].as_str() {
                    self.condition(when, lists);
                }
            }
            "only" => {
                let names = requirement["arguments"].as_array().unwrap().iter();
                asks.only = Some(
                    names
                        .map(|name| name.as_str().unwrap().to_owned())
                        .collect(),
                );
            }
            "condition" => self.condition(requirement["when"].as_str().unwrap(), lists),
            "window" => {
                for name in ["not_before", "not_after"] {
                    let time = requirement[name].as_str().and_then(Timestamp::parse);
                    let around = |time: Timestamp| [Timestamp(time.0 - 1), time];
                    self.times.extend(time.into_iter().flat_map(around));
                }
            }
            other => panic!("unknown requirement {other}"),
        }
    }

    fn condition(&mut self, when: &str, lists: &BTreeMap<String, Vec<Value>>) {
        let found = literals(when);
        let texts = found.iter().filter_map(Value::as_str);
        for text in texts {
            self.texts.push(text.to_owned());
            let time = Timestamp::parse(text).into_iter();
            self.times
                .extend(time.flat_map(|t| [Timestamp(t.0 - 1), t]));
        }
        self.literals.extend(found);
        for (name, values) in lists {
            if when.contains(&format!("lists.{name}")) {
                self.literals.extend(values.iter().take(3).cloned());
            }
        }
        for part in when.split("args.").skip(1) {
            let name = part.trim_start_matches('?').chars();
            let name: String = name
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            self.pool.entry(name).or_default();
        }
    }

    fn value(&self, name: &str, asks: &Asks, random: &mut Random) -> Value {
        let own = asks.pool.get(name).filter(|pool| !pool.is_empty());
        let shared = self.pool.get(name).filter(|pool| !pool.is_empty());
        match (own, shared) {
            (Some(own), _) if !random.one_in(5) => random.pick(own),
            (_, Some(shared)) if !random.one_in(4) => random.pick(shared),
            _ if !self.literals.is_empty() && !random.one_in(4) => {
                let value = random.pick(&self.literals);
                if random.one_in(5) {
                    json!([value])
                } else {
                    value
                }
            }
            _ => random.pick(&[
                json!(2),
                json!("a"),
                json!(true),
                Value::Null,
                json!([1]),
                json!({}),
            ]),
        }
    }

    /// A call that the cell is about, and when it is made.
    pub(crate) fn call(
        &self,
        agent: &Agent,
        tool: &ToolName,
        random: &mut Random,
    ) -> (Call, Timestamp) {
        let asks = &self.branches[random.below(self.branches.len())];
        let mut arguments = Map::new();
        if let Some(only) = &asks.only {
            for name in only {
                let left_out = if asks.optional.contains(name) { 2 } else { 20 };
                if !random.one_in(left_out) {
                    arguments.insert(name.clone(), self.value(name, asks, random));
                }
            }
        }
        for name in self.pool.keys() {
            let wanted = asks.pool.contains_key(name) && asks.only.is_none();
            let odds = if wanted {
                1
            } else if asks.only.is_some() {
                12
            } else {
                3
            };
            if random.one_in(odds) {
                arguments.insert(name.clone(), self.value(name, asks, random));
            }
        }
        if random.one_in(30) {
            arguments.insert("extra".to_owned(), json!(1));
        }
        let text = |random: &mut Random| random.pick(&self.texts);
        let user = (!random.one_in(3)).then(|| User {
            id: text(random),
            name: text(random),
            email: text(random),
            groups: vec![text(random)],
            labels: BTreeMap::new(),
        });
        let context = match random.one_in(2) {
            true => Arguments::default(),
            false => Arguments::parse(&format!("{{\"k\":{}}}", random.below(4))).unwrap(),
        };
        let call = Call {
            agent: Some(agent.clone()),
            agent_id: agent.id.clone(),
            user,
            tool: tool.clone(),
            arguments: Arguments::parse(&Value::Object(arguments).to_string()).unwrap(),
            context,
            environment: EnvironmentId::new("dev").unwrap(),
            request_id: String::new(),
            trace_id: String::new(),
            session_id: text(random),
        };
        (call, random.pick(&self.times))
    }
}

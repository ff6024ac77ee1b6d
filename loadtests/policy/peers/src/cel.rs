//! The `cel` crate: one compiled program for each role and tool, found in a map; the context of a decision
//! is made for it, on an environment that is made once.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use cel::{Context, Env, Program, Value, to_value};
use veto_bench::scenario::{ROLE, TOOL, role_and_tool};

use super::peer::Peer;

pub(crate) struct Cel {
    environment: Arc<Env>,
    programs: HashMap<String, HashMap<&'static str, Program>>,
    arguments: Option<serde_json::Value>,
}

impl Cel {
    fn answer(&self, arguments: &serde_json::Value) -> Result<bool> {
        let program = self.programs.get(TOOL).and_then(|roles| roles.get(ROLE));
        let program = program.context("no program for the role and the tool")?;
        let mut context = Context::with_env(Arc::clone(&self.environment));
        let value = to_value(arguments).map_err(|error| anyhow!("{error}"))?;
        context.add_variable_from_value("args", value);
        context.add_variable_from_value("role", ROLE);
        Ok(program.execute(&context)? == Value::Bool(true))
    }
}

impl Peer for Cel {
    const NAME: &'static str = "cel";

    fn load(rules: usize) -> Result<Self> {
        let environment = Arc::new(Env::stdlib());
        let mut programs: HashMap<String, HashMap<&'static str, Program>> = HashMap::new();
        for rule in 0..rules {
            let (role, tool) = role_and_tool(rule);
            let text = format!(
                "args.amount > 0.0 && args.amount <= 5000.0 && args.currency in ['USD', 'EUR'] && \
                 has(args.to) && role == '{role}'"
            );
            let program = environment.compile(&text)?;
            programs.entry(tool).or_default().insert(role, program);
        }
        Ok(Self {
            environment,
            programs,
            arguments: None,
        })
    }

    fn prepare(&mut self, arguments: &'static str) -> Result<()> {
        self.arguments = Some(serde_json::from_str(arguments)?);
        Ok(())
    }

    fn decide(&mut self) -> Result<bool> {
        self.answer(self.arguments.as_ref().context("nothing is prepared")?)
    }

    fn decide_text(&mut self, arguments: &'static str) -> Result<bool> {
        self.answer(&serde_json::from_str(arguments)?)
    }
}

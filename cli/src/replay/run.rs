//! Asks for each call, in order, as the agent of its suite.

use std::collections::BTreeMap;

use veto_core::Secret;
use veto_proto::authorization::v1 as pb;

use super::calls::Task;
use crate::arguments::Global;
use crate::check::Decision;
use crate::connect;
use crate::error::Error;

/// A task with the answers to its calls, in order.
pub(super) struct Answered {
    /// The task.
    pub(super) task: Task,
    /// An answer for each call.
    pub(super) decisions: Vec<Decision>,
}

/// Asks for all calls. The first call that gets no decision ends the replay.
pub(super) async fn all(
    global: &Global,
    tasks: Vec<Task>,
    keys: &BTreeMap<String, Secret<String>>,
) -> Result<Vec<Answered>, Error> {
    let mut nodes = BTreeMap::new();
    for (suite, key) in keys {
        nodes.insert(
            suite.as_str(),
            connect::data_plane(&global.under(key)).await?,
        );
    }
    let mut answered = Vec::with_capacity(tasks.len());
    for task in tasks {
        let unmapped = || Error::Usage(format!("suite `{}` has no key", task.suite));
        let node = nodes.get_mut(task.suite.as_str()).ok_or_else(unmapped)?;
        let mut decisions = Vec::with_capacity(task.calls.len());
        for (number, call) in task.calls.iter().enumerate() {
            let session = format!("{}/{}", task.suite, task.task);
            let call = pb::Call {
                tool: call.tool.clone(),
                arguments_json: serde_json::Value::Object(call.arguments.clone()).to_string(),
                request_id: format!("{session}/{number}"),
                session_id: session,
                ..pb::Call::default()
            };
            let request = pb::AuthorizeRequest {
                call: Some(call),
                at_least_revision: 0,
            };
            let answer = node.authorize(request).await?.into_inner();
            decisions.push(Decision::from(answer.decision.unwrap_or_default()));
        }
        answered.push(Answered { task, decisions });
    }
    Ok(answered)
}

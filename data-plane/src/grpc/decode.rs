//! Reads calls strictly: what is not understood is refused by name.

use veto_core::ToolName;
use veto_policy::{Arguments, User};
use veto_proto::authorization::v1 as proto;

use crate::Error;
use crate::decide::Question;

const TEXT_BYTES: usize = 256;
const GROUPS: usize = 64;
const LABELS: usize = 64;

/// Reads a call.
pub(super) fn question(call: Option<proto::Call>) -> Result<Question, Error> {
    let call = call.ok_or_else(|| wrong("call", "is missing"))?;
    let tool = ToolName::new(&call.tool).map_err(|e| wrong("call.tool", &e.to_string()))?;
    Ok(Question {
        tool,
        arguments: arguments("call.arguments_json", &call.arguments_json)?,
        context: arguments("call.context_json", &call.context_json)?,
        user: call.user.map(user).transpose()?,
        session_id: text("call.session_id", call.session_id)?,
        request_id: text("call.request_id", call.request_id)?,
    })
}

fn arguments(field: &'static str, json: &str) -> Result<Arguments, Error> {
    Arguments::parse(json).map_err(|source| Error::Arguments { field, source })
}

fn user(user: proto::User) -> Result<User, Error> {
    if user.id.is_empty() {
        return Err(wrong("call.user.id", "is missing"));
    }
    if user.groups.len() > GROUPS {
        return Err(wrong(
            "call.user.groups",
            &format!("has more than {GROUPS} entries"),
        ));
    }
    if user.labels.len() > LABELS {
        return Err(wrong(
            "call.user.labels",
            &format!("has more than {LABELS} entries"),
        ));
    }
    let label = |(name, value)| {
        Ok((
            text("call.user.labels", name)?,
            text("call.user.labels", value)?,
        ))
    };
    Ok(User {
        id: text("call.user.id", user.id)?,
        name: text("call.user.name", user.name)?,
        email: text("call.user.email", user.email)?,
        groups: user
            .groups
            .into_iter()
            .map(|group| text("call.user.groups", group))
            .collect::<Result<_, _>>()?,
        labels: user
            .labels
            .into_iter()
            .map(label)
            .collect::<Result<_, Error>>()?,
    })
}

fn text(field: &'static str, text: String) -> Result<String, Error> {
    if text.len() > TEXT_BYTES {
        return Err(wrong(field, &format!("has more than {TEXT_BYTES} bytes")));
    }
    Ok(text)
}

fn wrong(field: &'static str, problem: &str) -> Error {
    Error::Request {
        field,
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_core::Code;
    use veto_wire::status::Coded as _;

    fn call() -> proto::Call {
        proto::Call {
            tool: "payments.refund".into(),
            ..Default::default()
        }
    }

    fn refused(change: impl FnOnce(&mut proto::Call)) -> (Code, String) {
        let mut call = call();
        change(&mut call);
        let error = question(Some(call)).unwrap_err();
        (error.code(), error.public())
    }

    #[test]
    fn empty_arguments_and_context_are_empty_objects() {
        let question = question(Some(call())).unwrap();
        assert_eq!(question.arguments.canonical(), "{}");
        assert_eq!(question.context.canonical(), "{}");
    }

    #[test]
    fn what_is_malformed_is_refused_by_the_name_of_its_field() {
        let long = || "x".repeat(257);
        let user = |change: fn(&mut proto::User)| {
            let mut user = proto::User {
                id: "ann".into(),
                ..Default::default()
            };
            change(&mut user);
            Some(user)
        };
        let cases: Vec<((Code, String), Code, &str)> = vec![
            (
                refused(|c| c.tool = "a b".into()),
                Code::InvalidRequest,
                "call.tool",
            ),
            (
                refused(|c| c.tool.clear()),
                Code::InvalidRequest,
                "call.tool",
            ),
            (
                refused(|c| c.session_id = long()),
                Code::InvalidRequest,
                "call.session_id",
            ),
            (
                refused(|c| c.request_id = long()),
                Code::InvalidRequest,
                "call.request_id",
            ),
            (
                refused(|c| c.user = user(|u| u.id.clear())),
                Code::InvalidRequest,
                "call.user.id",
            ),
            (
                refused(|c| c.user = user(|u| u.groups = vec!["g".into(); 65])),
                Code::InvalidRequest,
                "call.user.groups",
            ),
            (
                refused(|c| c.arguments_json = r#"{"a":1,"a":2}"#.into()),
                Code::InvalidArguments,
                "call.arguments_json",
            ),
            (
                refused(|c| c.context_json = "[]".into()),
                Code::InvalidArguments,
                "call.context_json",
            ),
        ];
        for ((code, message), expected, field) in cases {
            assert_eq!(code, expected, "{message}");
            assert!(message.contains(field), "{message}");
        }
        assert_eq!(question(None).unwrap_err().code(), Code::InvalidRequest);
    }
}

//! Where a field of the SDK is found in a call of Veto.

/// What a field names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// An argument, or a property below one.
    Argument(Vec<String>),
    /// A text of the call, in CEL; it may be absent unless `always`.
    Known { cel: &'static str, always: bool },
    /// The time of the call.
    Time,
}

/// Finds the field in a call.
pub(super) fn find(field: &str) -> Result<Place, String> {
    let known = |cel, always| Ok(Place::Known { cel, always });
    let path: Vec<_> = field.split('.').map(str::to_owned).collect();
    match (path.first().map_or("", String::as_str), path.len()) {
        ("context", 2) if path[1] == "time" => Ok(Place::Time),
        ("context", _) => Err(format!(
            "`{field}` is the local time of the machine that runs the SDK"
        )),
        ("tool_name", 1) => known("tool.name", true),
        ("agent_id", 1) => known("agent.id", true),
        ("user_id", 1) => known("user.id", false),
        ("session_id", 1) => known("request.session", false),
        ("role", 1) => Err("`role` is what the caller says of itself".to_owned()),
        ("tool_name" | "agent_id" | "user_id" | "session_id" | "role", _) => Err(format!(
            "`{field}` is below a text, so the condition never holds"
        )),
        ("custom", _) => Err("`custom` is set by code around the SDK".to_owned()),
        ("arguments", 1) => Err("it compares all arguments at once".to_owned()),
        ("arguments", _) => Ok(Place::Argument(path[1..].to_vec())),
        _ => Ok(Place::Argument(path)),
    }
}

/// The path of an argument in CEL.
pub(super) fn cel(path: &[String]) -> String {
    let mut out = "args".to_owned();
    for step in path {
        let name = step.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && step.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // Words of CEL are no names of properties.
        let word = ["in", "true", "false", "null", "as", "for", "if", "var"];
        if name && !word.contains(&&**step) {
            out.push('.');
            out.push_str(step);
        } else {
            out.push_str(&format!("[{}]", literal(step)));
        }
    }
    out
}

/// A text of CEL.
pub(in crate::import) fn literal(text: &str) -> String {
    let plain = |c: char| !c.is_control() && c != '\'';
    if text.chars().all(plain) {
        let raw = if text.contains('\\') { "r" } else { "" };
        return format!("{raw}'{text}'");
    }
    let mut out = "'".to_owned();
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

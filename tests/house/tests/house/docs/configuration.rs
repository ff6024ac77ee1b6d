//! The reference of the configuration, from the comments of the servers' `Config` types.

use std::fmt::Write as _;

const SERVERS: &[(&str, &str)] = &[
    ("veto-control-plane", "control-plane/server/src/config.rs"),
    ("veto-data-plane", "data-plane/src/config.rs"),
    ("veto-ledger", "audit/ledger/src/config.rs"),
];

pub(super) fn markdown() -> String {
    let mut text = String::from(
        "# Configuration\n\nGenerated from the servers' `config.rs` by `make docs`. Each server reads one YAML file \
         (`--config FILE` or `VETO_CONFIG`) and `VETO_<KEY>` variables over it, such as `VETO_LISTEN`; an inner key \
         takes two underscores, such as `VETO_OTLP__ENDPOINT`. `config check` says whether all is in order; an \
         unknown key is an error.\n",
    );
    for (server, path) in SERVERS {
        let source = std::fs::read_to_string(crate::root().join(path)).unwrap();
        let _ = write!(
            text,
            "\n## {server}\n\n| Key | Default | Meaning |\n|---|---|---|\n"
        );
        for (key, meaning) in fields(&source) {
            let _ = writeln!(text, "| `{key}` | {} | {meaning} |", default(&source, &key));
        }
    }
    text
}

/// The fields of `pub struct Config` with their comments.
fn fields(source: &str) -> Vec<(String, String)> {
    let body = source
        .split("pub struct Config {")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    let (mut fields, mut comment) = (Vec::new(), Vec::new());
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            comment.push(text);
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|l| l.split_once(':')) {
            fields.push((name.to_owned(), comment.join(" ")));
            comment.clear();
        }
    }
    fields
}

/// The value in `impl Default for Config`, as it stands there.
fn default(source: &str, key: &str) -> String {
    let body = source
        .split("impl Default for Config {")
        .nth(1)
        .unwrap_or_default();
    let start = format!("            {key}: ");
    let value = body
        .lines()
        .find_map(|line| line.strip_prefix(&start))
        .unwrap_or_default();
    let value = value.trim_end_matches(',').trim_end_matches(".into()");
    let value = match value {
        "None" | "String::new()" => "none".to_owned(),
        "8 << 30" => "8 GiB".to_owned(),
        _ => value
            .trim_start_matches("SocketAddr::from((Ipv4Addr::LOCALHOST, ")
            .trim_start_matches("vec![")
            .trim_end_matches("))")
            .trim_end_matches(".into()]")
            .to_owned(),
    };
    let is_port = key == "listen" && value.bytes().all(|b| b.is_ascii_digit());
    let value = if is_port {
        format!("127.0.0.1:{value}")
    } else {
        value
    };
    format!("`{}`", value.trim_matches('"'))
}

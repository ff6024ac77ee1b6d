//! What people read about the functions.

use super::{Signature, Way, table};
use crate::condition::lower::Kind;

/// One way to call a function of conditions, for the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDoc {
    /// The name, with its namespace if it has one.
    pub name: &'static str,
    /// How it is called, and what comes out: `string.contains(string) -> bool`.
    pub signature: String,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// Those that take something else than values: names of variables, or literals.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "has",
        "has(map.property) -> bool",
        "Tells whether a property is there.",
    ),
    (
        "matches",
        "string.matches(literal) -> bool",
        "Tells whether a pattern in RE2 syntax is found in the text.",
    ),
    (
        "matchesGlob",
        "string.matchesGlob(literal) -> bool",
        "Tells whether a glob of tool names matches the whole text: `*` within a segment, `**` across segments.",
    ),
    (
        "all",
        "list.all(x, bool) -> bool",
        "Tells whether the condition holds for each element, or each key of a map.",
    ),
    (
        "all",
        "list.all(i, x, bool) -> bool",
        "Tells whether the condition holds for each index and element, or each key and value of a map.",
    ),
    (
        "exists",
        "list.exists(x, bool) -> bool",
        "Tells whether the condition holds for any element, or any key of a map.",
    ),
    (
        "exists",
        "list.exists(i, x, bool) -> bool",
        "Tells whether the condition holds for any index and element, or any key and value of a map.",
    ),
    (
        "exists_one",
        "list.exists_one(x, bool) -> bool",
        "Tells whether the condition holds for exactly one element, or one key of a map.",
    ),
    (
        "existsOne",
        "list.existsOne(i, x, bool) -> bool",
        "Tells whether the condition holds for exactly one index and element, or key and value of a map.",
    ),
    (
        "filter",
        "list.filter(x, bool) -> list",
        "Gives the elements, or keys of a map, for which the condition holds.",
    ),
    (
        "map",
        "list.map(x, any) -> list",
        "Gives what each element, or each key of a map, is turned into.",
    ),
    (
        "map",
        "list.map(x, bool, any) -> list",
        "Gives what each element for which the condition holds is turned into.",
    ),
    (
        "transformList",
        "list.transformList(i, x, any) -> list",
        "Gives what each index and element, or key and value of a map, is turned into.",
    ),
    (
        "transformList",
        "list.transformList(i, x, bool, any) -> list",
        "Gives what each index and element for which the condition holds is turned into.",
    ),
    (
        "transformMap",
        "map.transformMap(k, v, any) -> map",
        "Gives a map of the same keys, with what each key and value is turned into.",
    ),
    (
        "transformMap",
        "map.transformMap(k, v, bool, any) -> map",
        "Gives a map of the keys for which the condition holds, with what each key and value is turned into.",
    ),
    (
        "optMap",
        "optional.optMap(x, any) -> optional",
        "Gives an optional of what the value is turned into, or none.",
    ),
    (
        "optFlatMap",
        "optional.optFlatMap(x, optional) -> optional",
        "Gives the optional that the value is turned into, or none.",
    ),
    (
        "dyn",
        "dyn(any) -> any",
        "Gives the same value, of which nothing is checked when the condition is published.",
    ),
];

/// Every function of conditions and every way to call it, by name.
pub fn condition_functions() -> impl Iterator<Item = FunctionDoc> {
    let zoned = table::TABLE.iter().filter(|s| is_zoned(s)).map(|s| {
        let signature = format!("timestamp.{}(literal) -> number", s.name);
        (
            s.name,
            signature,
            "Gives the same as clocks show it in a zone: `'Europe/Berlin'`, `'+02:00'` or `'UTC'`.",
        )
    });
    let table = table::TABLE
        .iter()
        .map(|s| (s.name, signature(s), s.summary));
    let others = OTHERS
        .iter()
        .map(|(name, signature, summary)| (*name, (*signature).to_owned(), *summary));
    let mut all: Vec<_> = table.chain(zoned).chain(others).collect();
    // Stable: ways to call the same function keep their order.
    all.sort_by_key(|(name, _, _)| *name);
    all.into_iter()
        .map(|(name, signature, summary)| FunctionDoc {
            name,
            signature,
            summary,
        })
}

const fn is_zoned(signature: &Signature) -> bool {
    matches!(signature.function, super::Function::Part(_))
}

fn signature(signature: &Signature) -> String {
    let mut takes: Vec<_> = signature.takes.iter().map(|kinds| words(kinds)).collect();
    let receiver = match signature.way {
        Way::Member if !takes.is_empty() => format!("{}.", takes.remove(0)),
        Way::Member | Way::Global | Way::Both => String::new(),
    };
    let more = if signature.repeats { ", …" } else { "" };
    let gives = word(signature.gives);
    format!(
        "{receiver}{}({}{more}) -> {gives}",
        signature.name,
        takes.join(", ")
    )
}

fn words(kinds: &[Kind]) -> String {
    let words: Vec<_> = kinds.iter().map(|kind| word(*kind)).collect();
    words.join("|")
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "any",
        Kind::Null => "null",
        Kind::Bool => "bool",
        Kind::Number => "number",
        Kind::Text => "string",
        Kind::Bytes => "bytes",
        Kind::Items => "list",
        Kind::Entries => "map",
        Kind::Time => "timestamp",
        Kind::Duration => "duration",
        Kind::Optional => "optional",
        Kind::Type => "type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_one_sentence() {
        for doc in condition_functions() {
            let summary = doc.summary;
            assert!(summary.ends_with('.') && summary.len() < 200, "{summary}");
            assert!(!summary.trim_end_matches('.').contains(". "), "{summary}");
            let name = doc.name.rsplit('.').next().unwrap();
            assert!(
                doc.signature.contains(&format!("{name}(")),
                "{}",
                doc.signature
            );
        }
    }

    #[test]
    fn a_signature_reads_like_a_call() {
        let signatures: Vec<_> = condition_functions().map(|doc| doc.signature).collect();
        for wanted in [
            "string.contains(string) -> bool",
            "math.greatest(number|list, …) -> number",
            "inCidr(string, string|list) -> bool",
            "timestamp.getHours(literal) -> number",
            "optional.none() -> optional",
        ] {
            assert!(signatures.iter().any(|s| s == wanted), "{wanted}");
        }
    }
}

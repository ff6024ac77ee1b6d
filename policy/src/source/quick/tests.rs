use proptest::prelude::*;

use super::super::{Source, yaml};
use super::*;

/// Where this reader reads a text, the whole parser reads the very same.
fn agree(text: &str) -> bool {
    let Some(quick) = read(text) else {
        return false;
    };
    let source = Source {
        path: "p".to_owned(),
        text: text.to_owned(),
    };
    match yaml::read_whole(&source) {
        Ok(whole) => assert_eq!(quick, whole, "{text}"),
        Err(error) => panic!("read what the parser refuses: {error}\n{text}"),
    }
    true
}

const SAMPLES: &[&str] = &[
    "a: 1\n",
    "# c\n\na: 1 # x\nb:\n  - x: 'q''s'   # c\n    y: \"d\\\\ \\\"\"\n\n  - {k: v, l: [1, 2.50, ~, true]}\n# z\nc:\n- z\n- {}\nd: []\n",
    "---\na: b c\n---\n# two\nb:\n  c:\n    - - 1\n      - 2\n    -\n      x: y\n    - -5\n",
    "when: args.amount <= double(agent.labels.refund_limit)\nexpires: 15m\nnot_before: 2026-01-31T18:00:00Z\n",
    "order_id: { type: string, pattern: '^O-[0-9]{6}$' }\nroles: [role:lead, user]\nx: -1.25\n'quoted key': no\n\"k2\": on",
    "description: Größer als 5 € — und mehr\nrules:\n- id: a\n  tools: ['**.x']\n- id: b\n  tools:\n  - c\n",
    "a:\n    b: 1\n    c: { d: { e: [ [x], {} ] } }\nf: g\n",
    "- a\n- b: 1\n  c: 2\n- [x, 'y z', \"w\"]\n",
];

#[test]
fn samples_are_read_quickly_and_alike() {
    for sample in SAMPLES {
        assert!(agree(sample), "{sample}");
    }
}

#[test]
fn what_leaves_a_doubt_is_left_to_the_parser() {
    for text in [
        "",
        "a",
        "a: &x 1",
        "a: *x",
        "a: !t 1",
        "a: |\n  b",
        "a: b\n  c",
        "a: 1\na: 2",
        "a: 007",
        "a: 1e3",
        "a: .5",
        "a: 0x1F",
        "a: -0",
        "a: +1",
        "a: 1_0",
        "a: .inf",
        "a: b: c",
        "a: [1,\n  2]",
        "a: {b}",
        "a: [1, ]",
        "a: 'x\n  y'",
        "a: \"\\n\"",
        "? a\n: b",
        "a:\tb",
        "a: b\r\n",
        "%YAML 1.2\n---\na: b",
        "a: b\n...\n",
        "a : b",
        "a:",
        "a:\nb: 1",
        "- a\n b",
        "a:\n  b: 1\n c: 2",
        "true: 1",
        "a: 'b' c",
        "a: [b] c",
        "--- a: b",
        "a: \u{feff}b",
        "a: 99999999999999999999",
        "<<: {a: b}",
        "a: @b",
        "a: `b`",
    ] {
        assert!(read(text).is_none(), "{text:?}");
    }
}

#[test]
fn a_large_file_is_read_alike() {
    use std::fmt::Write as _;
    let mut text = String::from("rules:\n");
    for n in 0..2_000 {
        let _ = writeln!(
            text,
            "  - id: r{n}\n    tools: [t{n}]\n    arguments: {{ a: {{ maximum: {n} }} }}"
        );
    }
    assert!(agree(&text));
    let many = "- 1\n".repeat(MOST_NODES - 1);
    assert!(agree(&many));
    assert!(read(&"- 1\n".repeat(MOST_NODES)).is_none());
    let deep = |n: usize| format!("a: {}{}", "[".repeat(n), "]".repeat(n));
    assert!(agree(&deep(DEEPEST - 1)));
    assert!(read(&deep(DEEPEST)).is_none());
    let many = "a: 1\n---\n".repeat(MOST_DOCUMENTS - 1);
    assert!(agree(many.trim_end_matches("---\n")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Samples with some bytes cut out, doubled or replaced by ones that mean something in YAML.
    #[test]
    fn a_mutated_text_is_never_read_otherwise(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, prop::sample::select(b" -:#[]{},'\"\n0a.~*&!|>%@`\\?+eTn".to_vec())), 1..4),
    ) {
        let mut bytes = SAMPLES[which].as_bytes().to_vec();
        for (index, kind, byte) in edits {
            if bytes.is_empty() { break; }
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => { let piece = bytes[at..(at + 7).min(bytes.len())].to_vec(); bytes.splice(at..at, piece); }
            }
        }
        if let Ok(text) = String::from_utf8(bytes) {
            agree(&text);
        }
    }

    #[test]
    fn lines_of_parts_are_never_read_otherwise(
        lines in prop::collection::vec((0..4_usize, prop::collection::vec(prop::sample::select(vec![
            "a", "b", ": ", ":", "- ", "-", "[", "]", "{", "}", ", ", "'x'", "\"y\"", " # c", "#", "1", "-2", "1.5", "15m", "~", "true", "  ", "key: ", "y", "inf", "- k: v", "x y", "'it''s'", "---",
        ]), 0..5)), 1..6),
    ) {
        let text: Vec<_> = lines.iter().map(|(indent, parts)| " ".repeat(*indent) + &parts.concat()).collect();
        agree(&(text.join("\n") + "\n"));
    }
}

//! The report as JUnit's XML.

use std::fmt::Write;

use super::{CaseReport, Report, text};

pub(super) fn write(report: &Report) -> String {
    let (passed, failed) = report.counts();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests = passed + failed;
    let _ = writeln!(out, "<testsuites tests=\"{tests}\" failures=\"{failed}\">");
    for suite in &report.suites {
        let failed = suite.cases.iter().filter(|case| !case.passed).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{failed}\">",
            escaped(&suite.name),
            escaped(&suite.path),
            suite.cases.len(),
        );
        for case in &suite.cases {
            self::case(&suite.name, case, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(suite: &str, case: &CaseReport, out: &mut String) {
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
        escaped(&case.name),
        escaped(suite),
        escaped(&case.path),
        case.line,
    );
    if case.passed {
        out.push_str("/>\n");
        return;
    }
    let mut details = String::new();
    text::failure(case, &mut details);
    let message = format!("wanted {}, got {}", case.wanted, case.got);
    let _ = writeln!(
        out,
        ">\n      <failure message=\"{}\" type=\"mismatch\">{}</failure>\n    </testcase>",
        escaped(&message),
        escaped(&details).replace("&#10;", "\n"),
    );
}

/// Text as XML takes it, in attributes too; what XML has no way to write is shown by its number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

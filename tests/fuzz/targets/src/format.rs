//! Any text as a policy file to be formatted and printed: neither changes what it says, and a second
//! time nothing is left to do.

use veto_policy::{DiagnosticCode, Source, compile, evaluate, format, print};

use crate::fixtures::{self, NOON};
use crate::{Finding, Reached, claim, yaml};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(Reached::Refused);
    };
    let source = fixtures::source(text.to_owned());
    let formatted = format(&source);
    if let Ok(text) = &formatted {
        let new = fixtures::source(text.clone());
        let again = format(&new);
        claim(again.as_ref() == Ok(text), || {
            format!("formatted {text:?}, and once more {again:?}")
        })?;
        alike(&source, &new)?;
    }
    if let Ok(text) = print(&source) {
        let new = fixtures::source(text);
        let again = print(&new);
        claim(again.as_ref() == Ok(&new.text), || {
            format!("printed {:?}, and once more {again:?}", new.text)
        })?;
        alike(&source, &new)?;
    }
    Ok(if formatted.is_ok() {
        Reached::Checked
    } else {
        Reached::Refused
    })
}

/// Both are refused for the same reasons, or decide the same.
fn alike(old: &Source, new: &Source) -> Result<(), Finding> {
    let codes = |found: &[veto_policy::Diagnostic]| {
        let mut codes: Vec<DiagnosticCode> = found.iter().map(|d| d.code).collect();
        codes.sort_unstable();
        codes
    };
    let sets = |source: &Source| compile(std::slice::from_ref(source));
    match (sets(old), sets(new)) {
        (Ok(one), Ok(two)) => {
            claim(codes(&one.warnings) == codes(&two.warnings), || {
                format!("other warnings than before: {:?}", new.text)
            })?;
            for call in yaml::calls()? {
                let (before, after) = (
                    evaluate(&one.set, call, NOON),
                    evaluate(&two.set, call, NOON),
                );
                claim(before == after, || {
                    format!("before {before:?}, after {after:?}: {:?}", new.text)
                })?;
            }
            Ok(())
        }
        (Err(one), Err(two)) => claim(codes(&one.0) == codes(&two.0), || {
            format!("before {one}, after {two}: {:?}", new.text)
        }),
        (one, two) => Err(Finding(format!(
            "compiles before: {}, after: {}: {:?}",
            one.is_ok(),
            two.is_ok(),
            new.text
        ))),
    }
}

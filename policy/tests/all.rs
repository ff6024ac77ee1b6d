//! One binary for all tests over the public API: linking is what takes time.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod all {
    mod conditions;
    mod corpus;
    mod diagnostics;
    mod diff;
    mod editor;
    mod examples;
    mod format;
    mod import;
    mod language;
    mod lint;
    mod matrix;
    mod properties;
    mod recipes;
    mod reference;
    mod sarif;
    mod scaffold;
    mod schemas;
    mod suite;
    mod support;
}

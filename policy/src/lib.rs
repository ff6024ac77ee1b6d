//! YAML in, decision out: a pure library. It knows no socket, file, thread, ambient time or random
//! number; what it needs is passed in.
//!
//! - [`compile()`] turns policy files into a [`PolicySet`], or into [`Diagnostics`]: all or nothing.
//! - [`lint()`] tells what is worth a look in a set as a whole.
//! - [`evaluate()`] turns a set and a [`Call`] into a [`Decision`] with its [`Reason`].
//! - [`Arguments`] reads the arguments of a call strictly and gives them one canonical form.
//!
//! Inside, text flows `source` (YAML with places) → `check` (documents of the language) → `compile`
//! (schemas, conditions and an index) → `evaluate`; `condition` is CEL, `schema` is JSON Schema,
//! `glob` names tools and agents.

pub mod arguments;
pub mod call;
mod check;
pub mod compile;
mod condition;
pub mod decision;
pub mod diagnostic;
pub mod diff;
pub mod evaluate;
pub mod explain;
pub mod format;
mod glob;
pub mod import;
pub mod language;
pub mod lint;
mod list;
pub mod matrix;
pub mod print;
pub mod reason;
mod redact;
pub mod scaffold;
mod schema;
pub mod source;
mod suggest;
pub mod suite;

pub use arguments::{Arguments, ArgumentsError};
pub use call::{Agent, Call, User};
pub use compile::{Compiled, Outline, PolicySet, compile};
pub use condition::{FunctionDoc, condition_functions};
pub use decision::{Approval, ApprovalTerms, Decision, Matched, Outcome, Severity};
pub use diagnostic::{Diagnostic, DiagnosticCode, DiagnosticSeverity, Diagnostics, render, sarif};
pub use evaluate::evaluate;
pub use explain::{ConditionStep, Explanation, RuleReport, Verdict, explain};
pub use format::{FormatError, format};
pub use language::LANGUAGE_SCHEMA;
pub use lint::{Registry, lint};
pub use print::{print, print_json};
pub use reason::{Reason, ReasonCode};
pub use redact::{REDACTED, Redaction};
pub use scaffold::{Scaffold, scaffold};
pub use source::Source;

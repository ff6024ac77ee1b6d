//! `veto policy schema`: the language as JSON Schema, for editors.

use veto_policy::LANGUAGE_SCHEMA;

use crate::error::Error;
use crate::output;

/// Prints the schema.
pub(super) fn run() -> Result<(), Error> {
    output::bytes(LANGUAGE_SCHEMA.as_bytes())
}

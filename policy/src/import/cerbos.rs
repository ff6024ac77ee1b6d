//! Resource policies of Cerbos.

use super::{Imported, Options};
use crate::source::Source;

/// Translates resource policies.
pub(super) fn import(_sources: &[Source], _options: &Options) -> Imported {
    Imported::default()
}

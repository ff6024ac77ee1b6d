//! What a record is and how it is proved. Pure: no socket, no file, no clock of its own.
//!
//! - [`record`]: what is kept of a boot, a decision, an orderly end, a declared loss.
//! - [`chain`]: frames, each bound to the one before it by hash, and their verification.
//! - [`export`]: decisions as CSV and JSON lines.

pub mod chain;
pub mod export;
pub mod record;

pub use chain::{Chain, Frame, GENESIS, Link};
pub use export::Exported;
pub use record::{Body, Boot, Decision, Durability, Gap, Record};

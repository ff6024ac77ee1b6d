//! Answers calls, keeps no state that matters.

pub mod record;

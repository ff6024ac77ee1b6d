//! The replicated state machine, deterministic.

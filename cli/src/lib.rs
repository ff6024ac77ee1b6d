//! The veto command: one binary for people.

//! The command against real servers: each test starts `veto dev` as a process of its own, on free
//! ports and in a directory of its own, and talks to it as a person would.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

mod agentdojo;
mod decisions;
mod dev;
mod harness;
mod offline;
mod outcomes;
mod policies;
mod review;
mod suites;
mod usage;
mod walkthrough;

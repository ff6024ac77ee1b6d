//! The ledger over real sockets and real files, beside a control plane that only gives keys.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test needs and does not get ends the test"
)]

mod access;
mod append;
mod export;
mod harness;
mod lifecycle;
mod list;
mod tail;

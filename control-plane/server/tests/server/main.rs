//! The control plane over real sockets and a real store.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test needs and does not get ends the test"
)]

mod access;
mod cluster;
mod fleet;
mod harness;
mod keys;
mod lifecycle;
mod organizations;
mod policies;
mod subscribe;
mod tokens;

//! A real node over real sockets, and a control plane that does what each test tells it to.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs and does not get ends the test"
)]

mod bundles;
mod calls;
mod control_plane;
mod fixture;
mod health;
mod kept;
mod tokens;

//! Where protobuf and domain types meet, for both planes. No I/O.
//!
//! - [`backup`]: the file of a backup, written and read in pieces.
//! - [`bundle`]: signs, verifies and updates bundles; [`bundle::VerifiedBundle`] is the proof.
//! - [`status`]: the one place that turns an error code into a gRPC status and back.
//! - [`decision`]: decisions as they are answered.
//! - [`metadata`]: credentials and trace context of a request.
//! - [`record`]: records as stored and as shown.
//! - [`limits`]: every limit of the servers, set by hand.

pub mod backup;
pub mod bundle;
pub mod decision;
pub mod limits;
pub mod metadata;
pub mod record;
pub mod status;

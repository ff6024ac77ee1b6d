//! The cluster of the control plane in one thread, over a simulated network and disks that forget. A seed
//! picks replicas, load and faults, and the same seed does the same each time. It runs the real replicas:
//! their logs, states, elections, snapshots and changes of members.
//!
//! - `plan`: what a seed picks; `faults`: what goes wrong; `world`: what can be done to hosts and links.
//! - `cluster`: a replica in a simulated process; `disk` and `net`: what is under it.
//! - `load`, `calls`: clients and what they ask; `admin`: whoever changes the members.
//! - `trace`: all that happened; `invariants`: what must hold.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a check looks at a few kinds of events, and the others are alike to it"
)]

pub mod admin;
pub mod calls;
pub mod cluster;
pub mod dice;
pub mod disk;
pub mod faults;
pub mod invariants;
pub mod load;
pub mod net;
pub mod plan;
pub mod run;
pub mod shared;
pub mod trace;
pub mod world;

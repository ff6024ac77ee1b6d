//! What the benchmarks of the policy engine and of its peers have in common: the scenario, how a figure
//! is taken, and the row that it becomes. It knows no engine.

pub mod allocations;
pub mod measure;
pub mod row;
pub mod scenario;

pub use allocations::Counting;
pub use measure::{Plan, cpu_of_process, once, peak_rss};
pub use row::{Case, Form, Load, Peers, Row};

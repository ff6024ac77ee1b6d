//! Measures the peers of the policy engine on its scenario, and prints the figures as one line of JSON.

mod cedar;
mod cel;
mod peer;
mod rego;

use anyhow::Result;
use veto_bench::measure::is_quick;
use veto_bench::{Counting, Peers, Plan, scenario};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> Result<()> {
    let plan = Plan::chosen();
    // The largest size alone takes most of a minute to load.
    let sizes = if is_quick() {
        &scenario::SIZES[..2]
    } else {
        &scenario::SIZES[..]
    };
    let mut peers = Peers::default();
    peer::measure::<cedar::Cedar>(sizes, plan, &mut peers)?;
    peer::measure::<rego::Rules>(sizes, plan, &mut peers)?;
    peer::measure::<rego::Data>(sizes, plan, &mut peers)?;
    peer::measure::<cel::Cel>(sizes, plan, &mut peers)?;
    println!("{}", serde_json::to_string(&peers)?);
    Ok(())
}

//! Measures the policy engine against its budgets and its peers, in one run; exits with 1 when a budget is
//! missed. Usage: `veto-bench-policy PEERS RESULTS`, with the binary of the peers and the folder for the JSON;
//! `veto-bench-policy repeat RULES TIMES` compiles for a profiler.

mod budget;
mod decide;
mod large;
mod report;
mod source;

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use veto_bench::measure::is_quick;
use veto_bench::{Counting, Load, Peers, Plan, Row, once, scenario};

use report::Report;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The scenario with nine more rules that can match: DESIGN's budget.
const TEN: &str = "veto, 10 rules that can match";
const LARGE: usize = 1_000_000;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["large", rules] => {
            let large = large::measure(rules.parse()?, Plan::chosen())?;
            println!("{}", serde_json::to_string(&large)?);
        }
        ["repeat", rules, times] => large::repeat(rules.parse()?, times.parse()?)?,
        [peers, results] => return whole(peers, results),
        _ => bail!("usage: veto-bench-policy PEERS RESULTS"),
    }
    Ok(ExitCode::SUCCESS)
}

fn whole(peers: &str, results: &str) -> Result<ExitCode> {
    let plan = Plan::chosen();
    let (mut rows, mut loads) = ours(plan)?;
    eprintln!("==> {LARGE} rules");
    let mut large = large::in_a_child(LARGE)?;
    rows.append(&mut large.rows);
    eprintln!("==> peers");
    let mut others = of_peers(peers)?;
    rows.append(&mut others.rows);
    loads.append(&mut others.loads);
    let budgets = budget::check(&rows, &["veto", TEN], Some(&large));
    let report = Report {
        machine: machine(),
        versions: versions(),
        quick: is_quick(),
        rows,
        loads,
        large: Some(large),
        budgets,
    };
    print!("{}", report.text());
    report.save(results)?;
    let kept = report.budgets.iter().all(|budget| budget.met);
    Ok(if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn ours(plan: Plan) -> Result<(Vec<Row>, Vec<Load>)> {
    let (mut rows, mut loads) = (Vec::new(), Vec::new());
    for rules in scenario::SIZES {
        eprintln!("==> {rules} rules");
        let mut sources = source::scenario(rules);
        let (set, cpu, _) = once(|| large::set(&sources));
        loads.push(Load {
            engine: "veto".to_owned(),
            rules,
            milliseconds: Some(cpu.as_secs_f64() * 1e3),
            note: None,
        });
        rows.extend(decide::measure("veto", rules, &set?, plan)?);
        sources.push(source::nine_more());
        rows.extend(decide::measure(TEN, rules, &large::set(&sources)?, plan)?);
        sources.pop();
        sources.push(source::nine_conditions());
        let name = "veto, 10 conditions that are asked";
        rows.extend(decide::measure(name, rules, &large::set(&sources)?, plan)?);
    }
    Ok((rows, loads))
}

fn of_peers(binary: &str) -> Result<Peers> {
    let output = Command::new(binary).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("starting `{binary}`"))?;
    ensure!(
        output.status.success(),
        "the peers ended with {}",
        output.status
    );
    serde_json::from_slice(&output.stdout).context("what the peers printed")
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |key: &str| {
        let line = cpus.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split(": ").nth(1))
            .unwrap_or("unknown")
            .to_owned()
    };
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} × {} (model {}), {} GiB; load before the run {}",
        std::thread::available_parallelism().map_or(0, usize::from),
        of("model name"),
        of("model\t"),
        kib.unwrap_or(0).div_ceil(1 << 20),
        load.split_whitespace().next().unwrap_or("unknown"),
    )
}

/// The versions that are pinned in the lock file of this workspace.
fn versions() -> String {
    let lock = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let from = lock
            .split(&format!("name = \"{name}\"\nversion = \""))
            .nth(1);
        from.and_then(|rest| rest.split('"').next())
            .unwrap_or("unknown")
            .to_owned()
    };
    let peers = ["cedar-policy", "regorus", "cel"].map(|name| format!("{name} {}", version(name)));
    format!(
        "veto-policy {}, {}; times are processor time of one thread",
        version("veto-policy"),
        peers.join(", ")
    )
}

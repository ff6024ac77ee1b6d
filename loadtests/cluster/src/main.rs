//! Measures a cluster of three control planes: its writes beside etcd's in the same run, the way of a change
//! to the nodes, and the snapshot that a new learner takes. Exits with 1 when a promise is missed.
//!
//! Usage: `veto-bench-cluster BIN ETCD DATA RESULTS [quick] [writes] [feed] [snapshot]`: the folder of the binaries,
//! the program `etcd`, a folder on the disk that is to be measured, and the folder for the JSON. Without a part named: all.

mod etcd;
mod feed;
mod load;
mod plan;
mod process;
mod proxy;
mod report;
mod snapshot;
mod target;
mod veto;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use etcd::Etcd;
use plan::Plan;
use report::Report;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [bin, etcd, data, results, options @ ..] = arguments.as_slice() else {
        bail!("usage: veto-bench-cluster BIN ETCD DATA RESULTS [quick] [writes] [feed] [snapshot]");
    };
    let quick = options.contains(&"quick");
    let parts: Vec<&str> = options
        .iter()
        .copied()
        .filter(|part| *part != "quick")
        .collect();
    let data = Path::new(data);
    // What an earlier run left.
    let _ = fs::remove_dir_all(data);
    fs::create_dir_all(data).with_context(|| data.display().to_string())?;
    let machine = machine();
    let report = run(Path::new(bin), Path::new(etcd), data, quick, &parts).await;
    if report.is_ok() {
        fs::remove_dir_all(data)?;
    }
    let mut report = report.with_context(|| format!("the logs are in {}", data.display()))?;
    report.machine = machine;
    report.judge();
    print!("{}", report.text());
    report.save(Path::new(results))?;
    let kept = report.budgets.iter().all(|budget| budget.met);
    Ok(if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn run(bin: &Path, etcd: &Path, data: &Path, quick: bool, parts: &[&str]) -> Result<Report> {
    let plan = Plan::chosen(quick);
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let versions = format!(
        "veto {}, {}",
        env!("CARGO_PKG_VERSION"),
        Etcd::version(etcd)?
    );
    let mut veto = veto::Veto::start(bin, data).await?;
    let writes = match wanted("writes") {
        true => {
            let mut etcd = Etcd::start(etcd, data).await?;
            Some(load::side_by_side(&mut veto, &mut etcd, plan).await?)
        }
        false => None,
    };
    let feed = match wanted("feed") {
        true => Some(feed::measure(&mut veto, plan).await?),
        false => None,
    };
    let snapshot = match wanted("snapshot") {
        true => Some(snapshot::measure(&mut veto, plan).await?),
        false => None,
    };
    Ok(Report {
        machine: String::new(),
        versions,
        quick,
        writes,
        feed,
        snapshot,
        budgets: Vec::new(),
    })
}

/// What is measured on, and how busy it was before.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let field = |name: &str| {
        let lines = processors.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| Some(line.split_once(": ")?.1.to_owned()))
            .collect::<Vec<_>>()
    };
    let (models, numbers) = (field("model name"), field("model\t"));
    let memory = read("/proc/meminfo");
    let kib = memory
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    format!(
        "{} × {} (model {}), {} GiB; load before the run {}",
        models.len(),
        models.first().map_or("", String::as_str),
        numbers.first().map_or("", String::as_str),
        kib.unwrap_or(0_u64).div_ceil(1 << 20),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    )
}

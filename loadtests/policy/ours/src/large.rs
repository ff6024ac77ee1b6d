//! Compiles a large set in a process of its own, so that the peak of its memory is that of nothing else.

use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use veto_bench::{Plan, Row, cpu_of_process, once, peak_rss};
use veto_policy::{Compiled, Diagnostics, PolicySet, compile};

use crate::{decide, source};

/// How many changed files are timed.
const CHANGES: usize = 9;

/// What a large set costs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Large {
    pub(crate) rules: usize,
    pub(crate) policies: usize,
    pub(crate) files: usize,
    /// Of all files together.
    pub(crate) text_bytes: usize,
    /// The compile.
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    /// The most memory of the process, the text of the files included, after the compile.
    pub(crate) peak_bytes: u64,
    /// A file with one changed policy, in milliseconds of processor time, median and longest.
    pub(crate) update_milliseconds: f64,
    pub(crate) update_longest: f64,
    /// The most memory after all changes, two sets standing side by side.
    pub(crate) peak_bytes_with_updates: u64,
    pub(crate) rows: Vec<Row>,
}

/// Starts the process and reads what it prints.
pub(crate) fn in_a_child(rules: usize) -> Result<Large> {
    let mut child = Command::new(std::env::current_exe()?);
    let output = child.args(["large", &rules.to_string()]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the compile of {rules} rules ended: {errors}"
    );
    serde_json::from_slice(&output.stdout).context("what the compile printed")
}

/// The child's work.
pub(crate) fn measure(rules: usize, plan: Plan) -> Result<Large> {
    let mut sources = source::large(rules);
    let (compiled, cpu, wall) = once(|| compile(&sources));
    let mut set = compiled.map_err(refused)?.set;
    let peak_bytes = peak_rss();
    let mut times: Vec<f64> = Vec::new();
    for change in 0..CHANGES {
        // Files from everywhere; the rest of the file stays as it is.
        let at = (change * 3_877 + 1) % sources.len();
        sources[at] = source::changed(&sources[at], change);
        let changed = [&*sources[at].path];
        let (next, cpu, _) = once(|| set.update(&sources, &changed));
        set = next.map_err(refused)?.set;
        times.push(cpu.as_secs_f64() * 1e3);
    }
    ensure!(set.rule_count() == rules, "a change lost rules");
    times.sort_by(f64::total_cmp);
    let mut rows = decide::measure("veto", rules, &set, plan)?;
    rows.push(decide::scattered(
        "veto, another tool each time",
        rules,
        &set,
        plan,
    )?);
    Ok(Large {
        rules: set.rule_count(),
        policies: set.policy_count(),
        files: sources.len(),
        text_bytes: sources.iter().map(|source| source.text.len()).sum(),
        cpu_seconds: cpu.as_secs_f64(),
        wall_seconds: wall.as_secs_f64(),
        peak_bytes,
        update_milliseconds: times[times.len() / 2],
        update_longest: times[times.len() - 1],
        peak_bytes_with_updates: peak_rss(),
        rows,
    })
}

/// Compiles again and again, for a profiler to look at; prints what each time cost.
pub(crate) fn repeat(rules: usize, times: usize) -> Result<()> {
    let sources = source::large(rules);
    for _ in 0..times {
        let (compiled, cpu, wall) = once(|| compile(&sources));
        let set: PolicySet = compiled.map_err(refused)?.set;
        let before = cpu_of_process();
        let count = set.rule_count();
        drop(set);
        let release = cpu_of_process() - before;
        println!(
            "{count} rules: {cpu:.1?} of processor time, {wall:.1?} by the clock; released in {release:.1?}"
        );
    }
    println!("peak {} MiB", peak_rss() >> 20);
    Ok(())
}

/// Compiles a set that the benchmark decides on.
pub(crate) fn set(sources: &[veto_policy::Source]) -> Result<PolicySet> {
    let compiled: Compiled = compile(sources).map_err(refused)?;
    Ok(compiled.set)
}

fn refused(found: Diagnostics) -> anyhow::Error {
    let first = found
        .0
        .first()
        .map(|d| format!("{}:{}: {}", d.path, d.line, d.message));
    anyhow!(
        "a policy of the benchmark is refused: {}",
        first.unwrap_or_default()
    )
}

//! Runs seeds, each in a process of its own: what a process draws then follows from the seed alone.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use veto_simulation::plan::{Mutation, Plan};
use veto_simulation::run::run;

/// What the standard library of a simulated process draws from.
const CHANCE: &str = "VETO_SIMULATED_CHANCE";
/// A seed takes seconds; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Parser)]
#[command(about = "The cluster of the control plane, simulated")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run seeds one after the other; the first that fails ends it.
    Run {
        /// How many.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
        /// The first.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// How many at once.
        #[arg(long, default_value_t = 2)]
        jobs: usize,
        #[command(flatten)]
        how: How,
    },
    /// Run one seed in this process.
    Seed {
        /// Which.
        seed: u64,
        #[command(flatten)]
        how: How,
    },
}

#[derive(clap::Args, Clone)]
struct How {
    /// Write all that happens into this file.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Break something on purpose.
    #[arg(long)]
    mutation: Option<Mutation>,
    /// Look at these invariants only.
    #[arg(long)]
    only: Vec<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().task {
        Task::Run {
            seeds,
            from,
            jobs,
            how,
        } => many(from, seeds, jobs.max(1), &how),
        Task::Seed { seed, how } => one(seed, &how),
    }
}

fn one(seed: u64, how: &How) -> anyhow::Result<ExitCode> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    if let Ok(filter) = filter {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .init();
    }
    let plan = Plan::new(seed, how.mutation);
    let report = run(&plan, &how.only)?;
    if let Some(path) = &how.trace {
        let mut file = BufWriter::new(File::create(path)?);
        writeln!(file, "{plan:?}")?;
        for event in &report.trace {
            writeln!(file, "{event}")?;
        }
        file.flush()?;
    }
    let (all, acknowledged) = report.operations;
    println!(
        "seed {seed}: trace {} of {} events, {all} operations, {acknowledged} written, {} faults, {:.1} s",
        report.digest(),
        report.trace.len(),
        report.faults,
        report.simulated.as_secs_f64(),
    );
    let Some(violation) = report.violation else {
        return Ok(ExitCode::SUCCESS);
    };
    println!("seed {seed}: VIOLATION of {violation}");
    Ok(ExitCode::FAILURE)
}

fn many(from: u64, seeds: u64, jobs: usize, how: &How) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let mut left: VecDeque<u64> = (from..from + seeds).collect();
    let mut running: Vec<(u64, Instant, Child)> = Vec::new();
    let (mut green, mut red) = (0, Vec::new());
    while !running.is_empty() || (!left.is_empty() && red.is_empty()) {
        while running.len() < jobs
            && red.is_empty()
            && let Some(seed) = left.pop_front()
        {
            running.push((seed, Instant::now(), start(seed, how)?));
        }
        std::thread::sleep(Duration::from_millis(10));
        let mut on = Vec::new();
        for (seed, since, mut child) in running {
            match child.try_wait()? {
                Some(status) if status.success() => green += 1,
                Some(status) => red.push((seed, format!("{status}"))),
                None if since.elapsed() > PATIENCE => {
                    child.kill()?;
                    child.wait()?;
                    red.push((seed, "it hangs".to_owned()));
                }
                None => on.push((seed, since, child)),
            }
        }
        running = on;
    }
    println!(
        "{green} of {seeds} seeds from {from} hold in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    for (seed, status) in &red {
        println!("seed {seed} fails ({status}); replay it with: make simulate SEEDS=1 FROM={seed}");
    }
    let all = red.is_empty() && green == seeds;
    Ok(if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn start(seed: u64, how: &How) -> anyhow::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("seed").arg(seed.to_string());
    if let Some(path) = &how.trace {
        command.arg("--trace").arg(path);
    }
    if let Some(mutation) = how.mutation {
        use clap::ValueEnum as _;
        let named = mutation.to_possible_value();
        let name = named.map(|value| value.get_name().to_owned());
        command.arg("--mutation").arg(name.unwrap_or_default());
    }
    for name in &how.only {
        command.arg("--only").arg(name);
    }
    command.env(CHANCE, seed.to_string()).stdin(Stdio::null());
    Ok(command.spawn()?)
}

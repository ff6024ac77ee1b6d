//! The tables on stdout, the same as JSON, and which promises were kept.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::feed::Feed;
use crate::load::{CLIENTS, Figures};
use crate::snapshot::Snapshot;

/// All that a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) versions: String,
    pub(crate) quick: bool,
    pub(crate) writes: Option<[Figures; 2]>,
    pub(crate) feed: Option<Feed>,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) budgets: Vec<Budget>,
}

/// A promise with what was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Budget {
    name: String,
    measured: f64,
    bound: f64,
    unit: &'static str,
    pub(crate) met: bool,
}

fn most(name: impl Into<String>, measured: f64, bound: f64, unit: &'static str) -> Budget {
    Budget {
        name: name.into(),
        measured,
        bound,
        unit,
        met: measured <= bound,
    }
}

const fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

impl Report {
    /// Fills in which promises were kept.
    pub(crate) fn judge(&mut self) {
        let mut budgets = Vec::new();
        if let Some([ours, theirs]) = &self.writes {
            budgets.push(most("one client, p50", ours.p50, theirs.p50, "ms"));
            budgets.push(most("one client, p99", ours.p99, theirs.p99, "ms"));
            let each = |figures: &Figures| 1e6 / figures.throughput;
            let name = format!("{CLIENTS} clients, time for each write");
            budgets.push(most(name, each(ours), each(theirs), "µs"));
            let name = "writes again after a kill of the leader, median";
            budgets.push(most(name, ours.recovery, theirs.recovery, "ms"));
        }
        if let Some(feed) = &self.feed {
            budgets.push(most(
                "committed to applied on a node, p99",
                feed.applied_p99,
                10.0,
                "ms",
            ));
            let name = format!("the last of {} subscribers has it, p99", feed.subscribers);
            budgets.push(most(name, feed.last_p99, 250.0, "ms"));
            budgets.push(most("memory of a subscriber", feed.each_kib, 32.0, "KiB"));
        }
        if let Some(snapshot) = &self.snapshot {
            let over = mib(snapshot.leader_peak.saturating_sub(snapshot.leader_base));
            budgets.push(most("leader's memory over base", over, 256.0, "MiB"));
            let over = mib(snapshot.learner_peak.saturating_sub(snapshot.learner_base));
            budgets.push(most("learner's memory over base", over, 256.0, "MiB"));
        }
        self.budgets = budgets;
    }

    /// Writes the JSON beside what other benchmarks write.
    pub(crate) fn save(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(folder.join("bench-cluster.json"), text + "\n")?;
        Ok(())
    }

    /// The tables, as Markdown that reads well on a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n{}\n", self.machine, self.versions);
        if let Some(writes) = &self.writes {
            text.push_str(&side_by_side(writes));
        }
        if let Some(feed) = &self.feed {
            text.push_str(&feed_lines(feed));
        }
        if let Some(snapshot) = &self.snapshot {
            text.push_str(&snapshot_lines(snapshot));
        }
        let mut lines = vec![cells(["promise", "measured", "bound", ""])];
        lines.extend(self.budgets.iter().map(|budget| {
            cells([
                budget.name.clone(),
                format!("{:.2} {}", budget.measured, budget.unit),
                format!("{:.2} {}", budget.bound, budget.unit),
                if budget.met { "kept" } else { "MISSED" }.to_owned(),
            ])
        }));
        text + "\nBudgets\n\n" + &table(&lines)
    }
}

fn side_by_side([ours, theirs]: &[Figures; 2]) -> String {
    let line = |name: &str, of: &dyn Fn(&Figures) -> f64, unit: &str| {
        let (ours, theirs) = (of(ours), of(theirs));
        let figure = |value: f64| format!("{value:.*} {unit}", if value < 100.0 { 2 } else { 0 });
        let ratio = format!("{:.2}", ours / theirs);
        cells([name.to_owned(), figure(ours), figure(theirs), ratio])
    };
    let lines = [
        cells([
            "writes of 1 KiB, three nodes",
            ours.name,
            theirs.name,
            "ratio",
        ]),
        line("1 client, p50", &|f| f.p50, "ms"),
        line("1 client, p99", &|f| f.p99, "ms"),
        line(
            &format!("{CLIENTS} clients, writes"),
            &|f| f.throughput,
            "/s",
        ),
        line(&format!("{CLIENTS} clients, p50"), &|f| f.loaded_p50, "ms"),
        line(&format!("{CLIENTS} clients, p99"), &|f| f.loaded_p99, "ms"),
        line(
            "kill -9 of the leader, writes again, median",
            &|f| f.recovery,
            "ms",
        ),
    ];
    format!("\n{}", table(&lines))
}

fn feed_lines(feed: &Feed) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\nFeed: {} changes to one node, committed to applied p50 {:.2} ms, p99 {:.2} ms (write sent to applied: \
         p50 {:.2} ms, p99 {:.2} ms).\n{} changes to {} subscribers, each on a connection of its own: the last one \
         has it after p50 {:.0} ms, p99 {:.0} ms;\n{:.1} KiB of the replica for each.",
        feed.changes,
        feed.applied_p50,
        feed.applied_p99,
        feed.sent_p50,
        feed.sent_p99,
        feed.broadcasts,
        feed.subscribers,
        feed.last_p50,
        feed.last_p99,
        feed.each_kib,
    );
    text
}

fn snapshot_lines(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\nSnapshot: a state of {:.0} MiB went to a new learner in {:.1} s while {} writes were acknowledged; the link \
         was cut {} times, first after {:.0} MiB.\nMemory: leader {:.0} MiB, at most {:.0}; learner {:.0} MiB, at most \
         {:.0}. The digests of all replicas are equal at revision {}.",
        mib(snapshot.bytes),
        snapshot.seconds,
        snapshot.writes,
        snapshot.cuts,
        mib(snapshot.cut_after),
        mib(snapshot.leader_base),
        mib(snapshot.leader_peak),
        mib(snapshot.learner_base),
        mib(snapshot.learner_peak),
        snapshot.revision,
    );
    text
}

fn cells<T: Into<String>>(texts: [T; 4]) -> Vec<String> {
    texts.map(Into::into).to_vec()
}

fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

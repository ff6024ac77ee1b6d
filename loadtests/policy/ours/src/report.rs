//! The table on stdout, and the same as JSON.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;
use veto_bench::{Form, Load, Row};

use crate::budget::Budget;
use crate::large::Large;

/// All that a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) versions: String,
    pub(crate) quick: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) loads: Vec<Load>,
    pub(crate) large: Option<Large>,
    pub(crate) budgets: Vec<Budget>,
}

impl Report {
    /// Writes the JSON beside what other benchmarks write.
    pub(crate) fn save(&self, folder: &str) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(format!("{folder}/bench-policy.json"), text + "\n")?;
        Ok(())
    }

    /// The tables, as Markdown that reads well on a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n{}\n\n", self.machine, self.versions);
        text.push_str(&table(&self.decisions()));
        text.push_str("\nLoading\n\n");
        text.push_str(&table(&self.load_lines()));
        if let Some(large) = &self.large {
            let mib = |bytes: u64| bytes >> 20;
            let _ = writeln!(
                text,
                "\n{} rules in {} policies and {} files ({} MiB of text): compiled in {:.2} s of processor time, {:.2} s \
                 by the clock,\npeak {} MiB with the text. A file with one changed policy: {:.1} ms, the longest of all \
                 {:.1} ms; peak then {} MiB.",
                thousands(large.rules),
                thousands(large.policies),
                thousands(large.files),
                large.text_bytes >> 20,
                large.cpu_seconds,
                large.wall_seconds,
                mib(large.peak_bytes),
                large.update_milliseconds,
                large.update_longest,
                mib(large.peak_bytes_with_updates),
            );
        }
        text.push_str("\nBudgets\n\n");
        let mut lines = vec![
            ["promise", "measured", "bound", ""]
                .map(str::to_owned)
                .to_vec(),
        ];
        lines.extend(self.budgets.iter().map(|budget| {
            vec![
                budget.name.clone(),
                format!("{:.2} {}", budget.measured, budget.unit),
                format!("{} {}", budget.bound, budget.unit),
                if budget.met { "kept" } else { "MISSED" }.to_owned(),
            ]
        }));
        text.push_str(&table(&lines));
        text
    }

    /// Each decision with how many times ours it takes.
    fn decisions(&self) -> Vec<Vec<String>> {
        let names = [
            "engine",
            "rules",
            "arguments",
            "answer",
            "time",
            "× ours",
            "allocations",
            "bytes",
        ];
        let mut lines = vec![names.map(str::to_owned).to_vec()];
        for row in &self.rows {
            let ours = self.rows.iter().find(|ours| {
                ours.engine == "veto"
                    && (ours.rules, ours.form, ours.case) == (row.rules, row.form, row.case)
            });
            let ratio = ours.map_or(String::new(), |ours| {
                ratio(row.nanoseconds / ours.nanoseconds)
            });
            lines.push(vec![
                row.engine.clone(),
                thousands(row.rules),
                match row.form {
                    Form::Parsed => "parsed",
                    Form::Text => "JSON text",
                }
                .to_owned(),
                row.case.as_str().to_owned(),
                time(row.nanoseconds),
                ratio,
                thousands(usize::try_from(row.allocations).unwrap_or(usize::MAX)),
                thousands(usize::try_from(row.bytes).unwrap_or(usize::MAX)),
            ]);
        }
        lines
    }

    fn load_lines(&self) -> Vec<Vec<String>> {
        let mut lines = vec![
            ["engine", "rules", "loaded in", "note"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for load in &self.loads {
            lines.push(vec![
                load.engine.clone(),
                thousands(load.rules),
                load.milliseconds
                    .map_or_else(|| "–".to_owned(), |ms| time(ms * 1e6)),
                load.note.clone().unwrap_or_default(),
            ]);
        }
        lines
    }
}

fn ratio(ratio: f64) -> String {
    if ratio < 100.0 {
        format!("{ratio:.1}")
    } else {
        thousands(ratio.round() as usize)
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

/// A number with a comma between thousands.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Lines as a table; the first is the head.
fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |at: usize| {
        lines
            .iter()
            .map(|line| line[at].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if at == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "|-{}-|", rules.join("-|-"));
        }
    }
    text
}

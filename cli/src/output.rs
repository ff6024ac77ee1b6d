//! Data on stdout, in the form that the reader asked for.

use std::io::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::error::Error;

/// The form of the data on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
    /// One JSON document a line.
    Jsonl,
}

/// One line of a table, and the whole of what there is to know as data.
pub(crate) trait Row: Serialize {
    /// The heads of the columns.
    const COLUMNS: &'static [&'static str];

    /// The cells, in the order of the columns.
    fn cells(&self) -> Vec<String>;
}

impl Format {
    /// Prints a list of things.
    pub(crate) fn rows<R: Row>(self, rows: &[R]) -> Result<(), Error> {
        match self {
            Self::Table => {
                let mut table = table();
                table.set_header(R::COLUMNS);
                table.add_rows(rows.iter().map(Row::cells));
                line(&trimmed(&table))
            }
            Self::Json | Self::Yaml => self.document(&rows),
            Self::Jsonl => rows.iter().try_for_each(|row| self.document(row)),
        }
    }

    /// Prints one thing: as a table, a line for each column.
    pub(crate) fn row<R: Row>(self, row: &R) -> Result<(), Error> {
        if self != Self::Table {
            return self.document(row);
        }
        let mut table = table();
        let named = R::COLUMNS
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .zip(row.cells());
        table.add_rows(
            named
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(name, cell)| [name, cell]),
        );
        line(&trimmed(&table))
    }

    /// Prints one document; as a table it is JSON too, for what has no columns.
    pub(crate) fn document(self, value: &impl Serialize) -> Result<(), Error> {
        let text = match self {
            Self::Table | Self::Json => serde_json::to_string_pretty(value).map_err(other)?,
            Self::Jsonl => serde_json::to_string(value).map_err(other)?,
            Self::Yaml => serde_yaml::to_string(value).map_err(other)?,
        };
        line(text.trim_end())
    }
}

/// Prints text as it is and ends the line.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    writeln!(std::io::stdout().lock(), "{text}").map_err(Error::Output)
}

/// Prints bytes as they are.
pub(crate) fn bytes(data: &[u8]) -> Result<(), Error> {
    std::io::stdout()
        .lock()
        .write_all(data)
        .map_err(Error::Output)
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn trimmed(table: &Table) -> String {
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Output(std::io::Error::other(error))
}

//! Puts a policy file into the form that all policy files share, and keeps its comments.
//!
//! A library lays the text out; `align` then puts schemas and comments of neighbouring lines into columns,
//! as people write them. Whatever comes out is read again: unless it says the same with the same comments,
//! nothing is changed.

mod align;
mod same;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions, LineBreak, Quotes};

use crate::diagnostic::Diagnostic;
use crate::source::{self, Source};

/// Lines are broken beyond this many columns.
pub(crate) const WIDTH: usize = 120;

/// A layout that has not settled after this many passes never will.
const PASSES: usize = 5;

/// Why a file was not formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(Diagnostic),
    /// The new text would say something else, or lose a comment.
    #[error("format-unsafe: {0}; the file stays as it is")]
    Unsafe(&'static str),
}

impl FormatError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(found) => found.code.as_str(),
            Self::Unsafe(_) => "format-unsafe",
        }
    }
}

impl From<Diagnostic> for FormatError {
    fn from(found: Diagnostic) -> Self {
        Self::Unreadable(found)
    }
}

/// Formats a file: the same documents, with the same comments, in the form that all policy files share.
/// Formatting what was formatted changes nothing.
pub fn format(source: &Source) -> Result<String, FormatError> {
    // Our reader comes first: it is the one with bounds.
    let meant = source::read(source)?;
    let start = source.text.strip_prefix('\u{feff}');
    let start = flush(start.unwrap_or(&source.text));
    let mut text = lay_out(&start)?;
    let mut settled = false;
    for _ in 1..PASSES {
        let again = lay_out(&text)?;
        settled = again == text;
        if settled {
            break;
        }
        text = again;
    }
    if !settled {
        return Err(FormatError::Unsafe("no layout of it settles"));
    }
    let new = Source {
        path: source.path.clone(),
        text,
    };
    let Ok(said) = source::read(&new) else {
        return Err(FormatError::Unsafe("the new text could not be read"));
    };
    if !same::documents(&meant, &said) {
        return Err(FormatError::Unsafe("the new text would say something else"));
    }
    if same::comments(&start) != same::comments(&new.text) {
        return Err(FormatError::Unsafe("a comment would be lost or moved"));
    }
    Ok(new.text)
}

fn lay_out(text: &str) -> Result<String, FormatError> {
    let refused = |_| FormatError::Unsafe("its layout is not understood");
    let mut text = pretty_yaml::format_text(text, &options()).map_err(refused)?;
    text.truncate(text.trim_end_matches([' ', '\n']).len());
    text.push('\n');
    align::columns(&text).map_err(refused)
}

/// Brings comments before the first value of a document to the margin: the layout does not expect them elsewhere.
fn flush(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = true;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches([' ', '\t']);
        let is_comment = bare.starts_with('#');
        out.push_str(if before && is_comment { bare } else { line });
        let is_marker = line.strip_prefix("---").is_some_and(|rest| {
            let rest = rest.trim_start_matches([' ', '\t']);
            rest.is_empty() || rest.starts_with(['\r', '\n', '#'])
        });
        before = is_marker || (before && (is_comment || bare.trim().is_empty()));
    }
    out
}

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions {
            print_width: WIDTH,
            indent_width: 2,
            line_break: LineBreak::Lf,
        },
        language: LanguageOptions {
            quotes: Quotes::PreferSingle,
            trailing_comma: false,
            prefer_single_line: true,
            // No comment holds a line end: none switches the formatting off.
            ignore_comment_directive: "\n".to_owned(),
            ..LanguageOptions::default()
        },
    }
}

#[cfg(test)]
mod tests;

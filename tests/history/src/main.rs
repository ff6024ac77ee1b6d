//! Judges histories: `veto-history FILE…`. Exit 0: all hold, the summary of each is printed as JSON; 1: a
//! violation; 2: a file is no history.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut worst = 0;
    let mut files = 0;
    for file in std::env::args_os().skip(1) {
        files += 1;
        let shown = std::path::Path::new(&file).display().to_string();
        let text = std::fs::read_to_string(&file).map_err(|e| e.to_string());
        let history = text.and_then(|text| {
            veto_history::parse(&text).map_err(|e| match std::error::Error::source(&e) {
                Some(source) => format!("{e}: {source}"),
                None => e.to_string(),
            })
        });
        let history = match history {
            Ok(history) => history,
            Err(error) => {
                eprintln!("{shown}: {error}");
                worst = 2;
                continue;
            }
        };
        match veto_history::check(&history) {
            Ok(summary) => println!("{}", serde_json::json!({"file": shown, "summary": summary})),
            Err(violation) => {
                eprintln!("{shown}: {violation}");
                worst = worst.max(1);
            }
        }
    }
    if files == 0 {
        eprintln!("veto-history FILE…: judges histories of operations, a JSON object a line");
        worst = 2;
    }
    ExitCode::from(worst)
}

//! What the lab tells the person in front of it: live lines on a terminal, plain lines elsewhere.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where progress and results go: standard error for progress, standard output for results.
#[derive(Debug, Clone, Default)]
pub struct Console {
    live: Option<MultiProgress>,
}

/// One activity under way, with a line of its own on a terminal.
#[derive(Debug, Clone)]
pub struct Activity {
    name: String,
    bar: Option<ProgressBar>,
}

impl Console {
    /// Live when standard error is a terminal.
    #[must_use]
    pub fn detect() -> Self {
        let live = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { live }
    }

    /// Starts an activity called `name`.
    #[must_use]
    pub fn activity(&self, name: &str) -> Activity {
        let bar = self.live.as_ref().map(|live| {
            let bar = live.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Activity {
            name: name.to_owned(),
            bar,
        }
    }

    /// Prints a line of progress above the live ones.
    pub fn note(&self, line: impl Display) {
        match &self.live {
            Some(live) => {
                let _ = live.println(line.to_string());
            }
            None => write_line(&mut std::io::stderr(), &line.to_string()),
        }
    }

    /// Prints a line of the result to standard output.
    pub fn result(&self, line: impl Display) {
        let line = line.to_string();
        let print = || write_line(&mut std::io::stdout(), &line);
        match &self.live {
            Some(live) => live.suspend(print),
            None => print(),
        }
    }
}

impl Activity {
    /// Says what is being done now.
    pub fn step(&self, what: impl Display) {
        match &self.bar {
            Some(bar) => bar.set_message(what.to_string()),
            None => write_line(&mut std::io::stderr(), &format!("{}: {what}", self.name)),
        }
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A closed standard output or error is the reader's choice, not a failure of the lab.
fn write_line(to: &mut impl Write, line: &str) {
    let _ = writeln!(to, "{line}");
}

//! Progress on standard error: a live line on a terminal, one plain line a step without one.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use conditions::GuestId;
use indicatif::{ProgressBar, ProgressStyle};

/// Where a command's progress goes.
pub(crate) struct Progress {
    began: Instant,
    live: Option<ProgressBar>,
    silent: bool,
}

impl Progress {
    /// Live where standard error is a terminal, plain lines elsewhere; nothing when `silent`.
    pub(crate) fn new(silent: bool) -> Self {
        let live = (!silent && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            began: Instant::now(),
            live,
            silent,
        }
    }

    /// A step begins.
    pub(crate) fn doing(&self, guest: &GuestId, what: &str) {
        self.print(&format!("{guest}: {what}"));
    }

    /// A step has ended.
    pub(crate) fn done(&self, guest: &GuestId, outcome: &str, detail: &str) {
        let separator = if detail.is_empty() { "" } else { ": " };
        self.print(&format!("{guest}:   {outcome}{separator}{detail}"));
    }

    /// Something is being waited for; shown live only.
    pub(crate) fn waiting(&self, guest: &GuestId, what: &str) {
        if let Some(bar) = &self.live {
            bar.set_message(format!("{} {guest}: {what}", self.elapsed()));
        }
    }

    /// A remark.
    pub(crate) fn say(&self, text: &str) {
        self.print(text);
    }

    /// Runs `print`, which writes elsewhere, with the live line out of its way.
    pub(crate) fn suspended<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.live {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn print(&self, text: &str) {
        if self.silent {
            return;
        }
        let text = format!("{} {text}", self.elapsed());
        match &self.live {
            Some(bar) => bar.println(text),
            // Progress that nobody reads is no reason to leave a guest half-way.
            None => drop(writeln!(io::stderr().lock(), "{text}")),
        }
    }

    fn elapsed(&self) -> String {
        format!("[{:6.1} s]", self.began.elapsed().as_secs_f64())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.live {
            bar.finish_and_clear();
        }
    }
}

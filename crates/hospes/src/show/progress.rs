//! Progress on standard error: on a terminal a live line for each guest under way and one for all
//! of them, elsewhere one plain line a step.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use conditions::GuestId;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where a command's progress goes.
pub(crate) struct Progress {
    began: Instant,
    live: Option<Live>,
    silent: bool,
    /// What guests print is told too.
    verbose: bool,
}

/// The live lines, those of guests above that of all.
struct Live {
    lines: MultiProgress,
    guests: Mutex<BTreeMap<GuestId, ProgressBar>>,
    all: ProgressBar,
}

impl Progress {
    /// Live where standard error is a terminal, plain lines elsewhere; nothing when `silent`.
    pub(crate) fn new(silent: bool, verbose: bool) -> Self {
        let live = (!silent && io::stderr().is_terminal()).then(Live::new);
        Self {
            began: Instant::now(),
            live,
            silent,
            verbose,
        }
    }

    /// A step begins.
    pub(crate) fn doing(&self, guest: &GuestId, what: &str) {
        self.print(&format!("{guest}: {what}"));
        self.waiting(guest, what);
    }

    /// A step has ended.
    pub(crate) fn done(&self, guest: &GuestId, outcome: &str, detail: &str) {
        let separator = if detail.is_empty() { "" } else { ": " };
        self.print(&format!("{guest}:   {outcome}{separator}{detail}"));
    }

    /// Something is being waited for; shown live only.
    pub(crate) fn waiting(&self, guest: &GuestId, what: &str) {
        if let Some(live) = &self.live {
            let line = live.line(guest);
            line.set_message(format!("{} {guest}: {what}", self.elapsed()));
        }
    }

    /// A line that a program of the guest printed.
    pub(crate) fn heard(&self, guest: &GuestId, line: &str) {
        if self.verbose {
            self.print(&format!("{guest}:   | {line}"));
        }
        self.waiting(guest, line);
    }

    /// Nothing more is done to this guest.
    pub(crate) fn ended(&self, guest: &GuestId) {
        if let Some(live) = &self.live
            && let Some(line) = live.guests().remove(guest)
        {
            line.finish_and_clear();
        }
    }

    /// How many are done, for a walk over many; shown live only.
    pub(crate) fn tally(&self, text: &str) {
        if let Some(live) = &self.live {
            live.all.set_message(format!("{} {text}", self.elapsed()));
            live.all.tick();
        }
    }

    /// A remark.
    pub(crate) fn say(&self, text: &str) {
        self.print(text);
    }

    /// Runs `print`, which writes elsewhere, with the live lines out of its way.
    pub(crate) fn suspended<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.live {
            Some(live) => live.lines.suspend(print),
            None => print(),
        }
    }

    fn print(&self, text: &str) {
        if self.silent {
            return;
        }
        let text = format!("{} {text}", self.elapsed());
        // Progress that nobody reads is no reason to leave a guest half-way.
        match &self.live {
            Some(live) => drop(live.lines.println(text)),
            None => drop(writeln!(io::stderr().lock(), "{text}")),
        }
    }

    fn elapsed(&self) -> String {
        format!("[{:6.1} s]", self.began.elapsed().as_secs_f64())
    }
}

impl Live {
    fn new() -> Self {
        let lines = MultiProgress::new();
        let all = lines.add(ProgressBar::no_length());
        all.set_style(style("{msg}"));
        Self {
            lines,
            guests: Mutex::default(),
            all,
        }
    }

    /// The line of a guest, made when it is first needed.
    fn line(&self, guest: &GuestId) -> ProgressBar {
        let mut guests = self.guests();
        if let Some(line) = guests.get(guest) {
            return line.clone();
        }
        let line = self
            .lines
            .insert_before(&self.all, ProgressBar::no_length());
        line.set_style(style("{spinner} {msg}"));
        line.enable_steady_tick(Duration::from_millis(120));
        guests.insert(guest.clone(), line.clone());
        line
    }

    fn guests(&self) -> MutexGuard<'_, BTreeMap<GuestId, ProgressBar>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            for line in live.guests().values() {
                line.finish_and_clear();
            }
            live.all.finish_and_clear();
        }
    }
}

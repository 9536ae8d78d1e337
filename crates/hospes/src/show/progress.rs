//! Progress on standard error: on a terminal a live line for each machine under way and one for all
//! of them, elsewhere one plain line a step.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where a command's progress goes.
pub(crate) struct Progress {
    began: Instant,
    live: Option<Live>,
    /// Who does not answer, and why, as it was told last.
    unanswered: Mutex<BTreeMap<String, String>>,
    silent: bool,
    /// What machines print is told too.
    verbose: bool,
}

/// The live lines, those of machines above that of all.
struct Live {
    lines: MultiProgress,
    machines: Mutex<BTreeMap<String, ProgressBar>>,
    all: ProgressBar,
}

impl Progress {
    /// Live where standard error is a terminal, plain lines elsewhere; nothing when `silent`.
    pub(crate) fn new(silent: bool, verbose: bool) -> Self {
        let live = (!silent && io::stderr().is_terminal()).then(Live::new);
        Self {
            began: Instant::now(),
            live,
            unanswered: Mutex::default(),
            silent,
            verbose,
        }
    }

    /// A step begins.
    pub(crate) fn doing(&self, machine: &impl Display, what: &str) {
        self.print(&format!("{machine}: {what}"));
        self.waiting(machine, what);
    }

    /// A step has ended.
    pub(crate) fn done(&self, machine: &impl Display, outcome: &str, detail: &str) {
        let separator = if detail.is_empty() { "" } else { ": " };
        self.print(&format!("{machine}:   {outcome}{separator}{detail}"));
    }

    /// Something is being waited for; shown live only.
    pub(crate) fn waiting(&self, machine: &impl Display, what: &str) {
        if let Some(live) = &self.live {
            let line = live.line(&machine.to_string());
            line.set_message(format!("{} {machine}: {what}", self.elapsed()));
        }
    }

    /// A machine does not answer, and is asked again: shown live each time, elsewhere once for each
    /// reason.
    pub(crate) fn unanswered(&self, machine: &impl Display, why: &str) {
        if self.live.is_some() {
            return self.waiting(machine, why);
        }
        let mut told = self.unanswered.lock();
        let told = told.as_mut().unwrap_or_else(|error| error.get_mut());
        let before = told.insert(machine.to_string(), why.to_owned());
        if before.as_deref() != Some(why) {
            self.print(&format!("{machine}:   {why}; it is asked again"));
        }
    }

    /// A line that a program of the machine printed.
    pub(crate) fn heard(&self, machine: &impl Display, line: &str) {
        if self.verbose {
            self.print(&format!("{machine}:   | {line}"));
        }
        self.waiting(machine, line);
    }

    /// Nothing more is done to this machine.
    pub(crate) fn ended(&self, machine: &impl Display) {
        if let Some(live) = &self.live
            && let Some(line) = live.machines().remove(&machine.to_string())
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
            machines: Mutex::default(),
            all,
        }
    }

    /// The line of a machine, made when it is first needed.
    fn line(&self, machine: &str) -> ProgressBar {
        let mut machines = self.machines();
        if let Some(line) = machines.get(machine) {
            return line.clone();
        }
        let line = self
            .lines
            .insert_before(&self.all, ProgressBar::no_length());
        line.set_style(style("{spinner} {msg}"));
        line.enable_steady_tick(Duration::from_millis(120));
        machines.insert(machine.to_owned(), line.clone());
        line
    }

    fn machines(&self) -> MutexGuard<'_, BTreeMap<String, ProgressBar>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            for line in live.machines().values() {
                line.finish_and_clear();
            }
            live.all.finish_and_clear();
        }
    }
}

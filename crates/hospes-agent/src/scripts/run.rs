//! From an order to an exit status.

use std::process::ExitCode;

use guest_os::power;
use metadata::scripts::{End, Event, Script, Settings, words};
use metadata::stop::ReportOutcome;

use super::attributes::Metadata;
use super::command_line::Order;
use super::execute::{Outcome, Surroundings};
use super::folder::Folder;
use super::graceful::Stop;
use super::interrupt::Interrupt;
use super::log::Log;
use super::{content, explain, settings};
use crate::system::DIALECT;
use crate::version;
use crate::watcher::RunDir;

/// Runs the scripts of an event.
pub(super) fn main(order: &Order, name: &str) -> ExitCode {
    let mut log = Log::open(order.event, name);
    let (settings, problems) = settings::read(&order.config);
    for problem in problems {
        log.warn(None, &problem);
    }
    if let Some(why) = needless(order, &settings, &mut log) {
        log.info(None, &why);
        return ExitCode::SUCCESS;
    }
    let runner = Runner {
        order,
        name,
        settings,
        run: RunDir::from_environment(),
    };
    match runner.run(&mut log) {
        Ok(status) => status,
        Err(problem) => {
            log.warn(None, &problem);
            ExitCode::FAILURE
        }
    }
}

/// Why nothing has to be run, before anybody is asked.
fn needless(order: &Order, settings: &Settings, log: &mut Log) -> Option<String> {
    let event = order.event;
    // A host that has announced a stop waits for a report: see `Runner::stop`.
    if !settings.is_enabled(event) && event != Event::GracefulShutdown {
        return Some(words::disabled(DIALECT, event));
    }
    if !order.only_at_poweroff {
        return None;
    }
    match power::goes_down() {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "The machine does not go down: no {event} scripts are run."
        )),
        Err(problem) => {
            let line = format!(
                "{problem}: whether the machine goes down is not known, so {event} scripts are run"
            );
            log.warn(None, &line);
            None
        }
    }
}

/// How scripts ended.
#[derive(Default)]
struct Tally {
    failed: bool,
    /// The status of the first that failed.
    exit: Option<i64>,
}

struct Runner<'a> {
    order: &'a Order,
    name: &'a str,
    settings: Settings,
    run: RunDir,
}

impl Runner<'_> {
    /// # Errors
    /// Why it is not known what to run, in one line.
    fn run(&self, log: &mut Log) -> Result<ExitCode, String> {
        let event = self.order.event;
        let once = event == Event::Startup && self.settings.startup_once && !self.order.again;
        if once && self.run.has_started() {
            log.info(None, &already("in this boot", event));
            return Ok(ExitCode::SUCCESS);
        }
        let metadata = Metadata::new(event, self.settings.patience(event))?;
        let stop = match self.stop(&metadata, log) {
            Ok(stop) => stop,
            Err(already) => {
                log.info(None, &already);
                return Ok(ExitCode::SUCCESS);
            }
        };
        let variables = stop.as_ref().map(Stop::variables).unwrap_or_default();
        let tally = self.run_scripts(&metadata, &variables, once, log);
        if let Some(stop) = stop {
            let (failed, exit) = match &tally {
                Ok(tally) => (tally.failed, tally.exit),
                Err(_) => (true, None),
            };
            let outcome = if failed {
                ReportOutcome::Failed
            } else {
                ReportOutcome::Done
            };
            stop.end(outcome, exit, log);
        }
        let fails = tally?.failed && self.settings.fail_on_script_error;
        Ok(if fails {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    /// The stop that graceful scripts run for, if the host has announced one.
    ///
    /// # Errors
    /// Why the scripts must not run: they have, for this stop.
    fn stop(&self, metadata: &Metadata, log: &mut Log) -> Result<Option<Stop>, String> {
        if self.order.event != Event::GracefulShutdown {
            return Ok(None);
        }
        let pending = self.run.pending_stop().unwrap_or_else(|error| {
            let what = "which stop is pending cannot be read, so nothing is reported to the host";
            log.warn(None, &format!("{what}: {error}"));
            None
        });
        let Some(pending) = pending else {
            return Ok(None);
        };
        let already = || already("for this stop", self.order.event);
        let hold = match self.run.hold(&pending.request) {
            Ok(Some(hold)) => Some(hold),
            Ok(None) => return Err(already()),
            Err(error) => {
                let what = "it cannot be seen whether the scripts run for this stop already";
                log.warn(None, &format!("{what}: {error}"));
                None
            }
        };
        match self.run.take(&pending.request) {
            Ok(false) if !self.order.again => return Err(already()),
            Ok(_) => {}
            Err(error) => {
                let what = "it cannot be noted that the scripts run for this stop";
                log.warn(None, &format!("{what}: {error}"));
            }
        }
        let (run, client) = (self.run.clone(), metadata.client.clone());
        Ok(Some(Stop::begin(pending, hold, run, client, self.name)))
    }

    fn run_scripts(
        &self,
        metadata: &Metadata,
        variables: &[(&'static str, String)],
        once: bool,
        log: &mut Log,
    ) -> Result<Tally, String> {
        let event = self.order.event;
        if !self.settings.is_enabled(event) {
            log.info(None, &words::disabled(DIALECT, event));
            return Ok(Tally::default());
        }
        log.info(None, &words::starting(event, version::OWN));
        let scripts = metadata.scripts(event, log)?;
        if scripts.is_empty() {
            log.info(None, &words::none(event));
            return Ok(Tally::default());
        }
        if once && !self.take_startup(log) {
            return Ok(Tally::default());
        }
        let mut interrupt = Interrupt::catch()?;
        let mut tally = Tally::default();
        for script in &scripts {
            let key = script.key.name;
            log.info(Some(key), &words::found(key));
            let Outcome { end, interrupted } =
                self.run_script(script, metadata, variables, &mut interrupt, log);
            if !end.is_success() && !tally.failed {
                tally.exit = end.code();
            }
            tally.failed |= !end.is_success();
            if interrupted {
                log.warn(None, "The runner was told to end: no more scripts are run.");
                tally.failed = true;
                return Ok(tally);
            }
        }
        log.info(None, &words::finished(event));
        Ok(tally)
    }

    fn take_startup(&self, log: &mut Log) -> bool {
        let taken = self.run.take_startup().unwrap_or_else(|error| {
            let what = "it cannot be noted that startup scripts run in this boot";
            log.warn(None, &format!("{what}: {error}"));
            true
        });
        if !taken {
            log.info(None, &already("in this boot", Event::Startup));
        }
        taken
    }

    fn run_script(
        &self,
        script: &Script,
        metadata: &Metadata,
        variables: &[(&'static str, String)],
        interrupt: &mut Interrupt,
        log: &mut Log,
    ) -> Outcome {
        let key = script.key.name;
        let folder = match Folder::create(self.settings.run_dir.as_deref()) {
            Ok(folder) => folder,
            Err(problem) => return self.not_started(key, problem, log),
        };
        interrupt.set_folder(Some(folder.path().to_owned()));
        if let Some(remark) = &folder.remark {
            log.warn(Some(key), remark);
        }
        let file = folder.path().join(script.file_name());
        let written = content::write(
            script,
            &file,
            self.order.event,
            &self.settings,
            metadata,
            log,
        );
        if let Err(problem) = written {
            return self.not_started(key, problem, log);
        }
        let surroundings = Surroundings {
            event: self.order.event,
            key,
            kind: script.kind,
            name: self.name,
            shell: self.settings.default_shell.as_deref(),
            timeout: self.settings.script_timeout,
            variables,
        };
        let outcome = surroundings.run(&file, interrupt, log);
        if outcome.end.is_success() {
            log.info(Some(key), &words::succeeded(key));
        } else {
            let why = explain::reason(&file, script.kind, &outcome.end);
            log.warn(Some(key), &words::failed(key, &outcome.end, why.as_deref()));
        }
        interrupt.set_folder(None);
        outcome
    }

    fn not_started(&self, key: &str, problem: String, log: &mut Log) -> Outcome {
        let end = End::NotStarted(problem);
        log.warn(Some(key), &words::failed(key, &end, None));
        Outcome {
            end,
            interrupted: false,
        }
    }
}

fn already(when: &str, event: Event) -> String {
    format!("The {event} scripts have run {when}; `--again` runs them again.")
}

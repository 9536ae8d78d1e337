//! `hospes-agent metadata-watcher`: from its start to its end.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use guest_os::boot;
use guest_os::clock::since_boot;
use guest_os::graceful::{self, Ended};
use guest_os::log_sink::LogSink;
use guest_os::process::{Termination, keep_descriptors, reduce_memory, release_program_pages};
use metadata::stop::Report;
use metadata::watch::{Details, Effect, Event, Notice, Now, Runner, Watch};
use metadata::{Failure, Key};
use metadata_client::Client;

use super::run_dir::RunDir;
use super::source::{Arrival, Canceller, Inbox, Source};
use super::{client, report, unit_end};
use crate::complain;
use crate::log::Log;

/// What is under way at the end may take so long; whatever is cut off is done again later.
const END_WITHIN: Duration = Duration::from_millis(500);

/// After so long without news the next request hangs, and nothing is needed of what it took.
const AT_REST_AFTER: Duration = Duration::from_secs(1);

/// Watches until a signal ends it.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    if let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy();
        complain(&format!(
            "hospes-agent metadata-watcher: takes no arguments, and `{argument}` is one\n"
        ));
        return ExitCode::from(2);
    }
    reduce_memory();
    keep_descriptors();
    match watch() {
        Ok(ending) => ending,
        Err(problem) => {
            complain(&format!("hospes-agent metadata-watcher: {problem}\n"));
            ExitCode::FAILURE
        }
    }
}

fn watch() -> Result<ExitCode, String> {
    let termination = Termination::catch().map_err(|error| error.to_string())?;
    let log = Arc::new(Log::new(false));
    log.open(LogSink::of_a_service());
    let client = client()?;
    let source = Source::start(client.watch_key(Key::stop_state()), &log)?;
    let inbox = source.subscribe();
    let is_ended = end_at_signal(termination, source.canceller(), &log)?;
    log.info(format_args!("watching {}", Key::stop_state()));
    Watcher::begin(client, log).run(&inbox);
    match is_ended.load(Ordering::Acquire) {
        true => Ok(ExitCode::SUCCESS),
        false => Err("the thread that watches has ended; a restart helps".to_owned()),
    }
}

/// Ends the program with success at a signal. The answer tells that this is why it ends.
fn end_at_signal(
    termination: Termination,
    source: Canceller,
    log: &Arc<Log>,
) -> Result<Arc<AtomicBool>, String> {
    let is_ended = Arc::new(AtomicBool::new(false));
    let (ended, log) = (Arc::clone(&is_ended), Arc::clone(log));
    let wait = move || {
        if let Ok(signal) = termination.wait() {
            log.info(format_args!("ended by {signal}"));
            ended.store(true, Ordering::Release);
            source.cancel();
            thread::sleep(END_WITHIN);
            // The program waits for systemctl or the host: what it does there is done again later.
            std::process::exit(0);
        }
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    let started = thread.spawn(wait);
    started.map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(is_ended)
}

/// The machine and what it acts on.
struct Watcher {
    watch: Watch,
    client: Client,
    run: RunDir,
    log: Arc<Log>,
}

impl Watcher {
    /// Carries on where the last one ended.
    fn begin(client: Client, log: Arc<Log>) -> Self {
        let run = RunDir::from_environment();
        let kept = run.kept().unwrap_or_else(|error| {
            log.warn(format_args!(
                "cannot read what the last watcher kept, beginning anew: {error}"
            ));
            None
        });
        let (watch, effects) = Watch::new(boot::id(), kept);
        let mut watcher = Self {
            watch,
            client,
            run,
            log,
        };
        watcher.perform_all(effects);
        watcher.adopt_runners();
        watcher
    }

    /// Runners that the last watcher started and that nobody else waits for.
    fn adopt_runners(&self) {
        if graceful::IS_SUPERVISED {
            return;
        }
        for request in self.run.at_work().unwrap_or_default() {
            let (run, log) = (self.run.clone(), Arc::clone(&self.log));
            let thread = thread::Builder::new().name("runner".to_owned());
            let wait = move || {
                if run.wait_for_end(&request).is_ok() {
                    unit_end::runner_ended(&run, Ended { code: None }, &log);
                }
            };
            if let Err(error) = thread.spawn(wait) {
                let what = "nobody waits for the scripts that run";
                self.log.warn(format_args!("{what}: {error}"));
            }
        }
    }

    /// Until the inbox is closed. Each request, also one that brings nothing new, takes memory that
    /// is let go of while the next one hangs.
    fn run(mut self, inbox: &Inbox) {
        let mut rest_at = Some(Instant::now() + AT_REST_AFTER);
        loop {
            let left = |at: Duration| at.saturating_sub(since_boot());
            let wake_at = self.watch.wake_at().map(|at| Instant::now() + left(at));
            let effects = match inbox.next(wake_at.into_iter().chain(rest_at).min()) {
                Arrival::Reply(value) => {
                    rest_at = Some(Instant::now() + AT_REST_AFTER);
                    self.step(Event::Seen(value.as_deref()))
                }
                Arrival::Late if rest_at.is_some_and(|at| at <= Instant::now()) => {
                    rest_at = None;
                    release_program_pages();
                    continue;
                }
                Arrival::Late => self.step(Event::Woken),
                Arrival::Closed => return,
            };
            self.perform_all(effects);
        }
    }

    fn step(&mut self, event: Event<'_>) -> Vec<Effect> {
        let now = Now {
            boot: since_boot(),
            unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        };
        self.watch.step(event, now)
    }

    fn perform_all(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            if let Some(result) = self.perform(effect) {
                effects.extend(self.step(result));
            }
        }
    }

    fn perform(&self, effect: Effect) -> Option<Event<'static>> {
        match effect {
            Effect::Forget => self.note(self.run.forget()),
            Effect::Save(kept) => self.note(self.run.keep(&kept)),
            Effect::Leave(pending) => self.note(self.run.leave(&pending)),
            Effect::Withdraw => self.note(self.run.withdraw()),
            Effect::ReadDetails => return Some(Event::Details(self.details())),
            Effect::Start => return Some(Event::Started(self.start())),
            Effect::Look(request) => {
                // What cannot be read is not started again and again.
                let runner = self.run.runner_of(&request);
                return Some(Event::Looked(runner.unwrap_or(Runner::Unknown)));
            }
            Effect::Report(made) => self.report(made),
            Effect::Say(notice) => self.say(&notice),
        }
        None
    }

    /// Starts the graceful scripts' runner. Where nobody else does, we wait for its end and report
    /// what it could not.
    fn start(&self) -> Result<(), String> {
        let (run, log) = (self.run.clone(), Arc::clone(&self.log));
        let started = graceful::start(move |ended| unit_end::runner_ended(&run, ended, &log));
        started.map_err(|error| error.to_string())
    }

    fn details(&self) -> Result<Details, Failure> {
        let json = self.client.get_recursive(&Key::shutdown_details())?;
        Details::read(&json)
    }

    /// Beside the watching, for it may take its time.
    fn report(&self, made: Report) {
        let (client, run, log) = (self.client.clone(), self.run.clone(), Arc::clone(&self.log));
        let thread = thread::Builder::new().name("report".to_owned());
        let started = thread.spawn(move || {
            if let Err(problem) = report(&client, &run, &made) {
                log.warn(format_args!("{problem}"));
            }
        });
        if let Err(error) = started {
            let log = &self.log;
            log.warn(format_args!("the host does not learn of it: {error}"));
        }
    }

    /// Scripts matter more than what is kept about them: a directory that cannot be written stops
    /// nothing.
    fn note(&self, written: io::Result<()>) {
        if let Err(error) = written {
            self.log.warn(format_args!(
                "cannot keep the state of the stop, its scripts may lack a deadline or a report: {error}"
            ));
        }
    }

    fn say(&self, notice: &Notice) {
        if notice.is_warning() {
            self.log.warn(format_args!("{notice}"));
        } else {
            self.log.info(format_args!("{notice}"));
        }
    }
}

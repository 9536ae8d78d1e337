//! `hospes-agent report-graceful-shutdown`: what the unit of the graceful scripts calls at its end
//! (`ExecStopPost=`), whatever became of its runner.

use std::env::var;
use std::ffi::OsString;
use std::process::ExitCode;

use guest_os::graceful::{self, Ended};
use guest_os::log_sink::LogSink;
use metadata::stop::{Report, ReportOutcome};

use super::run_dir::RunDir;
use super::{client, report};
use crate::complain;
use crate::log::Log;

/// Reports what the runner could not. A report that fails is no failure of the unit, whose state
/// tells of the scripts.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let result = var("SERVICE_RESULT").ok();
    let (Some(result), None) = (result, arguments.next()) else {
        let unit = graceful::RUNNER;
        complain(&format!(
            "hospes-agent report-graceful-shutdown: takes no arguments and is called by {unit} \
             (ExecStopPost=), which says in SERVICE_RESULT how the scripts ended\n"
        ));
        return ExitCode::from(2);
    };
    let log = Log::new(false);
    log.open(LogSink::StandardError);
    let run = RunDir::from_environment();
    let (exit_code, exit_status) = (var("EXIT_CODE"), var("EXIT_STATUS"));
    let (outcome, exit) = outcome(
        &result,
        &exit_code.unwrap_or_default(),
        &exit_status.unwrap_or_default(),
    );
    if let Err(problem) = report_the_rest(&run, outcome, exit, &log) {
        log.warn(format_args!("{problem}"));
    }
    ExitCode::SUCCESS
}

/// The same for a runner that we have started ourselves. One that succeeds has told the host, so one
/// that has not was ended, and whoever ends a program chooses its status.
pub(super) fn runner_ended(run: &RunDir, ended: Ended, log: &Log) {
    let exit = ended.code.filter(|code| *code != 0);
    if let Err(problem) = report_the_rest(run, ReportOutcome::Failed, exit, log) {
        log.warn(format_args!("{problem}"));
    }
}

fn report_the_rest(
    run: &RunDir,
    outcome: ReportOutcome,
    exit: Option<i64>,
    log: &Log,
) -> Result<(), String> {
    let unreported = run.unreported();
    let unreported = unreported.map_err(|error| format!("cannot tell what ran: {error}"))?;
    for request in unreported {
        log.warn(format_args!(
            "the runner ended without a report on stop {request}; its outcome is {outcome:?}"
        ));
        let made = Report {
            request,
            outcome,
            exit,
        };
        report(&client()?, run, &made)?;
    }
    Ok(())
}

/// How a service ended, by the words of systemd.exec(5), "Environment Variables Set or Propagated".
fn outcome(result: &str, exit_code: &str, exit_status: &str) -> (ReportOutcome, Option<i64>) {
    match (result, exit_code) {
        ("success", _) => (ReportOutcome::Done, None),
        ("timeout", _) => (ReportOutcome::Timeout, None),
        (_, "exited") => (ReportOutcome::Failed, exit_status.parse().ok()),
        _ => (ReportOutcome::Failed, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_systemd_are_understood() {
        for (words, expected) in [
            (["success", "exited", "0"], (ReportOutcome::Done, None)),
            (
                ["exit-code", "exited", "7"],
                (ReportOutcome::Failed, Some(7)),
            ),
            (["signal", "killed", "KILL"], (ReportOutcome::Failed, None)),
            (
                ["core-dump", "dumped", "SEGV"],
                (ReportOutcome::Failed, None),
            ),
            (
                ["oom-kill", "killed", "KILL"],
                (ReportOutcome::Failed, None),
            ),
            (
                ["timeout", "killed", "TERM"],
                (ReportOutcome::Timeout, None),
            ),
            (["resources", "", ""], (ReportOutcome::Failed, None)),
        ] {
            let [result, code, status] = words;
            assert_eq!(outcome(result, code, status), expected, "{words:?}");
        }
    }
}

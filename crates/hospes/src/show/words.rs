//! Effects and events in words, for progress and timelines.

use std::time::Duration;

use conditions::{Check, State, Timestamp};
use lifecycle::operation::{AskReport, Effect, Event, Notice, Saved, WaitEnd};
use lifecycle::ports::Presence;
use metadata::stop::{Report, ReportOutcome};

/// What is about to be done.
pub(crate) fn intent(effect: &Effect) -> String {
    match effect {
        Effect::Check => "checking the six conditions".to_owned(),
        Effect::Observe => "looking from outside".to_owned(),
        Effect::Shutdown(permit) => format!(
            "asking the agent to shut down boot {} on {} (permit until {})",
            permit.boot_id().short(),
            permit.node(),
            permit.expires_at()
        ),
        Effect::Restart(permit) => format!(
            "asking the hypervisor to restart boot {} on {} gracefully (permit until {})",
            permit.boot_id().short(),
            permit.node(),
            permit.expires_at()
        ),
        Effect::Start(order) => format!("powering on at {}", order.node()),
        Effect::Probe => "asking SSH".to_owned(),
        Effect::Reboot => "asking the machine through SSH to reboot itself".to_owned(),
        Effect::Apply(remedy) => remedy.describe(),
        Effect::Watcher => "looking whether the guest watches for a stop".to_owned(),
        Effect::Notify(Notice::Pending(request)) => format!(
            "announcing the stop to the guest: its graceful scripts have {}",
            span(Duration::from_secs(request.max_seconds))
        ),
        Effect::Notify(Notice::Stopping(_)) => "telling the guest that it is being stopped".into(),
        Effect::Notify(Notice::Withdrawn(_)) => "withdrawing the announced stop".to_owned(),
        Effect::Listen(_) => "listening to the guest and the operator".to_owned(),
        Effect::Sleep(_) => "waiting".to_owned(),
        Effect::Finish(_) => "done".to_owned(),
    }
}

/// What came of it: a word, and what was seen.
pub(crate) fn result(event: &Event) -> (String, String) {
    let (word, detail) = match event {
        Event::Checked(check) => return check_result(check),
        Event::Asked(AskReport::Taken(evidence)) => ("taken", evidence.clone()),
        Event::Asked(AskReport::Refused(words)) => ("refused", words.clone()),
        Event::Asked(AskReport::Denied(refusal)) => ("denied", refusal.to_string()),
        Event::Asked(AskReport::NotSent(why)) => ("not sent", why.clone()),
        Event::Asked(AskReport::Unknown(why)) => ("answer lost", why.clone()),
        Event::Started(Ok(evidence)) => ("powered on", evidence.clone()),
        Event::Started(Err(why)) => ("not powered on", why.clone()),
        Event::Applied(Ok(words)) => ("applied", words.clone()),
        Event::Applied(Err(why)) => ("failed", why.clone()),
        Event::Observed(Ok(seen)) => (seen.run_state.as_str(), seen.evidence.clone()),
        Event::Observed(Err(why)) => ("not observed", why.clone()),
        Event::Probed(Ok(ready)) => (
            "ready",
            format!(
                "boot {}, up for {:.0?}",
                ready.boot_id.short(),
                ready.uptime
            ),
        ),
        Event::Probed(Err(not)) => ("not ready", not.reason.clone()),
        Event::Watcher(Presence::Watching) => ("watched", String::new()),
        Event::Watcher(Presence::Absent { why }) => ("not watched", why.clone()),
        Event::Notified(Ok(())) => ("told", String::new()),
        Event::Notified(Err(why)) => ("not told", why.clone()),
        Event::Heard(_) => ("heard", String::new()),
        Event::Woke => ("woke", String::new()),
    };
    (word.to_owned(), detail)
}

fn check_result(check: &Check) -> (String, String) {
    let wrong: Vec<_> = check
        .verdicts()
        .iter()
        .filter(|verdict| verdict.state != State::Healthy)
        .map(|v| {
            format!(
                "{} {}: {}",
                v.condition.number(),
                v.state.as_str(),
                v.summary
            )
        })
        .collect();
    match check.boot_id() {
        Some(boot) if wrong.is_empty() => (
            "healthy".to_owned(),
            format!("six conditions hold, boot {}", boot.short()),
        ),
        _ if wrong.is_empty() => ("healthy".to_owned(), "six conditions hold".to_owned()),
        _ => ("not healthy".to_owned(), wrong.join("; ")),
    }
}

/// How the time for graceful scripts ended: a word, and what it means.
pub(crate) fn wait_end(end: &WaitEnd) -> (&'static str, String) {
    match end {
        WaitEnd::Report { report } => ("report", reported(report)),
        WaitEnd::Deadline => (
            "deadline",
            "no report came in time; the stop goes on".into(),
        ),
        WaitEnd::Operator => (
            "operator",
            "the wait is over; the stop goes on at once".into(),
        ),
        WaitEnd::PoweredOff => ("powered off", "by the guest itself".into()),
        WaitEnd::NoWatcher { why } => (
            "no watcher",
            format!("{why}; it is stopped without its graceful scripts"),
        ),
        WaitEnd::NotAnnounced { why } => (
            "not announced",
            format!("{why}; it is stopped without its graceful scripts"),
        ),
    }
}

fn reported(report: &Report) -> String {
    let exit = report
        .exit
        .map_or_else(String::new, |exit| format!(" with exit {exit}"));
    match report.outcome {
        ReportOutcome::Done => "the graceful scripts are done".to_owned(),
        ReportOutcome::Failed => {
            format!("a graceful script failed{exit}; the stop goes on")
        }
        ReportOutcome::Timeout => {
            "the graceful scripts did not end in time; the stop goes on".to_owned()
        }
    }
}

/// That graceful scripts are waited for, and how long yet.
pub(crate) fn waits(saved: &Saved, now: Timestamp) -> String {
    let left = saved
        .waits_until()
        .map_or(Duration::ZERO, |until| until.since(now));
    format!(
        "waiting for the guest's graceful scripts, up to {}",
        span(left)
    )
}

/// What is being waited for, by where the operation is.
pub(crate) fn waiting(saved: &Saved, effect: &Effect, now: Timestamp) -> String {
    let words = match (saved, effect) {
        (saved, _) if saved.waits_until().is_some() => return waits(saved, now),
        (_, Effect::Probe) => "asking SSH",
        (Saved::Power(_), Effect::Observe | Effect::Sleep(_)) => "waiting for the guest",
        (Saved::Reboot(_), Effect::Sleep(_)) => "waiting for the new boot",
        _ => "waiting",
    };
    words.to_owned()
}

/// A span in whole seconds: `9m 40s`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_millis().div_ceil(1000);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

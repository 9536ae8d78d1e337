//! Effects and events in words, for progress and timelines.

use conditions::{Check, State};
use lifecycle::operation::{AskReport, Effect, Event, Operation, Saved};

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
        Effect::Start(order) => format!("powering on at {}", order.node()),
        Effect::Probe => "asking SSH".to_owned(),
        Effect::Reboot => "asking the guest through SSH to reboot itself".to_owned(),
        Effect::Apply(remedy) => remedy.describe(),
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

/// What is being waited for, by where the operation is.
pub(crate) fn waiting(operation: &Operation, effect: &Effect) -> &'static str {
    match (operation.saved(), effect) {
        (_, Effect::Probe) => "asking SSH",
        (Saved::Power(_), Effect::Observe | Effect::Sleep(_)) => "waiting for the guest",
        (Saved::Reboot(_), Effect::Sleep(_)) => "waiting for the new boot",
        _ => "waiting",
    }
}

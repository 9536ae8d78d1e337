//! What a run reached, in words.

use lifecycle::gate::RefusalReason;
use lifecycle::operation::Outcome;

/// An outcome in one word.
pub(crate) const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Restarted { .. } => "restarted",
        Outcome::Rebooted { .. } => "rebooted",
        Outcome::Stopped { .. } => "stopped",
        Outcome::Started { .. } => "started",
        Outcome::Ready { .. } => "ready",
        Outcome::Fixed { .. } => "fixed",
        Outcome::PartlyFixed { .. } => "partly-fixed",
        Outcome::Refused {
            announced: false, ..
        } => "refused",
        Outcome::Refused { .. } => "refused-after-announcing",
        Outcome::Aborted { .. } => "aborted",
        Outcome::StillRunning { .. } => "still-running",
        Outcome::RebootedInstead { .. } => "rebooted-instead",
        Outcome::NotStarted { .. } => "not-started",
        Outcome::NotReady { .. } => "not-ready",
        Outcome::BackUnhealthy { .. } => "back-unhealthy",
        Outcome::Failed { .. } => "failed",
    }
}

/// Why the gate stayed shut, as far as a cluster is the reason.
pub(crate) fn reasons(outcome: &Outcome) -> Vec<&'static str> {
    let Outcome::Refused { refusal, .. } = outcome else {
        return Vec::new();
    };
    let word = |reason: &RefusalReason| {
        Some(match reason {
            RefusalReason::NoQuorum => "refused: no quorum",
            RefusalReason::QuorumUnknown => "refused: quorum unknown",
            RefusalReason::Template => "refused: template",
            RefusalReason::HighAvailability { .. } => "refused: high availability",
            RefusalReason::HighAvailabilityChanged { sid: Some(_) } => "refused: came under HA",
            RefusalReason::HighAvailabilityChanged { sid: None } => "refused: left HA",
            RefusalReason::Moved { .. } => "refused: moved",
            RefusalReason::Locked { .. } => "refused: locked",
            _ => return None,
        })
    };
    refusal.reasons.iter().filter_map(word).collect()
}

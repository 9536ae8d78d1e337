//! What phases are drawn as, and how the end of a try is marked.

use crate::report::{Attempt, Member, Standing};

/// How a try is marked where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It reached its aim, or goes on.
    None,
    /// It did not.
    Failed,
}

/// What a phase is drawn as: steps of a run over a node by what they are for.
pub(super) fn kind(phase: &str) -> &str {
    match phase {
        "maintenance-on" | "maintenance-off" => "maintenance",
        "migrate" | "stop-guest" => "drain",
        "migrate-back" | "start-guest" => "return",
        other => other,
    }
}

/// How the try `place` of a member is marked.
pub(super) fn mark(member: &Member, place: usize) -> Mark {
    let is_last = place + 1 == member.tries.len();
    let tried = member.tries.get(place);
    let is_over = tried.is_some_and(|tried: &Attempt| tried.ended.is_some());
    match member.standing {
        Standing::Failed(_) | Standing::Down(_) if is_last => Mark::Failed,
        _ if is_over && !is_last => Mark::Failed,
        _ => Mark::None,
    }
}

//! What a change comes to, by what is there.

use super::Change;

/// What the service manager says of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has none of this name.
    Missing,
    Stopped,
    /// Runs, or is about to run or to stop.
    Active,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    Create,
    Update,
    Remove,
    /// Stopped first.
    StopAndRemove,
    Start,
    Stop,
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// It cannot be started.
    Impossible,
}

impl Plan {
    pub(super) const fn of(change: Change, state: State) -> Self {
        match (change, state) {
            (Change::Install, State::Missing) => Self::Create,
            (Change::Install, _) => Self::Update,
            (Change::Start, State::Missing) => Self::Impossible,
            (_, State::Missing) => Self::Nothing("is not installed"),
            (Change::Uninstall, State::Stopped) => Self::Remove,
            (Change::Uninstall, State::Active) => Self::StopAndRemove,
            (Change::Start, State::Stopped) => Self::Start,
            (Change::Start, State::Active) => Self::Nothing("runs already"),
            (Change::Stop, State::Stopped) => Self::Nothing("does not run"),
            (Change::Stop, State::Active) => Self::Stop,
        }
    }

    /// What was done, or with `is_dry` what would be.
    pub(super) fn line(self, name: &str, command: &str, is_dry: bool) -> String {
        let (done, detail) = match self {
            Self::Create => ("installed", format!(", starts with Windows: {command}")),
            Self::Update => ("updated", format!(", from its next start on: {command}")),
            Self::Remove => ("removed", String::new()),
            Self::StopAndRemove => ("stopped and removed", String::new()),
            Self::Start => ("started", String::new()),
            Self::Stop => ("stopped", String::new()),
            Self::Nothing(why) => return format!("{name}: {why}"),
            Self::Impossible => return format!("{name}: cannot be started: it is not installed"),
        };
        let would = if is_dry { "would be " } else { "" };
        format!("{name}: {would}{done}{detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_what_is_missing_to_its_end() {
        use Change::{Install, Start, Stop, Uninstall};
        use State::{Active, Missing, Stopped};
        for (change, state, plan) in [
            (Install, Missing, Plan::Create),
            (Install, Stopped, Plan::Update),
            (Install, Active, Plan::Update),
            (Uninstall, Missing, Plan::Nothing("is not installed")),
            (Uninstall, Stopped, Plan::Remove),
            (Uninstall, Active, Plan::StopAndRemove),
            (Start, Missing, Plan::Impossible),
            (Start, Stopped, Plan::Start),
            (Start, Active, Plan::Nothing("runs already")),
            (Stop, Missing, Plan::Nothing("is not installed")),
            (Stop, Stopped, Plan::Nothing("does not run")),
            (Stop, Active, Plan::Stop),
        ] {
            assert_eq!(Plan::of(change, state), plan, "{change:?} {state:?}");
        }
    }

    #[test]
    fn one_line_says_what_was_done_or_would_be() {
        for (plan, is_dry, line) in [
            (Plan::Create, false, "s: installed, starts with Windows: x"),
            (
                Plan::Create,
                true,
                "s: would be installed, starts with Windows: x",
            ),
            (Plan::Update, false, "s: updated, from its next start on: x"),
            (Plan::Remove, true, "s: would be removed"),
            (Plan::StopAndRemove, false, "s: stopped and removed"),
            (Plan::Nothing("does not run"), true, "s: does not run"),
        ] {
            assert_eq!(plan.line("s", "x", is_dry), line);
        }
    }
}

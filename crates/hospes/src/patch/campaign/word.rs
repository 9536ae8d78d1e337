//! What an operator says to a campaign, as the journal keeps it.

use patch_report::input::What;
use plan::campaign::Event;

/// A word of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Begin nobody for now.
    Pause,
    /// Begin again.
    Resume,
    /// The word that waves wait for.
    Approve(String),
    /// Begin nobody else; why.
    Abort(String),
}

impl Word {
    /// As the journal keeps it.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Pause => "pause".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::Approve(word) => format!("approve {word}"),
            Self::Abort(reason) => format!("abort {reason}"),
        }
    }

    /// What the journal keeps; nothing, if it is no word.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "pause" => Some(Self::Pause),
            None if text == "resume" => Some(Self::Resume),
            Some(("approve", word)) => Some(Self::Approve(word.to_owned())),
            Some(("abort", reason)) => Some(Self::Abort(reason.to_owned())),
            _ => None,
        }
    }

    /// What its campaign hears.
    pub(crate) fn event(self) -> Event {
        match self {
            Self::Pause => Event::Paused,
            Self::Resume => Event::Resumed,
            Self::Approve(word) => Event::Approved(word),
            Self::Abort(reason) => Event::Aborted(reason),
        }
    }

    /// What its timeline tells.
    pub(crate) fn what(&self) -> What {
        match self {
            Self::Pause => What::Paused,
            Self::Resume => What::Resumed,
            Self::Approve(word) => What::Approved { word: word.clone() },
            Self::Abort(reason) => What::Aborted {
                reason: reason.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_heard_as_it_was_said() {
        for word in [
            Word::Pause,
            Word::Resume,
            Word::Approve("web".to_owned()),
            Word::Abort("a disk is full, and  more".to_owned()),
            Word::Abort(String::new()),
        ] {
            assert_eq!(Word::read(&word.written()), Some(word));
        }
        for other in ["", "paus", "pause now", "approve", "stop it"] {
            assert_eq!(Word::read(other), None, "{other}");
        }
    }
}

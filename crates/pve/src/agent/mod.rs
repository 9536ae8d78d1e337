//! Commands of the guest agent's protocol as calls of the API, and back.
//!
//! ```text
//! (command, arguments) ─► Conversation::plan ─► Plan::Call  one call, its reply ─► Reply::result
//!                          │ open files         Plan::Piece a part of a file    ─► Conversation::read
//!                          ▼                    Plan::Known the result, nothing is asked
//!                        Refused: what the agent itself would refuse, or the API cannot carry
//! ```
//!
//! The API has no sync, and needs none: each call is a conversation of its own with the agent.
//! Files are open on this side only; each read is one `file-read`.
//!
//! Proxmox VE treats what it passes on as bytes and writes each as the character of that number.
//! `text` undoes that, so that nothing that is not ASCII is spoilt.

mod exec;
mod file;
mod plan;
mod text;

#[cfg(test)]
mod tests;

use thiserror::Error;

pub use file::Piece;
pub use plan::{Conversation, Plan, Reply};

/// Why a command has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// The agent refused it, or would have: the API cannot carry it.
    #[error("{description} ({class})")]
    Agent {
        /// `CommandNotFound` or `GenericError`.
        class: String,
        /// Why, in the agent's words where it has any.
        description: String,
    },
    /// The answer has another shape.
    #[error("{0}")]
    Garbage(String),
}

impl Refused {
    /// The command or a part of it cannot be carried out.
    fn cannot(description: impl Into<String>) -> Self {
        Self::Agent {
            class: GENERIC.to_owned(),
            description: description.into(),
        }
    }

    /// What the agent said, from the API's words for it (`Agent error: ...`). The API leaves out the
    /// class, which the agent's own words show.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Self> {
        let said = words.split_once("Agent error: ")?.1.trim();
        let is_missing = said.contains("has been disabled") || said.contains("has not been found");
        let class = if is_missing { NOT_FOUND } else { GENERIC };
        Some(Self::Agent {
            class: class.to_owned(),
            description: crate::answers::field::line(said),
        })
    }
}

const NOT_FOUND: &str = "CommandNotFound";
const GENERIC: &str = "GenericError";

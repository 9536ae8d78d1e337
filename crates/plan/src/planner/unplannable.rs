//! Why there is no plan.

use thiserror::Error;
use toml_file::did_you_mean;

use crate::fleet::MemberId;

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum Unplannable {
    /// Somebody is in two groups.
    #[error("{id} is in the groups `{first}` and `{second}`: leave it out of one with `except`")]
    InTwoGroups {
        /// Who.
        id: MemberId,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A hold is for nobody: somebody else may have been meant.
    #[error("a hold is for {id}, but nobody is called so{}", offered(.near))]
    HoldForNobody {
        /// Who is named.
        id: MemberId,
        /// Names that are near.
        near: Vec<String>,
    },
    /// A group is for somebody of whom nothing is known, or of another kind.
    #[error("group `{group}` is for {id}, of which nothing is known, or which is of another kind")]
    Stranger {
        /// Who.
        id: MemberId,
        /// Of which group.
        group: String,
    },
    /// The document cannot be written.
    #[error("the plan document cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

fn offered(near: &[String]) -> String {
    did_you_mean(near).map_or_else(String::new, |question| format!("; {question}"))
}

//! What a power operation is for.

use serde::{Deserialize, Serialize};

/// What a power operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Down and up again.
    Restart,
    /// Down.
    Shutdown,
    /// Up.
    Start,
}

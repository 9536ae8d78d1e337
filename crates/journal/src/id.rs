//! Ids of runs and steps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A run's number in one journal, shown as `r12`. Numbers are never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(pub i64);

/// A step's number in one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub i64);

/// A text that names no run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a run; runs are named like r12 (`hospes runs list` shows them)")]
pub struct InvalidRunId(String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("r{}", self.0))
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    /// Takes `r12` and `12`.
    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let digits = text.strip_prefix(['r', 'R']).unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plain && number > 0 => Ok(Self(number)),
            _ => Err(InvalidRunId(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidRunId;

    fn try_from(text: String) -> Result<Self, InvalidRunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_with_or_without_its_letter() {
        for text in ["r12", "R12", "12", "r012"] {
            assert_eq!(text.parse::<RunId>(), Ok(RunId(12)), "{text}");
        }
        assert_eq!(RunId(12).to_string(), "r12");
        assert_eq!(format!("{:>5}", RunId(12)), "  r12");
    }

    #[test]
    fn other_texts_name_no_run() {
        for text in [
            "",
            "r",
            "rr1",
            "-1",
            "+1",
            "r0",
            "1 ",
            "0x1",
            "99999999999999999999",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}

//! Ids of runs, steps and campaigns.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A run's number in one journal, shown as `r12`. Numbers are never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(pub i64);

/// A campaign's number in one journal, shown as `c3`. Numbers are never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CampaignId(pub i64);

/// A step's number in one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub i64);

/// A text that names no run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a run; runs are named like r12 (`hospes runs list` shows them)")]
pub struct InvalidRunId(String);

/// A text that names no campaign.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a campaign; campaigns are named like c3 (`hospes patch status` shows them)")]
pub struct InvalidCampaignId(String);

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("c{}", self.0))
    }
}

impl FromStr for CampaignId {
    type Err = InvalidCampaignId;

    /// Takes `c3` and `3`.
    fn from_str(text: &str) -> Result<Self, InvalidCampaignId> {
        let number = number(text, ['c', 'C']).map(Self);
        number.ok_or_else(|| InvalidCampaignId(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for CampaignId {
    type Error = InvalidCampaignId;

    fn try_from(text: String) -> Result<Self, InvalidCampaignId> {
        text.parse()
    }
}

impl From<CampaignId> for String {
    fn from(id: CampaignId) -> Self {
        id.to_string()
    }
}

/// A number above 0, behind one of `letters` or none.
fn number(text: &str, letters: [char; 2]) -> Option<i64> {
    let digits = text.strip_prefix(letters).unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse().ok().filter(|number| *number > 0);
    number.filter(|_| is_plain)
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("r{}", self.0))
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    /// Takes `r12` and `12`.
    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let number = number(text, ['r', 'R']).map(Self);
        number.ok_or_else(|| InvalidRunId(text.chars().take(40).collect()))
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
    fn a_campaign_is_told_from_a_run() {
        for text in ["c3", "C3", "3"] {
            assert_eq!(text.parse::<CampaignId>(), Ok(CampaignId(3)), "{text}");
        }
        assert_eq!(CampaignId(3).to_string(), "c3");
        assert!("r3".parse::<CampaignId>().is_err());
        assert!("c3".parse::<RunId>().is_err());
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

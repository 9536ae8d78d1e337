//! Options that several commands share.

use std::time::Duration;

use clap::Args;
use conditions::Condition;
use lifecycle::gate::{Accepted, CannotBeAccepted};

use crate::rounds::Pace;

/// Which guests a command is about.
#[derive(Debug, Args)]
pub struct Selection {
    /// Names, patterns ("web*"), "tag:db", "pool:prod", "node:pve1", "id:100-199", "cluster:home" or
    /// "all"
    #[arg(value_name = "GUEST", required = true)]
    pub selectors: Vec<String>,
}

/// How many guests a command that changes nothing asks at a time.
#[derive(Debug, Args)]
pub struct ReadPace {
    /// Guests at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one)]
    at_once: usize,
    /// Of those, guests of one node of a cluster
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = at_least_one)]
    per_node: usize,
}

/// How many guests are changed at a time, and how many may fail.
#[derive(Debug, Args)]
pub struct ChangePace {
    /// Guests at a time; never more than --max-failures and one more
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    at_once: Option<usize>,
    /// Of those, guests of one node of a cluster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    per_node: usize,
    /// Guests that may fail, be refused or not come back before no other is begun; guests under
    /// way count, so that it is never overrun
    #[arg(long, value_name = "N", default_value_t = 0)]
    max_failures: usize,
}

impl ReadPace {
    pub(crate) const fn pace(&self) -> Pace {
        Pace {
            at_once: self.at_once,
            per_node: self.per_node,
            max_failures: None,
        }
    }
}

impl ChangePace {
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            at_once: self.at_once.unwrap_or(1),
            per_node: self.per_node,
            max_failures: Some(self.max_failures),
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}; a number goes here")),
    }
}

/// Conditions that the operator accepts as unknown.
#[derive(Debug, Args)]
pub struct AcceptUnknown {
    /// Accept these conditions as unknown (of 1, 2 and 4) for this call; recorded
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = condition)]
    accept_unknown: Vec<Condition>,
}

impl AcceptUnknown {
    /// The accepted ones, unless one of them never may be.
    pub fn accepted(&self) -> Result<Accepted, CannotBeAccepted> {
        Accepted::new(self.accept_unknown.iter().copied())
    }
}

/// Whether the scripts of the guests themselves run before they are stopped.
#[derive(Debug, Args)]
pub struct GracefulStop {
    /// Announce the stop and let the guest's graceful scripts run first, up to this long ("10m";
    /// without TIME, which guests must precede: as configured, else 10m)
    #[arg(long, value_name = "TIME", num_args = 0..=1, value_parser = grace,
          conflicts_with_all = ["no_graceful", "now"])]
    graceful: Option<Option<Duration>>,
    /// Do not wait for graceful scripts, though the configuration says so
    #[arg(long, conflicts_with = "now")]
    no_graceful: bool,
    /// End the wait for graceful scripts: a hospes that waits for this guest's goes on at once and
    /// is followed; a run whose hospes died there is taken over; else as --no-graceful
    #[arg(long)]
    pub now: bool,
}

impl GracefulStop {
    /// Where nothing else is said.
    const DEFAULT: Duration = Duration::from_secs(600);

    /// How long the scripts of a guest have that is `configured` like this; none: they do not run.
    #[must_use]
    pub fn time(&self, configured: Option<Duration>) -> Option<Duration> {
        match self.graceful {
            _ if self.no_graceful || self.now => None,
            Some(time) => Some(time.or(configured).unwrap_or(Self::DEFAULT)),
            None => configured,
        }
    }
}

fn grace(text: &str) -> Result<Duration, String> {
    let day = Duration::from_secs(24 * 60 * 60);
    let time = humantime::parse_duration(text).map_err(|error| {
        format!("{error}; a time such as 10m goes here, and guests before --graceful")
    })?;
    match time {
        time if time < Duration::from_secs(1) => Err("at least 1s".to_owned()),
        time if time > day => Err("at most 24h".to_owned()),
        time => Ok(time),
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    let wanted: u8 = text
        .parse()
        .map_err(|_| "a condition's number, 1 to 6".to_owned())?;
    let found = Condition::ALL.into_iter().find(|c| c.number() == wanted);
    let condition = found.ok_or_else(|| "a condition's number, 1 to 6".to_owned())?;
    Accepted::new([condition]).map_err(|error| error.to_string())?;
    Ok(condition)
}

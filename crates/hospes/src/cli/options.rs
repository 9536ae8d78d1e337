//! Options that several commands share.

use clap::Args;
use conditions::Condition;
use lifecycle::gate::{Accepted, CannotBeAccepted};

/// Which guests a command is about.
#[derive(Debug, Args)]
pub struct Selection {
    /// Names, patterns ("web*"), tags ("tag:db") or "all"
    #[arg(value_name = "GUEST", required = true)]
    pub selectors: Vec<String>,
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

fn condition(text: &str) -> Result<Condition, String> {
    let wanted: u8 = text
        .parse()
        .map_err(|_| "a condition's number, 1 to 6".to_owned())?;
    let found = Condition::ALL.into_iter().find(|c| c.number() == wanted);
    let condition = found.ok_or_else(|| "a condition's number, 1 to 6".to_owned())?;
    Accepted::new([condition]).map_err(|error| error.to_string())?;
    Ok(condition)
}

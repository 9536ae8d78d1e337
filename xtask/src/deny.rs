//! Licences, sources and duplicates of dependencies.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::stages::Outcome;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    if !process::succeeds(Command::new("cargo").args(["deny", "--version"])) {
        return Ok(Outcome::NotDone(
            "cargo-deny is not installed (`cargo install cargo-deny`): licences, sources, duplicates and security \
             advisories of the dependencies were NOT checked"
                .to_owned(),
        ));
    }
    process::run(&mut workspace.cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::DoneBut(
        "the advisory database was NOT checked: `cargo deny check advisories` does, with a network"
            .to_owned(),
    ))
}

//! The same question asked by Ansible.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::bench::ansible::{Ansible, run};
use crate::bench::endpoints::{BOOT_ID_COMMAND, boot_id};
use crate::bench::fleet::Fleet;
use crate::python::Python;

pub(super) const FORKS: usize = 50;

/// How Ansible asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    /// The command itself goes through SSH, and a guest needs nothing for it.
    Raw,
    /// A program in Python goes through SSH.
    Command,
}

impl Module {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Command => "command",
        }
    }
}

/// Asks the boot ids of `guests` and returns how long that took.
pub(super) async fn ask(
    python: &Python,
    fleet: &Fleet,
    guests: &Range<usize>,
    module: Module,
) -> Result<Duration> {
    let dir = TempDir::new().context("cannot create a directory")?;
    // Its modules need Python, which these guests do not have.
    let interpreter = python.python();
    let ansible = Ansible {
        python,
        fleet,
        guests: guests.clone(),
        interpreter: Path::new(interpreter.as_std().get_program()),
        forks: FORKS,
    };
    let mut command = ansible.command(dir.path())?;
    command.args(["-m", module.name(), "-a", BOOT_ID_COMMAND]);
    let begun = Instant::now();
    let printed = run(&mut command).await?;
    let took = begun.elapsed();
    answered(&printed, guests, module)?;
    Ok(took)
}

/// Every guest has answered; with its own boot id where it needs no Python of this machine.
fn answered(printed: &str, guests: &Range<usize>, module: Module) -> Result<()> {
    let answered = printed
        .lines()
        .filter(|line| line.contains("| CHANGED | rc=0"));
    let answered = answered.count();
    ensure!(
        answered == guests.len(),
        "{answered} of {} guests answered",
        guests.len()
    );
    let is_told = |index: usize| printed.contains(&boot_id(index));
    ensure!(
        module == Module::Command || guests.clone().all(is_told),
        "Ansible does not tell every boot id"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::endpoints::host_name;

    #[test]
    fn each_guest_must_have_answered() {
        let of = |index: usize| {
            format!(
                "{} | CHANGED | rc=0 >>\n{}\n",
                host_name(index),
                boot_id(index)
            )
        };
        let both = of(0) + &of(1);
        assert!(answered(&both, &(0..2), Module::Raw).is_ok());
        assert!(answered(&both, &(0..3), Module::Raw).is_err());
        assert!(answered(&(of(0) + &of(2)), &(0..2), Module::Raw).is_err());
        assert!(answered(&(of(0) + &of(2)), &(0..2), Module::Command).is_ok());
    }
}

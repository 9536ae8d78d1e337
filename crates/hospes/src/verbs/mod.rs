//! The commands, one file each.

mod change;
mod check;
mod dry_run;
mod fix;
mod guests;
mod init;
mod inspect;
mod metadata;
mod patch;
mod ready;
mod report;
mod runs;
mod trust;
mod waiting;
mod walk;

use anyhow::Result;

pub(crate) use patch::Misplanned;

use crate::Exit;
use crate::cli::{Cli, FleetVerb, Verb, completions, man_pages};
use crate::fleet::Fleet;
use crate::show;

/// Runs one command and says how the program ends.
pub async fn run(cli: Cli) -> Result<Exit> {
    let global = cli.global;
    match cli.verb {
        Verb::Init(options) => init::run(&global, &options).await,
        Verb::Metadata(options) => metadata::run(&global, &options).await,
        Verb::Completions { shell } => {
            completions(shell, &mut std::io::stdout().lock())?;
            Ok(Exit::Ok)
        }
        Verb::Man { folder } => {
            for page in man_pages(&folder)? {
                show::line(&page.display().to_string())?;
            }
            Ok(Exit::Ok)
        }
        Verb::Fleet(verb) => {
            let fleet = Fleet::load(&global)?;
            let exit = of_fleet(&fleet, verb).await?;
            Ok(fleet.exit(exit))
        }
    }
}

async fn of_fleet(fleet: &Fleet, verb: FleetVerb) -> Result<Exit> {
    match verb {
        FleetVerb::Guests(options) => guests::run(fleet, &options).await,
        FleetVerb::Inspect(options) => inspect::run(fleet, &options).await,
        FleetVerb::Check(options) => check::run(fleet, &options).await,
        FleetVerb::Fix(options) => fix::run(fleet, &options).await,
        FleetVerb::Ready(options) => ready::run(fleet, &options).await,
        FleetVerb::Reboot(options) => change::reboot(fleet, &options).await,
        FleetVerb::Restart(options) => change::restart(fleet, &options).await,
        FleetVerb::Shutdown(options) => change::shutdown(fleet, &options).await,
        FleetVerb::Start(options) => change::start(fleet, &options).await,
        FleetVerb::Trust(options) => trust::run(fleet, &options).await,
        FleetVerb::Patch(options) => patch::run(fleet, &options.verb).await,
        FleetVerb::Runs(options) => runs::run(fleet, &options).await,
    }
}

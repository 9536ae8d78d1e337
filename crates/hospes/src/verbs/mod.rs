//! The commands, one file each.

mod change;
mod check;
mod dry_run;
mod fix;
mod guests;
mod inspect;
mod metadata;
mod ready;
mod runs;
mod trust;
mod waiting;

use anyhow::Result;

use crate::Exit;
use crate::cli::{Cli, Verb, completions, man_pages};
use crate::fleet::Fleet;
use crate::show;

/// Runs one command and says how the program ends.
pub async fn run(cli: Cli) -> Result<Exit> {
    let global = cli.global;
    let fleet = || Fleet::load(&global);
    match cli.verb {
        Verb::Guests(options) => guests::run(&fleet()?, &options).await,
        Verb::Inspect(options) => inspect::run(&fleet()?, &options).await,
        Verb::Check(options) => check::run(&fleet()?, &options).await,
        Verb::Fix(options) => fix::run(&fleet()?, &options).await,
        Verb::Ready(options) => ready::run(&fleet()?, &options).await,
        Verb::Reboot(options) => change::reboot(&fleet()?, &options).await,
        Verb::Restart(options) => change::restart(&fleet()?, &options).await,
        Verb::Shutdown(options) => change::shutdown(&fleet()?, &options).await,
        Verb::Start(options) => change::start(&fleet()?, &options).await,
        Verb::Trust(options) => trust::run(&fleet()?, &options).await,
        Verb::Runs(options) => runs::run(&fleet()?, &options).await,
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
    }
}

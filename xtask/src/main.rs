//! The project's own commands: `cargo xtask demo`, `test`, `test-windows`, `tidy`, `bench` and `dist`.

mod bench;
mod demo;
mod deny;
mod dist;
mod fuzz;
mod process;
mod say;
mod setup;
mod stages;
mod test;
mod tidy;
mod windows;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::process::Interrupted;
use crate::workspace::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Shows hospes on real virtual machines.
    Demo {
        /// What it tells: a restart from outside, or two guests that are patched in two waves.
        #[arg(long, value_enum, default_value_t = demo::Story::Restart)]
        story: demo::Story,
        /// What the guest runs on: a local QEMU, or a cluster in the shape of Proxmox VE over it.
        #[arg(long, value_enum, default_value_t = demo::Backend::Qemu)]
        backend: demo::Backend,
        /// Which agent the guest runs.
        #[arg(long, value_enum, default_value_t = demo::Agent::Hospes)]
        agent: demo::Agent,
        /// Leaves the machine running until the next command that uses the lab.
        #[arg(long)]
        keep: bool,
    },
    /// Checks everything: format, lints, documentation, structure, tests, Windows, fuzzing, real machines.
    Test {
        /// Also the longer scenarios and more seeds.
        #[arg(long)]
        full: bool,
    },
    /// Builds the guest's programs for Windows and runs their tests under Wine.
    TestWindows,
    /// Checks the structure of the source: layers, sizes, words.
    Tidy,
    /// Measures speed and memory of a release build.
    Bench {
        /// Also the guest agent in a virtual machine, over virtio-serial.
        #[arg(long)]
        vm: bool,
    },
    /// Builds the packages: .deb and .rpm of the agent and the controller, a .zip of the agent for Windows,
    /// and the bare programs.
    Dist(dist::Options),
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&format!("xtask: {error:#}"));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run(command: &Command) -> Result<()> {
    process::watch_signals()?;
    let workspace = Workspace::find()?;
    match command {
        Command::Demo {
            story,
            backend,
            agent,
            keep,
        } => demo::run(&workspace, *story, (*backend, *agent), *keep),
        Command::Test { full } => test::run(&workspace, *full),
        Command::TestWindows => windows::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
        Command::Bench { vm } => bench::run(&workspace, *vm),
        Command::Dist(options) => dist::run(&workspace, options),
    }
}

/// A command that a signal ended says so the way a shell does: 128 and the signal's number.
fn exit_code(error: &anyhow::Error) -> u8 {
    let signal = error
        .downcast_ref::<Interrupted>()
        .map(|interrupted| interrupted.signal);
    signal
        .and_then(|signal| u8::try_from(128 + signal).ok())
        .unwrap_or(1)
}

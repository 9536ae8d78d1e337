//! The lab's command line. Its users are `cargo xtask` and developers.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use lab::console::Console;
use lab::guest_agent::GuestAgent;
use lab::image::Image;
use lab::scenario::Selection;
use lab::session::{self, Session};
use lab::{bench, demo, proxmox, scenario, scenarios, windows};
use tokio::signal::unix::{SignalKind, signal};

/// Guest image, virtual machines, scenarios and benchmarks of hospes.
#[derive(Debug, Parser)]
#[command(name = "lab")]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Builds, names or removes the guest image.
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Runs the scenarios on real machines.
    Scenarios {
        /// Only those whose name contains this.
        filter: Option<String>,
        /// Also the longer ones.
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        agent: AgentChoice,
        /// How many at once.
        #[arg(short, default_value_t = 2)]
        jobs: usize,
        /// Lists them instead.
        #[arg(long)]
        list: bool,
    },
    /// Shows the product on real machines.
    Demo {
        /// What it tells.
        #[arg(long, value_enum, default_value_t = demo::Story::Restart)]
        story: demo::Story,
        /// Leaves the machine running until the next scenarios, demo or sweep.
        #[arg(long)]
        keep: bool,
        /// What the guest runs on.
        #[arg(long, value_enum, default_value_t = demo::Backend::Qemu)]
        backend: demo::Backend,
        #[command(flatten)]
        agent: AgentChoice,
    },
    /// Measures the product.
    Bench {
        #[command(subcommand)]
        what: Option<BenchCommand>,
    },
    /// Runs the scenarios of the Windows programs under Wine.
    Windows {
        /// Where the programs are.
        #[arg(long, default_value = "target/windows/x86_64-pc-windows-gnu/debug")]
        programs: PathBuf,
        /// A prefix of Wine that nobody uses meanwhile; it is copied.
        #[arg(long, default_value = "target/windows/wine")]
        prefix: PathBuf,
        /// Lists them instead.
        #[arg(long)]
        list: bool,
        /// Only these.
        names: Vec<String>,
    },
    /// Serves a simulated cluster in the shape of Proxmox VE until standard input closes (Ctrl-D), and
    /// prints the table for hospes.toml.
    Proxmox(ProxmoxArguments),
    /// Plays the guests of a benchmark until standard input closes.
    #[command(hide = true)]
    BenchEndpoints {
        /// How many guests.
        count: usize,
        /// Where their keys and sockets go.
        dir: PathBuf,
        /// All have the same SSH port.
        #[arg(long)]
        one_port: bool,
    },
    /// Is the metadata server of a benchmark until standard input closes.
    #[command(hide = true)]
    BenchMetadataServer {
        /// How many guests.
        guests: usize,
        /// Where the sockets go.
        dir: PathBuf,
    },
    /// Ends machines and removes files that kept or killed runs left behind.
    Sweep,
    /// Ends the machines of a run when standard input closes.
    #[command(hide = true)]
    Reap {
        /// The run's directory.
        dir: PathBuf,
    },
}

/// What the simulated cluster is like.
#[derive(Debug, clap::Args)]
struct ProxmoxArguments {
    /// How many nodes.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// How many guests, spread over the nodes.
    #[arg(long, default_value_t = 12)]
    guests: usize,
    /// How many of the guests have a dead agent.
    #[arg(long, default_value_t = 0)]
    dead_agents: usize,
    /// How long each call takes at least, in milliseconds or as `5ms` or `1s`.
    #[arg(long, default_value = "0ms", value_parser = duration)]
    latency: Duration,
    /// Answers like 8.4 instead of 9.2.
    #[arg(long)]
    release_8: bool,
    /// Where the secrets go [default: a directory that is removed at the end].
    #[arg(long)]
    dir: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => text
            .strip_suffix('s')
            .map_or((text, 1), |number| (number, 1000)),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "not like `5ms` or `1s`".to_owned())?;
    Ok(Duration::from_millis(number.saturating_mul(unit)))
}

impl ProxmoxArguments {
    fn serve(self) -> Result<()> {
        let temporary = tempfile::tempdir().context("cannot create a directory")?;
        proxmox::serve(&proxmox::Serving {
            nodes: self.nodes,
            guests: self.guests,
            dead_agents: self.dead_agents,
            latency: self.latency,
            release: match self.release_8 {
                true => proxmox::Release::V8_4,
                false => proxmox::Release::V9_2,
            },
            dir: self.dir.unwrap_or_else(|| temporary.path().to_owned()),
        })
    }
}

/// Which agent the guests run.
#[derive(Debug, clap::Args)]
struct AgentChoice {
    /// Which agent the guests run.
    #[arg(long, value_enum, default_value_t = AgentName::Hospes)]
    agent: AgentName,
    /// Where the packages of ours are.
    #[arg(long, default_value = "target/lab-packages")]
    packages: PathBuf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AgentName {
    /// QEMU's own, from Debian.
    Stock,
    /// Ours.
    Hospes,
}

impl AgentChoice {
    fn agent(&self) -> Result<GuestAgent> {
        match self.agent {
            AgentName::Stock => Ok(GuestAgent::Stock),
            AgentName::Hospes => GuestAgent::hospes(&self.packages),
        }
    }
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Measures our agent beside QEMU's own instead.
    GuestAgent {
        /// The program that is measured, or else the one beside the lab.
        #[arg(long, value_name = "PROGRAM")]
        agent: Option<PathBuf>,
        /// In a virtual machine, over virtio-serial.
        #[arg(long)]
        vm: bool,
    },
    /// Measures the metadata server with ten thousand hanging GETs instead.
    Metadata,
    /// Measures a campaign over many guests that are upgraded and reboot instead.
    Patch {
        /// How many guests.
        #[arg(long, default_value_t = 1000)]
        guests: usize,
        /// How many of them are under way at a time.
        #[arg(long, default_value_t = 100)]
        at_once: usize,
        /// 20 endpoints with real apt instead, which Ansible upgrades too; needs root.
        #[arg(long, conflicts_with_all = ["guests", "at_once"])]
        beside_ansible: bool,
    },
    /// Measures the controller with a simulated cluster of Proxmox VE instead, beside Ansible.
    Proxmox,
    /// Measures our script runner and watcher instead.
    Scripts {
        /// The program that is measured, or else the one beside the lab.
        #[arg(long, value_name = "PROGRAM")]
        agent: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum ImageCommand {
    /// Builds the image unless it is cached.
    Build,
    /// Prints the image's directory.
    Path,
    /// Removes every cached image.
    Clean,
}

impl Subcommands {
    /// Whether it needs a session, whose opening ends what earlier runs left, kept machines too.
    fn starts_machines(&self) -> bool {
        matches!(
            self,
            Self::Scenarios { list: false, .. }
                | Self::Demo { .. }
                | Self::Bench {
                    what: Some(BenchCommand::GuestAgent { vm: true, .. })
                }
                | Self::Sweep
        )
    }
}

fn main() -> ExitCode {
    let called = std::env::args_os().next().map(PathBuf::from);
    if let Some(called) = called.filter(|called| bench::scripts::is_called_for(called)) {
        let noted = bench::scripts::note(&called);
        return noted.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    let console = Console::detect();
    if let Subcommands::Reap { dir } = &arguments.command {
        session::reap(dir, std::io::stdin());
        return ExitCode::SUCCESS;
    }
    let ended = match arguments.command {
        Subcommands::BenchEndpoints {
            count,
            dir,
            one_port,
        } => {
            let ports = match one_port {
                true => bench::Ports::One,
                false => bench::Ports::Own,
            };
            bench::serve(count, ports, &dir).map(|()| ExitCode::SUCCESS)
        }
        Subcommands::BenchMetadataServer { guests, dir } => {
            bench::metadata::serve(guests, &dir).map(|()| ExitCode::SUCCESS)
        }
        Subcommands::Proxmox(arguments) => arguments.serve().map(|()| ExitCode::SUCCESS),
        command => run(command, &console),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            console.note(format!("lab: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Subcommands, console: &Console) -> Result<ExitCode> {
    // Declared before the runtime, so that it is dropped after every task and machine of it.
    let session = command.starts_machines().then(Session::open).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        tokio::select! {
            result = perform(command, session.as_ref(), console) => result.map(|()| ExitCode::SUCCESS),
            code = interrupted() => {
                console.note("lab: interrupted, ending its machines");
                Ok(ExitCode::from(code?))
            }
        }
    })
}

async fn perform(command: Subcommands, session: Option<&Session>, console: &Console) -> Result<()> {
    let session = || session.context("this command has no session");
    match command {
        Subcommands::Image { command } => image(command, console).await,
        Subcommands::Scenarios { list: true, .. } => {
            list(console);
            Ok(())
        }
        Subcommands::Scenarios {
            filter,
            full,
            jobs,
            agent,
            ..
        } => {
            let selection = Selection {
                filter,
                full,
                agent: agent.agent()?,
                at_once: jobs,
            };
            scenario::run(scenarios::ALL, &selection, session()?, console).await
        }
        Subcommands::Demo {
            story,
            keep,
            backend,
            agent,
        } => demo::run((story, backend), keep, agent.agent()?, session()?, console).await,
        Subcommands::Bench { what: None } => bench::run(console).await,
        Subcommands::Bench {
            what: Some(BenchCommand::GuestAgent { agent, vm }),
        } => match vm {
            false => bench::guest_agent::run(agent, console).await,
            true => bench::guest_agent::run_in_machine(agent, session()?, console).await,
        },
        Subcommands::Bench {
            what: Some(BenchCommand::Metadata),
        } => bench::metadata::run(console).await,
        Subcommands::Bench {
            what:
                Some(BenchCommand::Patch {
                    guests,
                    at_once,
                    beside_ansible,
                }),
        } => match beside_ansible {
            false => bench::patch::run(&bench::patch::Size { guests, at_once }, console).await,
            true => bench::patch::run_beside_ansible(console).await,
        },
        Subcommands::Bench {
            what: Some(BenchCommand::Proxmox),
        } => bench::proxmox::run(console).await,
        Subcommands::Bench {
            what: Some(BenchCommand::Scripts { agent }),
        } => bench::scripts::run(agent, console).await,
        Subcommands::Windows { list: true, .. } => {
            windows::list(console);
            Ok(())
        }
        Subcommands::Windows {
            programs,
            prefix,
            names,
            ..
        } => windows::run(&windows::Given { programs, prefix }, &names, console).await,
        // Opening the session has swept; the others never come here.
        Subcommands::Sweep
        | Subcommands::Reap { .. }
        | Subcommands::Proxmox(_)
        | Subcommands::BenchEndpoints { .. }
        | Subcommands::BenchMetadataServer { .. } => Ok(()),
    }
}

async fn image(command: ImageCommand, console: &Console) -> Result<()> {
    match command {
        ImageCommand::Build => {
            let image = Image::ensure(console).await?;
            console.result(image.dir().display());
        }
        ImageCommand::Path => console.result(Image::location().await?.display()),
        ImageCommand::Clean => {
            for path in Image::clean()? {
                console.result(format!("removed {}", path.display()));
            }
        }
    }
    Ok(())
}

fn list(console: &Console) {
    for scenario in scenarios::ALL {
        let when = if scenario.full_only { "full" } else { "" };
        console.result(format!("{:28} {when:5} {}", scenario.name, scenario.about));
    }
}

/// Ends with the exit code of the signal that asked the lab to stop: 128 and its number.
async fn interrupted() -> Result<u8> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen to signals")?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| 130).context("cannot listen to signals"),
        _ = terminate.recv() => Ok(143),
        _ = hangup.recv() => Ok(129),
    }
}

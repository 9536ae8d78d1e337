//! Every command and option.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::{AcceptUnknown, ChangePace, GracefulStop, Init, Metadata, Patch, ReadPace, Selection};

/// Check, repair, gate, restart and prove: virtual machines on Proxmox VE and QEMU, from the host's
/// side.
///
/// The guest owns its lifecycle, the hypervisor owns recovery, SSH says whether a guest is ready,
/// the agent channel says only whether the hypervisor may act. Nothing ever cuts the power.
///
/// Exit codes: 0 ok, 1 failed, 2 usage, 3 refused (nothing was touched), 4 not ready.
#[derive(Debug, Parser)]
#[command(
    name = "hospes",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Configuration [default: $HOSPES_CONFIG, $XDG_CONFIG_HOME/hospes/hospes.toml,
    /// /etc/hospes/hospes.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON document on standard output (schema hospes.VERB/1) and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Say on standard error what is being done; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Set up a cluster of Proxmox VE: ask for its address and token, test them, write hospes.toml
    Init(Init),
    /// About guests.
    #[command(flatten)]
    Fleet(FleetVerb),
    /// Serve metadata to guests, read and change it: scripts, attributes, graceful stops
    Metadata(Metadata),
    /// Print a shell completion script
    Completions {
        /// For this shell
        shell: Shell,
    },
    /// Write the man pages into a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
}

/// The commands about guests.
#[derive(Debug, Subcommand)]
pub enum FleetVerb {
    /// List the guests of the configuration and of its clusters, and whether they run
    Guests(Guests),
    /// Show what the agent channel reports about a guest: OS, addresses, file systems, users, load
    Inspect(One),
    /// Read the six conditions that make a guest safe to touch from outside
    Check(Check),
    /// Mend what fails of the six conditions, in the one safe order
    Fix(Fix),
    /// Say whether guests are usable: SSH answers, a command runs
    Ready(Ready),
    /// Let guests reboot themselves, asked through SSH, proved by a new boot id
    Reboot(Reboot),
    /// Restart guests from outside: permit, agent shutdown, start, readiness, health
    Restart(Power),
    /// Shut guests down through the agent, with a permit; never by force
    Shutdown(Power),
    /// Power on stopped guests
    Start(Start),
    /// Show, learn or confirm the SSH host keys of a guest
    Trust(Trust),
    /// Patch guests in bulk: what would change, in which order, until it is done and proved
    Patch(Patch),
    /// List, show, resume, abort or abandon recorded runs
    Runs(Runs),
}

/// `guests`.
#[derive(Debug, Args)]
pub struct Guests {
    /// Names, patterns ("web*"), "tag:db", "pool:prod", "node:pve1", "id:100-199", "cluster:home" or
    /// "all" [default: all]
    #[arg(value_name = "GUEST")]
    pub selectors: Vec<String>,
}

/// Of commands about exactly one guest.
#[derive(Debug, Args)]
pub struct One {
    /// The guest's name
    pub guest: String,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Which guests
    #[command(flatten)]
    pub selection: Selection,
    /// Show the evidence of healthy conditions too
    #[arg(long)]
    pub evidence: bool,
    /// How many at a time
    #[command(flatten)]
    pub pace: ReadPace,
}

/// `fix`.
#[derive(Debug, Args)]
pub struct Fix {
    /// Which guests
    #[command(flatten)]
    pub selection: Selection,
    /// Only show what would be done, as a diff; change nothing
    #[arg(long)]
    pub check: bool,
    /// How many at a time, and how many may fail
    #[command(flatten)]
    pub pace: ChangePace,
}

/// `ready`.
#[derive(Debug, Args)]
pub struct Ready {
    /// Which guests
    #[command(flatten)]
    pub selection: Selection,
    /// Wait for it, up to this long ("90s", "5m"); without it: one look
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub wait: Option<std::time::Duration>,
    /// How many at a time
    #[command(flatten)]
    pub pace: ReadPace,
}

/// `reboot`.
#[derive(Debug, Args)]
pub struct Reboot {
    /// Which guests, one after the other; the first that fails ends it, unless told otherwise
    #[command(flatten)]
    pub selection: Selection,
    /// Only say what would be done; change nothing
    #[arg(long)]
    pub check: bool,
    /// How many at a time, and how many may fail
    #[command(flatten)]
    pub pace: ChangePace,
}

/// `restart` and `shutdown`.
#[derive(Debug, Args)]
pub struct Power {
    /// Which guests, one after the other; the first that fails ends it, unless told otherwise
    #[command(flatten)]
    pub selection: Selection,
    /// Only check and say what would be done; change nothing
    #[arg(long)]
    pub check: bool,
    /// Whether the guest's own scripts run first
    #[command(flatten)]
    pub graceful: GracefulStop,
    /// Accepted for this call
    #[command(flatten)]
    pub accept: AcceptUnknown,
    /// How many at a time, and how many may fail
    #[command(flatten)]
    pub pace: ChangePace,
}

/// `start`.
#[derive(Debug, Args)]
pub struct Start {
    /// Which guests, one after the other; the first that fails ends it, unless told otherwise
    #[command(flatten)]
    pub selection: Selection,
    /// Only say what would be done; change nothing
    #[arg(long)]
    pub check: bool,
    /// How many at a time, and how many may fail
    #[command(flatten)]
    pub pace: ChangePace,
}

/// `trust`.
#[derive(Debug, Args)]
pub struct Trust {
    /// The guest's name
    pub guest: String,
    /// Pin the presented key if it has this fingerprint ("SHA256:...")
    #[arg(long, value_name = "FINGERPRINT")]
    pub fingerprint: Option<String>,
    /// Only show what is presented, pinned and reported through the channel; pin nothing
    #[arg(long)]
    pub check: bool,
}

/// `runs`.
#[derive(Debug, Args)]
pub struct Runs {
    /// What about them
    #[command(subcommand)]
    pub verb: RunsVerb,
}

/// What can be done with recorded runs.
#[derive(Debug, Subcommand)]
pub enum RunsVerb {
    /// List the latest runs
    List {
        /// Only of this guest
        #[arg(long, value_name = "GUEST")]
        guest: Option<String>,
        /// Only those that can be resumed
        #[arg(long)]
        open: bool,
        /// How many at most
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Show one run's timeline
    Show {
        /// The run ("r12")
        run: String,
    },
    /// Go on with a run whose controller died, or that ended with something still owed
    Resume {
        /// The run ("r12")
        run: String,
        /// Only say what is owed and what the guest does now; change nothing
        #[arg(long)]
        check: bool,
        /// Accepted for this call
        #[command(flatten)]
        accept: AcceptUnknown,
    },
    /// Cancel a graceful stop that waits for the guest's scripts, whether or not its hospes still
    /// runs: the guest is told, and not stopped
    Abort {
        /// The run ("r12")
        run: String,
        /// Only say whether it can be cancelled; change nothing
        #[arg(long)]
        check: bool,
    },
    /// Give a run up: what it still owed is not done
    Abandon {
        /// The run ("r12")
        run: String,
        /// Only say what would be given up; change nothing
        #[arg(long)]
        check: bool,
    },
}

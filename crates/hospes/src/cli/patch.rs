//! `patch` and what can be done with it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

/// `patch`.
#[derive(Debug, Args)]
pub struct Patch {
    /// What about it
    #[command(subcommand)]
    pub verb: PatchVerb,
}

/// What can be done with patching.
#[derive(Debug, Subcommand)]
pub enum PatchVerb {
    /// Say what would be patched, when, in which wave, what stays and why; change nothing
    ///
    /// With guests: asks each guest's apt. With --file: plans a campaign over groups of guests, and
    /// writes the plan document that `apply --plan` carries out.
    Plan(PlanPatches),
    /// Patch guests, or carry out a plan document
    ///
    /// A guest is patched through SSH, whether or not its agent is healthy. Its upgrade runs in a
    /// transient unit that outlives this program; a campaign whose hospes died is taken up again by
    /// `patch resume`.
    Apply(ApplyPatches),
    /// Patch nodes of Proxmox VE, one after the other
    ///
    /// Each node is emptied by live migration, put in maintenance, upgraded through SSH, rebooted where
    /// that is needed, and put back in service with its guests. Quorum, Ceph, backups and replication
    /// are looked at before. Any doubt stops before the next node.
    Nodes(PatchNodes),
    /// List the campaigns, or show where one stands and what it waits for
    Status {
        /// The campaign ("c3"); without it the latest are listed
        campaign: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Begin nobody else for now; those under way finish
    Pause(ToCampaign),
    /// End a pause; take up a campaign whose hospes died
    Resume(ToCampaign),
    /// Say the word that waves wait for
    Approve {
        /// The campaign ("c3")
        campaign: String,
        /// The word, as the plan file has it
        word: String,
        /// Only say what would go on; change nothing
        #[arg(long)]
        check: bool,
    },
    /// Begin nobody else for good; those under way finish
    Abort {
        /// The campaign ("c3")
        campaign: String,
        /// Why, for the report
        #[arg(long, value_name = "TEXT", default_value = "aborted by the operator")]
        reason: String,
        /// Only say who would not be begun; change nothing
        #[arg(long)]
        check: bool,
    },
    /// Tell what a campaign came to, with a timeline
    Report(ReportPatches),
    /// List the snapshots that were taken before patching; delete those that have expired
    Snapshots {
        /// Delete those that have expired
        #[arg(long)]
        expire: bool,
        /// With --expire: only say which would be deleted
        #[arg(long, requires = "expire")]
        check: bool,
    },
    /// Set the disks of a stopped guest back to the snapshot that was taken before patching
    ///
    /// What was written since is lost. The guest has to be shut down before (`hospes shutdown`): a
    /// running guest is never rolled back.
    Rollback {
        /// The guest's name
        guest: String,
        /// The snapshot, where there are several [default: the newest one]
        #[arg(long, value_name = "NAME")]
        snapshot: Option<String>,
        /// Only say what would be done; change nothing
        #[arg(long)]
        check: bool,
    },
}

/// A campaign that is told something.
#[derive(Debug, Args)]
pub struct ToCampaign {
    /// The campaign ("c3")
    pub campaign: String,
    /// Only say what would be done; change nothing
    #[arg(long)]
    pub check: bool,
}

/// `patch plan`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("planned").args(["selectors", "file"]).required(true))]
pub struct PlanPatches {
    /// Names, patterns ("web*"), "tag:db", "pool:prod", "node:pve1", "id:100-199", "cluster:home" or
    /// "all"
    #[arg(value_name = "GUEST")]
    pub selectors: Vec<String>,
    /// Plan a campaign by this plan file (TOML, docs/patching.md), which says how they are patched
    #[arg(long, value_name = "PLAN.toml", conflicts_with = "PatchPolicy")]
    pub file: Option<PathBuf>,
    /// Write the plan document here, for `apply --plan`
    #[arg(long, value_name = "PLAN.json")]
    pub out: Option<PathBuf>,
    /// Of guests that are named: how they are patched
    #[command(flatten)]
    pub policy: PatchPolicy,
}

/// `patch apply`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("carried-out").args(["selectors", "plan"]).required(true))]
pub struct ApplyPatches {
    /// Names, patterns ("web*"), "tag:db", "pool:prod", "node:pve1", "id:100-199", "cluster:home" or
    /// "all"
    #[arg(value_name = "GUEST")]
    pub selectors: Vec<String>,
    /// Carry out this plan document as it is written, unless reality has moved since
    #[arg(long, value_name = "PLAN.json", conflicts_with = "PatchPolicy")]
    pub plan: Option<PathBuf>,
    /// Only say what would be done; change nothing
    #[arg(long)]
    pub check: bool,
    /// Of guests that are named: how they are patched
    #[command(flatten)]
    pub policy: PatchPolicy,
}

/// `patch nodes`.
#[derive(Debug, Args)]
pub struct PatchNodes {
    /// Names ("pve1", "home/pve1"), in their order [default: all]
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Only nodes of this cluster
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Only say what stands in the way, what is known to be newer and which guests would leave
    #[arg(long)]
    pub check: bool,
    /// When a node reboots after its upgrade
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Reboots::IfRequired)]
    pub reboot: Reboots,
    /// Packages may be removed for the upgrade
    #[arg(long)]
    pub allow_removals: bool,
    /// Let dpkg finish first what was interrupted before
    #[arg(long)]
    pub allow_mending: bool,
    /// Shut guests down that cannot move while they run, each with a permit, and start them afterwards
    #[arg(long)]
    pub interrupt_guests: bool,
    /// Copy disks that only the node has
    #[arg(long)]
    pub copy_local_disks: bool,
    /// Take over a node that is in maintenance already
    #[arg(long)]
    pub adopt_maintenance: bool,
}

/// How guests are patched that are named on the command line.
#[derive(Debug, Args)]
pub struct PatchPolicy {
    /// When a guest reboots after its upgrade
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Reboots::IfRequired)]
    pub reboot: Reboots,
    /// Install and remove nothing but newer versions (apt-get upgrade): a new kernel stays out
    #[arg(long)]
    pub no_new_packages: bool,
    /// Packages may be removed for the upgrade
    #[arg(long)]
    pub allow_removals: bool,
    /// Let dpkg finish first what was interrupted before
    #[arg(long)]
    pub allow_mending: bool,
    /// Have the hypervisor take a snapshot before, and keep it this long ("3d")
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub snapshot_expires: Option<Duration>,
    /// Guests at a time; never more than --max-failures and one more
    #[arg(long, value_name = "N")]
    pub at_once: Option<usize>,
    /// Guests that may fail before no other is begun
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_failures: usize,
}

/// When a guest reboots after its upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reboots {
    /// Not at all
    Never,
    /// When what was patched asks for it
    IfRequired,
    /// Whenever packages changed
    Always,
}

/// `patch report`.
#[derive(Debug, Args)]
pub struct ReportPatches {
    /// The campaign ("c3")
    pub campaign: String,
    /// In which form
    #[arg(long, value_enum, default_value_t = ReportFormat::Markdown)]
    pub format: ReportFormat,
    /// Write it here instead of printing it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, and for forges
    Markdown,
    /// For programs
    Json,
    /// One page with a picture of the timeline
    Html,
}

//! `metadata` and what can be done with it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use thiserror::Error;

/// `metadata`.
#[derive(Debug, Args)]
pub struct Metadata {
    /// What about it
    #[command(subcommand)]
    pub verb: MetadataVerb,
}

/// What can be done with metadata.
#[derive(Debug, Subcommand)]
pub enum MetadataVerb {
    /// Serve metadata to the guests of the configuration, until SIGTERM or SIGINT
    ///
    /// Each guest has a socket of its own (NAME.sock in the metadata folder of the state directory,
    /// or in metadata.socket-dir), and is known by its source address at the addresses of
    /// metadata.listen. The configuration is read once: start the server anew after a change. Guests
    /// that wait for a change lose nothing by that.
    ///
    /// A guest of a cluster of Proxmox VE is known by its address only while the firewall of this node
    /// binds the address to it; its files are followed. See docs/proxmox.md.
    Serve(ServeMetadata),
    /// Set a value; guests that wait for it learn it at once
    Set(SetMetadata),
    /// Print a value, or list what there is
    Get(GetMetadata),
    /// Take a value away
    Unset(UnsetMetadata),
    /// Print each change until interrupted; needs a running server
    Watch(GetMetadata),
    /// Pass one connection on to a guest's socket, for QEMU's guestfwd
    ///
    /// On the QEMU command line: -netdev user,id=n0,net=169.254.169.0/24,
    /// guestfwd=tcp:169.254.169.254:80-cmd:'hospes metadata connect SOCKET'
    Connect {
        /// The guest's socket; or the guest's name, which takes reading the configuration
        #[arg(value_name = "SOCKET|GUEST")]
        end: String,
    },
}

/// `metadata serve`.
#[derive(Debug, Args)]
pub struct ServeMetadata {
    /// Only say who would be served at addresses, and why others would not; exit code 3 if somebody
    /// would not
    #[arg(long)]
    pub check: bool,
}

/// `metadata set`.
#[derive(Debug, Args)]
pub struct SetMetadata {
    /// The guest's name; left away with --project
    #[arg(value_name = "GUEST", required = true)]
    guest: Option<String>,
    /// "startup-script" means instance/attributes/startup-script; a path is taken as it is
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// The value; others on this machine can see it while this runs, so give secrets by --file
    #[arg(value_name = "VALUE", conflicts_with = "file")]
    value: Option<String>,
    /// Read the value from a file; "-" is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// For every guest that has no value of its own
    #[arg(long)]
    project: bool,
    /// Only say what would change; change nothing
    #[arg(long)]
    pub check: bool,
}

/// `metadata get` and `metadata watch`.
#[derive(Debug, Args)]
pub struct GetMetadata {
    /// The guest's name; left away with --project
    #[arg(value_name = "GUEST", required_unless_present = "project")]
    guest: Option<String>,
    /// Only at and below this: a word is an attribute, a path is taken as it is
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// What every guest has
    #[arg(long)]
    project: bool,
}

/// `metadata unset`.
#[derive(Debug, Args)]
pub struct UnsetMetadata {
    /// The guest's name; left away with --project
    #[arg(value_name = "GUEST", required = true)]
    guest: Option<String>,
    /// "startup-script" means instance/attributes/startup-script; a path is taken as it is
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// From what every guest has
    #[arg(long)]
    project: bool,
    /// Only say what would change; change nothing
    #[arg(long)]
    pub check: bool,
}

/// Whose values, as named: `None` is the project.
pub type Owner<'a> = Option<&'a str>;

/// Words of a command that do not fit together.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Misused {
    /// Not as many as it takes.
    #[error("expected {0}")]
    Words(&'static str),
    /// Nothing that could be a guest's name.
    #[error("`{0}` is no guest's name: expected 1 to 63 of A-Z a-z 0-9 . _ -")]
    NoGuest(String),
    /// Nobody can be asked for it.
    #[error(
        "{0} is missing, and nobody can be asked: this is no terminal, or asking was ruled out"
    )]
    Unasked(&'static str),
    /// An answer that cannot be right.
    #[error("{0}")]
    Answer(String),
    /// Neither VALUE nor --file.
    #[error("name the value, or the file that holds it with --file")]
    NoValue,
}

impl SetMetadata {
    /// Whose, which, and the value unless `--file` gives it.
    pub fn words(&self) -> Result<(Owner<'_>, &str, Option<&str>), Misused> {
        let wanted = "GUEST KEY [VALUE], or --project KEY [VALUE]";
        let given = [&self.guest, &self.key, &self.value];
        let (owner, rest) = owner(self.project, &given);
        let (key, value) = match rest[..] {
            [key] => (key, None),
            [key, value] => (key, Some(value)),
            _ => return Err(Misused::Words(wanted)),
        };
        match (value, &self.file) {
            (None, None) => Err(Misused::NoValue),
            // With --project, VALUE stands where clap sees KEY.
            (Some(_), Some(_)) => Err(Misused::Words("either VALUE or --file, not both")),
            _ => Ok((owner, key, value)),
        }
    }
}

impl UnsetMetadata {
    /// Whose, and which.
    pub fn words(&self) -> Result<(Owner<'_>, &str), Misused> {
        match owner(self.project, &[&self.guest, &self.key]) {
            (owner, rest) if rest.len() == 1 => Ok((owner, rest[0])),
            _ => Err(Misused::Words("GUEST KEY, or --project KEY")),
        }
    }
}

impl GetMetadata {
    /// Whose, and which; without a key all of them.
    pub fn words(&self) -> Result<(Owner<'_>, Option<&str>), Misused> {
        match owner(self.project, &[&self.guest, &self.key]) {
            (owner, rest) if rest.len() < 2 => Ok((owner, rest.first().copied())),
            _ => Err(Misused::Words("GUEST [KEY], or --project [KEY]")),
        }
    }
}

/// The first word names the guest, unless it is about the project.
fn owner<'a>(project: bool, words: &[&'a Option<String>]) -> (Owner<'a>, Vec<&'a str>) {
    let mut given = words.iter().filter_map(|word| word.as_deref());
    let owner = if project { None } else { given.next() };
    (owner, given.collect())
}

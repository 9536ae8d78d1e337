//! `init`.

use std::path::PathBuf;

use clap::Args;

/// `init`. What is not named is asked for, on a terminal.
#[derive(Debug, Args)]
pub struct Init {
    /// A node of the cluster ("pve1.example.net", "192.0.2.10:8006")
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// What the cluster is called in the configuration [default: home]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The SHA-256 fingerprint of the node's certificate ("AB:CD:...", as "pvenode cert info" shows
    /// it), where it is not signed by an authority that this machine trusts
    #[arg(long, value_name = "FINGERPRINT")]
    pub fingerprint: Option<String>,
    /// The API token ("hospes@pve!main")
    #[arg(long, value_name = "USER@REALM!ID")]
    pub token_id: Option<String>,
    /// The file that has the token's secret in its first line
    #[arg(long, value_name = "FILE", group = "secret")]
    pub token_file: Option<PathBuf>,
    /// The environment variable that has the token's secret
    #[arg(long, value_name = "VARIABLE", group = "secret")]
    pub token_env: Option<String>,
    /// The command that prints the token's secret, its words divided by spaces
    #[arg(long, value_name = "COMMAND", group = "secret")]
    pub token_command: Option<String>,
    /// The configuration to write or to add to [default: as --config]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write without asking; never takes a certificate for the right one
    #[arg(long)]
    pub yes: bool,
    /// Test the connection and show what would be written; write nothing
    #[arg(long)]
    pub check: bool,
}

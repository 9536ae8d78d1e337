//! The options of `cargo xtask dist`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

/// What is built, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Links against this machine's glibc: needs neither zig nor a network, and runs on systems that are as new.
    #[arg(long)]
    pub(crate) native: bool,
    /// Makes neither .rpm nor .zip.
    #[arg(long)]
    pub(crate) deb_only: bool,
    /// Only this program's packages.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) only: Option<Product>,
    /// How the programs are compiled.
    #[arg(long, value_enum, default_value_t = Profile::Dist)]
    pub(crate) profile: Profile,
    /// Another version for the packages and the agent in them, so that one can be upgraded to the other.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) package_version: Option<String>,
    /// Where packages and programs go [default: target/dist].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Instead, the two versions of the agent's packages that the lab installs, into target/lab-packages.
    #[arg(long, exclusive = true)]
    pub(crate) lab: bool,
}

/// What is packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Product {
    /// The agent in the guest, and the units of its metadata scripts.
    HospesAgent,
    /// The controller on the host.
    Hospes,
}

/// How long the compiler takes, and how good the program gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// As small and fast as it gets; takes minutes.
    Dist,
    /// As `cargo build` makes it, for tests; with --native it shares its work. Packed fast, not small.
    Dev,
}

impl Options {
    /// The version of the packages.
    pub(crate) fn version(&self) -> &str {
        let own = env!("CARGO_PKG_VERSION");
        self.package_version.as_deref().unwrap_or(own)
    }

    /// The products to package.
    pub(crate) fn products(&self) -> Vec<Product> {
        self.only.map_or_else(
            || vec![Product::HospesAgent, Product::Hospes],
            |one| vec![one],
        )
    }
}

impl Product {
    /// The name of package, crate and program.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::HospesAgent => "hospes-agent",
            Self::Hospes => "hospes",
        }
    }
}

/// Versions of both dpkg and rpm know these characters; a hyphen would begin a revision.
fn version(text: &str) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '~');
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(allowed) {
        bail!("a digit first, then letters, digits and `.`, `+`, `~`");
    }
    Ok(text.to_owned())
}

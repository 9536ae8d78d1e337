//! The compiler and linker that make the programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::machine::Machine;
use super::options::{Options, Product, Profile};
use crate::workspace::Workspace;
use crate::{process, say};

/// What every distribution of the last ten years has (RHEL 7, Debian 8, Ubuntu 14.04).
pub(crate) const OLD_GLIBC: (u32, u32) = (2, 17);

/// Tried together; from PyPI.
const TOOLS: [&str; 2] = ["cargo-zigbuild==0.24.0", "ziglang==0.17.1"];

/// The variable of the build that sets the version that the agent reports.
const REPORTED: &str = "HOSPES_QGA_VERSION";

/// How that version begins when the variable is not set.
const PROTOCOL: &str = "10.2.0+hospes.";

/// What links the programs.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// zig's linker, which knows the symbols of an old glibc. It lives in this virtual environment.
    Zig(PathBuf),
    /// This machine's.
    Native,
}

impl Toolchain {
    /// Sees to it that everything is there.
    pub(crate) fn ready(
        workspace: &Workspace,
        options: &Options,
        machine: Machine,
    ) -> Result<Self> {
        if options.native {
            say::line("    programs need a glibc as new as this machine's (--native)");
            return Ok(Self::Native);
        }
        ensure_target(machine)?;
        let tools = workspace.target()?.join("dist-tools");
        ensure_tools(&tools)?;
        Ok(Self::Zig(tools))
    }

    /// Compiles `product` and says where it is.
    pub(crate) fn build(
        &self,
        workspace: &Workspace,
        options: &Options,
        product: Product,
        machine: Machine,
    ) -> Result<PathBuf> {
        let (profile, folder) = profile(options.profile, product);
        let made_in = self.target_folder(workspace, options.profile)?;
        let (mut cargo, below) = match self {
            Self::Native => (workspace.cargo(&["build"]), PathBuf::from(folder)),
            Self::Zig(tools) => {
                let (major, minor) = OLD_GLIBC;
                let mut cargo = zigbuild(workspace, tools)?;
                cargo.arg("--target");
                cargo.arg(format!("{}.{major}.{minor}", machine.target));
                (cargo, Path::new(machine.target).join(folder))
            }
        };
        cargo.args([
            "--locked",
            "--package",
            product.name(),
            "--bin",
            product.name(),
        ]);
        cargo
            .args(["--profile", profile, "--target-dir"])
            .arg(&made_in);
        if options.profile == Profile::Dist {
            cargo.env("CARGO_ENCODED_RUSTFLAGS", without_paths(workspace));
        }
        name_version(&mut cargo, options);
        process::run(&mut cargo)?;
        Ok(made_in.join(below).join(product.name()))
    }

    /// Cargo does not see who links: each has its own folder. Tests share the one of `cargo build`.
    fn target_folder(&self, workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
        let target = workspace.target()?;
        Ok(match (self, profile) {
            (Self::Native, Profile::Dev) => target,
            (Self::Native, Profile::Dist) => target.join("dist-build/native"),
            (Self::Zig(_), _) => target.join("dist-build/zig"),
        })
    }
}

/// Has a build report the version of the packages.
pub(super) fn name_version(cargo: &mut Command, options: &Options) {
    if let (Some(version), None) = (&options.package_version, std::env::var_os(REPORTED)) {
        cargo.env(REPORTED, format!("{PROTOCOL}{version}"));
    }
}

/// Cargo's profile and the folder that it writes to. The controller is large, and in no hurry.
pub(super) const fn profile(profile: Profile, product: Product) -> (&'static str, &'static str) {
    match (profile, product) {
        (Profile::Dev, _) => ("dev", "debug"),
        (Profile::Dist, Product::HospesAgent) => ("dist", "dist"),
        (Profile::Dist, Product::Hospes) => ("release", "release"),
    }
}

/// Flags that keep the folders of whoever builds out of the programs.
pub(super) fn without_paths(workspace: &Workspace) -> String {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    let cargo = cargo.map(|cargo| format!("--remap-path-prefix={}=cargo", cargo.display()));
    let root = format!("--remap-path-prefix={}=hospes", workspace.root().display());
    [Some(root), cargo]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\x1f")
}

fn zigbuild(workspace: &Workspace, tools: &Path) -> Result<Command> {
    let programs = tools.join("bin");
    let mut path = vec![programs.clone()];
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut cargo = Command::new(programs.join("cargo-zigbuild"));
    cargo.arg("zigbuild").current_dir(workspace.root());
    cargo.env("PATH", std::env::join_paths(path)?);
    cargo.env("CARGO_ZIGBUILD_CACHE_DIR", tools.join("cache/zigbuild"));
    cargo.env("ZIG_GLOBAL_CACHE_DIR", tools.join("cache/zig"));
    Ok(cargo)
}

fn ensure_target(machine: Machine) -> Result<()> {
    let library = process::output(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        machine.target,
    ]))?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    if !process::succeeds(Command::new("rustup").arg("--version")) {
        bail!(
            "Rust's library for {} is missing: install Rust through rustup",
            machine.target
        );
    }
    say::line(&format!("    adding the Rust target `{}`", machine.target));
    process::run(Command::new("rustup").args(["target", "add", machine.target]))
}

fn ensure_tools(tools: &Path) -> Result<()> {
    let stamp = tools.join("installed");
    let wanted = TOOLS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        say::line("    zig as a linker: there");
        return Ok(());
    }
    say::line(&format!(
        "    installing into {} (about 450 MB), to link against glibc {}.{}:",
        tools.display(),
        OLD_GLIBC.0,
        OLD_GLIBC.1
    ));
    say::line("      ziglang         a linker that knows the symbols of every glibc");
    say::line("      cargo-zigbuild  lets cargo use it");
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(tools),
    )
    .context("cannot make a virtual environment of Python")?;
    let mut pip = Command::new(tools.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:"]);
    process::run(pip.args(TOOLS)).context(
        "cannot install cargo-zigbuild and ziglang from PyPI; what pip said is above. This needs a network once. \
         `cargo xtask dist --native` does without, but what it builds runs only on systems with a glibc as new \
         as this machine's",
    )?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_knows_its_version_by_the_same_names() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../crates/hospes-agent/src/version.rs"
        );
        let source = std::fs::read_to_string(path).unwrap();
        assert!(
            source.contains(REPORTED) && source.contains(PROTOCOL),
            "{source}"
        );
    }
}

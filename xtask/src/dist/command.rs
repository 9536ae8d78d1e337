//! The course of `cargo xtask dist`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::binary::Needs;
use super::controller::Generated;
use super::deb::Packing;
use super::machine::Machine;
use super::options::{Options, Product, Profile};
use super::package::{Family, Package, Sources};
use super::toolchain::{OLD_GLIBC, Toolchain};
use super::{agent, controller, deb, lab, metadata, notices, report, rpm, staging, windows};
use crate::workspace::Workspace;
use crate::{process, say, setup};

/// Builds programs and packages, and says what there is.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    say::heading("set-up");
    if options.lab {
        return lab::lab_packages(workspace).map(drop);
    }
    setup::ensure_packaging(!options.native, !options.deb_only)?;
    let mut files = Vec::new();
    let out = out_folder(workspace, options)?;
    let epoch = epoch(workspace)?;
    for made in make(workspace, options, epoch)? {
        let bare = out.join(bare_name(made.product, options)?);
        std::fs::copy(&made.program, &bare)
            .with_context(|| format!("cannot write {}", bare.display()))?;
        files.push(bare);
        files.extend(made.packages);
    }
    files.extend(windows::make(workspace, options, epoch, &out)?);
    report::finish(&out, &files)
}

/// Cargo has files of the plain name in a folder `dist` of its own.
fn bare_name(product: Product, options: &Options) -> Result<String> {
    let machine = Machine::this()?.architecture.rpm;
    let (name, version) = (product.name(), options.version());
    Ok(format!("{name}-{version}-linux-{machine}"))
}

/// A program and the packages that hold it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) product: Product,
    pub(super) program: PathBuf,
    pub(super) packages: Vec<PathBuf>,
}

/// Builds what `options` ask for; `epoch` becomes the time of every file.
pub(super) fn make(workspace: &Workspace, options: &Options, epoch: u64) -> Result<Vec<Made>> {
    let machine = Machine::this()?;
    let toolchain = Toolchain::ready(workspace, options, machine)?;
    let dist = Dist {
        workspace,
        options,
        machine,
        epoch,
        changed: shown(epoch)?,
        work: workspace.target()?.join("dist-build/packages"),
        out: out_folder(workspace, options)?,
    };
    let make = |product: Product| {
        say::heading(&format!("build {} {}", product.name(), options.version()));
        let program = toolchain.build(workspace, options, product, machine)?;
        let packages = dist.pack(product, &program)?;
        Ok(Made {
            product,
            program,
            packages,
        })
    };
    options.products().into_iter().map(make).collect()
}

fn out_folder(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let out = match &options.out {
        Some(out) => std::path::absolute(out)?,
        None => workspace.target()?.join("dist"),
    };
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    Ok(out)
}

struct Dist<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    machine: Machine,
    epoch: u64,
    /// The same for people.
    changed: String,
    work: PathBuf,
    out: PathBuf,
}

impl Dist<'_> {
    fn pack(&self, product: Product, program: &Path) -> Result<Vec<PathBuf>> {
        let content =
            std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
        self.check(&content)?;
        let notices = notices::of(self.workspace, product, self.machine.target)?;
        let generated = self.generated(product, program)?;
        let mut files = Vec::new();
        for family in self.families() {
            for package in self.packages(product, *family, &content, &notices, &generated)? {
                files.push(self.file(&package, *family)?);
            }
        }
        Ok(files)
    }

    fn families(&self) -> &'static [Family] {
        match self.options.deb_only {
            true => &[Family::Deb],
            false => &[Family::Deb, Family::Rpm],
        }
    }

    fn file(&self, package: &Package, family: Family) -> Result<PathBuf> {
        let packing = match self.options.profile {
            Profile::Dist => Packing::Small,
            Profile::Dev => Packing::Fast,
        };
        let (work, out) = (&self.work, &self.out);
        match family {
            Family::Deb => deb::build(package, packing, self.epoch, work, out),
            Family::Rpm => rpm::build(package, self.epoch, work, out),
        }
    }

    /// The packages that a product comes in.
    fn packages(
        &self,
        product: Product,
        family: Family,
        program: &[u8],
        notices: &str,
        generated: &Generated,
    ) -> Result<Vec<Package>> {
        let sources = Sources {
            root: self.workspace.root(),
            version: self.options.version(),
            machine: self.machine,
            notices,
            changed: &self.changed,
        };
        let program = program.to_vec();
        Ok(match product {
            Product::HospesAgent => vec![
                agent::package(family, sources, program, generated)?,
                metadata::package(family, sources)?,
            ],
            Product::Hospes => vec![controller::package(family, sources, program, generated)?],
        })
    }

    fn generated(&self, product: Product, program: &Path) -> Result<Generated> {
        match product {
            Product::HospesAgent => agent::generated(program),
            Product::Hospes => {
                let folder = self.work.join("hospes-manuals");
                staging::fresh_folder(&folder)?;
                Generated::by(program, &folder)
            }
        }
    }

    /// A program that would not start on an old system is not packaged.
    fn check(&self, program: &[u8]) -> Result<()> {
        let (major, minor) = Needs::of(program).glibc;
        say::line(&format!(
            "    {:.2} MB, needs glibc {major}.{minor}",
            report::megabytes(program.len() as u64)
        ));
        if !self.options.native && (major, minor) > OLD_GLIBC {
            bail!(
                "the program needs glibc {major}.{minor}, but shall run with {}.{}: a symbol that is newer is used",
                OLD_GLIBC.0,
                OLD_GLIBC.1
            );
        }
        Ok(())
    }
}

fn shown(epoch: u64) -> Result<String> {
    let mut date = Command::new("date");
    date.args(["--utc", "--rfc-email", &format!("--date=@{epoch}")]);
    Ok(process::output(&mut date)?.trim().to_owned())
}

/// The time of every file in the packages, so that the same sources make the same bytes: that of
/// the last commit, in seconds since 1970.
fn epoch(workspace: &Workspace) -> Result<u64> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return epoch.parse().context("SOURCE_DATE_EPOCH is no number");
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"])
        .current_dir(workspace.root());
    let text = process::output(&mut git).context(
        "the time of the last commit is the packages' time; without git, set SOURCE_DATE_EPOCH",
    )?;
    text.trim().parse().context("git told no time")
}

//! The package `hospes`: the controller, its man pages and completions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::binary::Needs;
use super::package::{Family, Package, Sources};
use super::staging::Tree;
use crate::process;

const NAME: &str = "hospes";

/// Shell, and where each family looks for its completions.
const COMPLETIONS: [(&str, &str, &str); 3] = [
    (
        "bash",
        "/usr/share/bash-completion/completions/hospes",
        "/usr/share/bash-completion/completions/hospes",
    ),
    (
        "zsh",
        "/usr/share/zsh/vendor-completions/_hospes",
        "/usr/share/zsh/site-functions/_hospes",
    ),
    (
        "fish",
        "/usr/share/fish/vendor_completions.d/hospes.fish",
        "/usr/share/fish/vendor_completions.d/hospes.fish",
    ),
];

/// What a program tells about itself.
#[derive(Debug, Default)]
pub(crate) struct Generated {
    /// File name and text.
    pub(super) manuals: Vec<(String, Vec<u8>)>,
    /// Shell and script.
    pub(super) completions: Vec<(&'static str, String)>,
}

impl Generated {
    /// Asks `program`, with `folder` (empty) to write into.
    pub(crate) fn by(program: &Path, folder: &Path) -> Result<Self> {
        process::output(Command::new(program).arg("man").arg(folder))?;
        let mut manuals = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text =
                std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            manuals.push((name.into_owned(), text));
        }
        let script = |(shell, ..): (&'static str, &str, &str)| {
            let text = process::output(Command::new(program).args(["completions", shell]))?;
            Ok((shell, text))
        };
        Ok(Self {
            manuals,
            completions: COMPLETIONS.into_iter().map(script).collect::<Result<_>>()?,
        })
    }
}

/// The package with `program` in it.
pub(crate) fn package(
    family: Family,
    sources: Sources,
    program: Vec<u8>,
    generated: &Generated,
) -> Result<Package> {
    let needs = Needs::of(&program);
    Ok(Package {
        name: NAME,
        version: sources.version.to_owned(),
        architecture: sources.machine.architecture,
        summary: "checks, reboots and recovers virtual machines safely",
        description: &[
            "hospes answers three questions about a virtual machine separately: may it be touched \
             from outside, is it usable, did it really reboot. It refuses the unsafe action early, \
             and never cuts a guest's power.",
            "Install it on the machine that you administer guests from; hospes-agent is the end \
             inside the guests.",
        ],
        relations: match family {
            Family::Deb => vec![("Depends", needs.debian())],
            Family::Rpm => Vec::new(),
        },
        tree: tree(family, sources, program, generated)?,
        scripts: Vec::new(),
    })
}

fn tree(family: Family, sources: Sources, program: Vec<u8>, generated: &Generated) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.program("/usr/bin/hospes", program);
    for (name, text) in &generated.manuals {
        tree.compressed(&format!("/usr/share/man/man1/{name}"), text.clone());
    }
    for (shell, script) in &generated.completions {
        for (_, deb, rpm) in COMPLETIONS.iter().filter(|(known, ..)| known == shell) {
            let path = if family == Family::Deb { deb } else { rpm };
            tree.text(path, script.as_bytes());
        }
    }
    // Whoever wants it enables it.
    tree.text(
        "/usr/lib/systemd/system/hospes-metadata.service",
        sources.text("packaging/hospes/hospes-metadata.service")?,
    );
    // Proxmox VE runs on Debian.
    if family == Family::Deb {
        tree.text(
            "/usr/lib/systemd/system/hospes-metadata-node@.service",
            sources.text("packaging/hospes/hospes-metadata-node@.service")?,
        );
        tree.text(
            "/usr/share/hospes/hospes-metadata.nft",
            sources.text("packaging/hospes/hospes-metadata.nft")?,
        );
    }
    // Its guests are made up, so it is to read and not to run with.
    tree.text(
        "/usr/share/doc/hospes/examples/hospes.toml",
        sources.text("crates/config/hospes.example.toml")?,
    );
    sources.add_documents(&mut tree, family, NAME)?;
    Ok(tree)
}

//! A .deb, made by dpkg-deb.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::package::{MAINTAINER, Package};
use super::staging::{self, Node};
use crate::process;

/// How much work goes into a small package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// What every dpkg of the last ten years unpacks.
    Small,
    /// For tests.
    Fast,
}

/// Makes the package in the folder `out`, with `work` as a place for its files.
pub(crate) fn build(
    package: &Package,
    packing: Packing,
    epoch: u64,
    work: &Path,
    out: &Path,
) -> Result<PathBuf> {
    let root = work.join(package.name);
    staging::fresh_folder(&root)?;
    package.tree.write_to(&root, epoch)?;
    write_control(package, &root)?;
    staging::set_times(&root, epoch)?;
    let file = out.join(format!(
        "{}_{}_{}.deb",
        package.name, package.version, package.architecture.debian
    ));
    let compression: &[&str] = match packing {
        Packing::Small => &["-Zxz"],
        Packing::Fast => &["-Zgzip", "-z1"],
    };
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group"]).args(compression);
    build.arg("--build").arg(&root).arg(&file);
    build.env("SOURCE_DATE_EPOCH", epoch.to_string());
    // Blocks of several threads would make other bytes on other machines.
    build.env("DPKG_DEB_THREADS_MAX", "1");
    process::output(&mut build)?;
    Ok(file)
}

fn write_control(package: &Package, root: &Path) -> Result<()> {
    let folder = root.join("DEBIAN");
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.join(name);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .with_context(|| format!("cannot write {}", path.display()))
    };
    let sums = md5sums(package, root)?;
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
    write("control", &control(package), 0o644)?;
    write("md5sums", &sums, 0o644)?;
    for (name, text) in &package.scripts {
        write(name, text, 0o755)?;
    }
    Ok(())
}

/// The control file, deb-control(5).
pub(super) fn control(package: &Package) -> String {
    let head = [
        ("Package", package.name.to_owned()),
        ("Version", package.version.clone()),
        ("Architecture", package.architecture.debian.to_owned()),
        ("Maintainer", MAINTAINER.to_owned()),
        ("Section", "admin".to_owned()),
        ("Priority", "optional".to_owned()),
        ("Homepage", env!("CARGO_PKG_REPOSITORY").to_owned()),
        ("Installed-Size", installed_size(package).to_string()),
    ];
    let fields = head.iter().chain(&package.relations);
    let fields: String = fields
        .map(|(field, value)| format!("{field}: {value}\n"))
        .collect();
    let paragraphs: Vec<String> = package
        .description
        .iter()
        .map(|paragraph| wrapped(paragraph))
        .collect();
    format!(
        "{fields}Description: {}\n{}",
        package.summary,
        paragraphs.join(" .\n")
    )
}

/// In KiB, each file rounded up.
fn installed_size(package: &Package) -> u64 {
    let size = |node: &Node| match node {
        Node::File { content, .. } => (content.len() as u64).div_ceil(1024),
        Node::Link(_) | Node::Folder => 1,
    };
    package.tree.iter().map(|(_, node)| size(node)).sum()
}

fn wrapped(paragraph: &str) -> String {
    let mut lines = vec![String::new()];
    for word in paragraph.split_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.len());
        if line + word.len() > 76 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn md5sums(package: &Package, root: &Path) -> Result<String> {
    let files = package
        .tree
        .iter()
        .filter(|(_, node)| matches!(node, Node::File { .. }))
        .map(|(path, _)| path.trim_start_matches('/'));
    process::output(Command::new("md5sum").args(files).current_dir(root))
}

//! An .rpm, made by rpmbuild from a spec that is written here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::package::Package;
use super::staging::{self, Kind, Node};
use crate::process;

const RELEASE: &str = "1";

/// Makes the package in the folder `out`, with `work` as a place for its files.
pub(crate) fn build(package: &Package, epoch: u64, work: &Path, out: &Path) -> Result<PathBuf> {
    let top = work.join(format!("{}-rpm", package.name));
    staging::fresh_folder(&top)?;
    let files = top.join("files");
    package.tree.write_to(&files, epoch)?;
    let spec_file = top.join(format!("{}.spec", package.name));
    std::fs::write(&spec_file, spec(package))
        .with_context(|| format!("cannot write {}", spec_file.display()))?;
    let mut build = Command::new("rpmbuild");
    build.args(["-bb", "--quiet", "--target", package.architecture.rpm]);
    let defines = [
        ("_topdir", top.as_path()),
        ("_rpmdir", &top.join("made")),
        ("_dbpath", &top.join("db")),
        ("staged", &files),
    ];
    for (name, value) in defines {
        build
            .arg("--define")
            .arg(format!("{name} {}", value.display()));
    }
    build.arg(&spec_file);
    build.env("SOURCE_DATE_EPOCH", epoch.to_string());
    process::output(&mut build)?;
    let name = format!(
        "{}-{}-{RELEASE}.{}.rpm",
        package.name, package.version, package.architecture.rpm
    );
    let (made, file) = (
        top.join("made").join(package.architecture.rpm).join(&name),
        out.join(&name),
    );
    std::fs::copy(&made, &file).with_context(|| format!("rpmbuild made no {}", made.display()))?;
    Ok(file)
}

/// Everything is compiled and stripped already, and the same files shall make the same package.
const SETTINGS: &str = "\
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _buildhost hospes.invalid
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _binary_payload w6.xzdio
";

/// The spec.
pub(super) fn spec(package: &Package) -> String {
    let mut spec = SETTINGS.to_owned();
    let head = [
        ("Name", package.name),
        ("Version", &package.version),
        ("Release", RELEASE),
        ("Summary", package.summary),
        ("License", env!("CARGO_PKG_LICENSE")),
        ("URL", env!("CARGO_PKG_REPOSITORY")),
    ];
    let relations = package
        .relations
        .iter()
        .map(|(field, value)| (*field, value.as_str()));
    for (field, value) in head.into_iter().chain(relations) {
        let _ = writeln!(spec, "{field}: {value}");
    }
    let _ = writeln!(
        spec,
        "\n%description\n{}\n",
        plain(&package.description.join("\n\n"))
    );
    spec.push_str("%install\nmkdir -p %{buildroot}\ncp -a %{staged}/. %{buildroot}/\n\n");
    for (name, text) in &package.scripts {
        let _ = writeln!(spec, "%{name}\n{}", plain(text));
    }
    spec.push_str("%files\n");
    for (path, node) in package.tree.iter() {
        let _ = writeln!(spec, "{}", file_line(path, node));
    }
    spec
}

fn file_line(path: &str, node: &Node) -> String {
    match node {
        Node::Folder => format!("%dir %attr(0755,root,root) {path}"),
        Node::Link(_) => path.to_owned(),
        Node::File { mode, kind, .. } => {
            let config = if *kind == Kind::Config {
                "%config(noreplace) "
            } else {
                ""
            };
            format!("{config}%attr({mode:04o},root,root) {path}")
        }
    }
}

/// Text without macros.
fn plain(text: &str) -> String {
    text.replace('%', "%%")
}

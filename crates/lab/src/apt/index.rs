//! `Packages` and `Release` of a flat repository (Debian's wiki: DebianRepository/Format).

use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::command;

/// What a `Release` file says of its archive: apt shows it beside every version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Whose archive it is.
    pub label: &'static str,
    /// Which part of it.
    pub suite: &'static str,
}

impl Identity {
    /// The lab's own packages.
    pub const LAB: Self = Self {
        label: "lab",
        suite: "lab",
    };
    /// The lab's own packages where they mend security, by the suite's name.
    pub const LAB_SECURITY: Self = Self {
        label: "lab",
        suite: "lab-security",
    };
}

/// Writes `Packages` and `Release` for the `.deb` files in `dir`, as the lab's own.
///
/// # Errors
/// A package cannot be read, or the files cannot be written.
pub(crate) async fn write_index(dir: &Path) -> Result<()> {
    write_index_as(dir, Identity::LAB).await
}

/// The same for the archive `identity`.
pub(super) async fn write_index_as(dir: &Path, identity: Identity) -> Result<()> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".deb"))
        .collect();
    names.sort();
    let mut stanzas = Vec::new();
    for name in &names {
        let fields =
            command::output(Command::new("dpkg-deb").arg("-f").arg(dir.join(name))).await?;
        stanzas.push(stanza(
            &fields,
            name,
            &file_size(dir, name)?,
            &sha256(&dir.join(name)).await?,
        ));
    }
    std::fs::write(dir.join("Packages"), stanzas.join("\n"))?;
    let release = release(
        identity,
        command::output(Command::new("date").args(["-u", "-R"]))
            .await?
            .trim(),
        &sha256(&dir.join("Packages")).await?,
        &file_size(dir, "Packages")?,
    );
    std::fs::write(dir.join("Release"), release)?;
    Ok(())
}

fn file_size(dir: &Path, name: &str) -> Result<String> {
    Ok(std::fs::metadata(dir.join(name))?.len().to_string())
}

async fn sha256(path: &Path) -> Result<String> {
    let text = command::output(Command::new("sha256sum").arg("--").arg(path)).await?;
    text.split_whitespace()
        .next()
        .map(str::to_owned)
        .context("`sha256sum` printed nothing")
}

fn stanza(fields: &str, name: &str, size: &str, sha256: &str) -> String {
    format!(
        "{}\nFilename: ./{name}\nSize: {size}\nSHA256: {sha256}\n",
        fields.trim_end()
    )
}

fn release(identity: Identity, date: &str, sha256: &str, size: &str) -> String {
    let Identity { label, suite } = identity;
    format!(
        "Origin: lab\nLabel: {label}\nSuite: {suite}\nDate: {date}\nArchitectures: amd64 all\n\
         SHA256:\n {sha256} {size} Packages\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_real_package_gets_a_stanza_that_apt_can_check() {
        let work = tempfile::tempdir().unwrap();
        let tree = work.path().join("tree/DEBIAN");
        std::fs::create_dir_all(&tree).unwrap();
        let control = "Package: probe\nVersion: 1:2-3\nArchitecture: all\nMaintainer: lab\nDescription: a probe\n";
        std::fs::write(tree.join("control"), control).unwrap();
        let repository = work.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        let mut dpkg = Command::new("dpkg-deb");
        dpkg.arg("--build")
            .arg(work.path().join("tree"))
            .arg(repository.join("probe.deb"));
        command::output(&mut dpkg).await.unwrap();
        write_index(&repository).await.unwrap();

        let packages = std::fs::read_to_string(repository.join("Packages")).unwrap();
        let sum = sha256(&repository.join("probe.deb")).await.unwrap();
        let size = std::fs::metadata(repository.join("probe.deb"))
            .unwrap()
            .len();
        assert!(packages.contains("Package: probe\n"), "{packages}");
        let place = format!("\nFilename: ./probe.deb\nSize: {size}\nSHA256: {sum}\n");
        assert!(packages.ends_with(&place), "{packages}");
        let release = std::fs::read_to_string(repository.join("Release")).unwrap();
        assert!(
            release.ends_with(&format!(" {} Packages\n", packages.len())),
            "{release}"
        );
    }
}

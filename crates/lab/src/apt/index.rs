//! `Packages` and `Release` of a flat repository (Debian's wiki: DebianRepository/Format).

use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::command;

/// Writes `Packages` and `Release` for the `.deb` files in `dir`.
///
/// # Errors
/// A package cannot be read, or the files cannot be written.
pub(crate) async fn write_index(dir: &Path) -> Result<()> {
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

fn release(sha256: &str, size: &str) -> String {
    format!(
        "Origin: lab\nLabel: lab\nSuite: lab\nArchitectures: amd64 all\nSHA256:\n {sha256} {size} Packages\n"
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

//! Packages made on the fly, by the real dpkg-deb.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::command;

/// A small Debian package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    name: &'static str,
    version: &'static str,
    architecture: &'static str,
    fields: Vec<(&'static str, String)>,
    files: Vec<File>,
    scripts: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    path: &'static str,
    contents: Vec<u8>,
    mode: u32,
    is_conffile: bool,
}

impl Package {
    /// An empty package for every architecture.
    #[must_use]
    pub const fn new(name: &'static str, version: &'static str) -> Self {
        Self {
            name,
            version,
            architecture: "all",
            fields: Vec::new(),
            files: Vec::new(),
            scripts: Vec::new(),
        }
    }

    /// The same for the architecture of the lab's guests only.
    #[must_use]
    pub const fn native(mut self) -> Self {
        self.architecture = "amd64";
        self
    }

    /// The same with one more field in its control file, such as `Depends`.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    /// The same with a file. `path` is absolute.
    #[must_use]
    pub fn file(self, path: &'static str, contents: &[u8]) -> Self {
        self.with(path, contents, 0o644, false)
    }

    /// The same with a program.
    #[must_use]
    pub fn program(self, path: &'static str, script: &str) -> Self {
        self.with(path, script.as_bytes(), 0o755, false)
    }

    /// The same with a configuration file that belongs to the owner once it is there.
    #[must_use]
    pub fn conffile(self, path: &'static str, contents: &str) -> Self {
        self.with(path, contents.as_bytes(), 0o644, true)
    }

    /// The same with a maintainer script, such as `postinst`; `body` is for /bin/sh.
    #[must_use]
    pub fn script(mut self, name: &'static str, body: &str) -> Self {
        self.scripts
            .push((name, format!("#!/bin/sh\nset -e\n{body}")));
        self
    }

    fn with(mut self, path: &'static str, contents: &[u8], mode: u32, is_conffile: bool) -> Self {
        self.files.push(File {
            path,
            contents: contents.to_owned(),
            mode,
            is_conffile,
        });
        self
    }

    /// Makes `NAME_VERSION_ARCHITECTURE.deb` in `dir`.
    ///
    /// # Errors
    /// dpkg-deb is missing or refuses it, or a file cannot be written.
    pub async fn build(&self, dir: &Path) -> Result<()> {
        let tree = tempfile::tempdir().context("cannot create a directory for a package")?;
        self.write(tree.path())
            .with_context(|| format!("cannot write the files of {}", self.name))?;
        let mut dpkg = Command::new("dpkg-deb");
        dpkg.args(["--root-owner-group", "-Znone", "--build"])
            .arg(tree.path())
            .arg(dir.join(self.file_name()));
        command::output(&mut dpkg).await?;
        Ok(())
    }

    fn file_name(&self) -> String {
        format!("{}_{}_{}.deb", self.name, self.version, self.architecture)
    }

    fn write(&self, tree: &Path) -> std::io::Result<()> {
        // dpkg-deb refuses a directory that others may write to.
        std::fs::set_permissions(tree, std::fs::Permissions::from_mode(0o755))?;
        write(
            &tree.join("DEBIAN/control"),
            self.control().as_bytes(),
            0o644,
        )?;
        for (name, body) in &self.scripts {
            write(&tree.join("DEBIAN").join(name), body.as_bytes(), 0o755)?;
        }
        for file in &self.files {
            let path = tree.join(file.path.trim_start_matches('/'));
            write(&path, &file.contents, file.mode)?;
        }
        let conffiles = self.files.iter().filter(|file| file.is_conffile);
        let conffiles: String = conffiles.map(|file| format!("{}\n", file.path)).collect();
        if !conffiles.is_empty() {
            write(&tree.join("DEBIAN/conffiles"), conffiles.as_bytes(), 0o644)?;
        }
        Ok(())
    }

    fn control(&self) -> String {
        let fields = self.fields.iter();
        let fields: String = fields
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        format!(
            "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: lab <lab@localhost>\n\
             {fields}Description: a package of the lab\n",
            self.name, self.version, self.architecture
        )
    }
}

fn write(path: &Path, contents: &[u8], mode: u32) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    std::fs::write(path, contents)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

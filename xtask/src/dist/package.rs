//! A package, before it is a .deb or an .rpm.

use std::path::Path;

use anyhow::{Context, Result};

use super::machine::{Architecture, Machine};
use super::staging::Tree;

/// The two families of packages; files and scripts differ with their customs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Debian, Ubuntu.
    Deb,
    /// Fedora, RHEL, SUSE.
    Rpm,
}

/// One package.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: String,
    /// For which machines.
    pub(crate) architecture: Architecture,
    /// One line.
    pub(crate) summary: &'static str,
    /// Paragraphs.
    pub(crate) description: &'static [&'static str],
    /// Field and value: what it depends on, provides, conflicts with.
    pub(crate) relations: Vec<(&'static str, String)>,
    /// What it puts on the machine.
    pub(crate) tree: Tree,
    /// Maintainer scripts or scriptlets, by their name in the family.
    pub(crate) scripts: Vec<(&'static str, String)>,
}

/// What packages are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// The workspace.
    pub(crate) root: &'a Path,
    /// The version of the packages.
    pub(crate) version: &'a str,
    /// For which machine.
    pub(crate) machine: Machine,
    /// The licences of the code of others in the program; empty where there is no program.
    pub(crate) notices: &'a str,
    /// When the sources were last changed, as in RFC 5322.
    pub(crate) changed: &'a str,
}

/// Packages want an address; this one is nobody's.
pub(super) const MAINTAINER: &str = "The hospes authors <hospes@hospes.invalid>";

/// What Debian's tools read, deb-changelog(5).
fn debian_changes(package: &str, version: &str, changed: &str) -> String {
    format!(
        "{package} ({version}) unstable; urgency=medium\n\n  * What changed is told in CHANGELOG.md.gz.\n\n \
         -- {MAINTAINER}  {changed}\n"
    )
}

impl Sources<'_> {
    /// A text file of the workspace.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        let path = self.root.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Maintainer scripts or scriptlets by their names, from a folder below `packaging`.
    pub(crate) fn scripts(
        &self,
        folder: &str,
        names: &[&'static str],
    ) -> Result<Vec<(&'static str, String)>> {
        let read = |name: &&'static str| {
            let text = self.text(&format!("packaging/{folder}/{name}"))?;
            Ok((*name, text))
        };
        names.iter().map(read).collect()
    }

    /// What every package has to say about itself.
    pub(crate) fn add_documents(
        &self,
        tree: &mut Tree,
        family: Family,
        package: &str,
    ) -> Result<()> {
        let folder = format!("/usr/share/doc/{package}");
        tree.compressed(
            &format!("{folder}/CHANGELOG.md"),
            self.text("CHANGELOG.md")?,
        );
        tree.text(&format!("{folder}/LICENSE-MIT"), self.text("LICENSE-MIT")?);
        if !self.notices.is_empty() {
            tree.compressed(&format!("{folder}/third-party-licenses.txt"), self.notices);
        }
        match family {
            Family::Deb => {
                tree.text(
                    &format!("{folder}/copyright"),
                    self.text("packaging/copyright")?,
                );
                let changes = debian_changes(package, self.version, self.changed);
                tree.compressed(&format!("{folder}/changelog"), changes);
            }
            Family::Rpm => tree.text(
                &format!("{folder}/LICENSE-APACHE"),
                self.text("LICENSE-APACHE")?,
            ),
        }
        Ok(())
    }
}

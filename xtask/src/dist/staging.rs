//! The files of a package, before any packaging tool sees them.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Files, links and folders by their absolute path on the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, Node>);

/// What is at a path. Everything belongs to root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A file with its permissions.
    File {
        /// What is in it, before it is compressed.
        content: Vec<u8>,
        /// Permissions as chmod(1) takes them.
        mode: u32,
        /// How it is treated.
        kind: Kind,
    },
    /// A symbolic link and what it points to.
    Link(String),
    /// A folder that is there even while it is empty.
    Folder,
}

/// How a file is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it is.
    Plain,
    /// The administrator's to change (rpm: `%config(noreplace)`).
    Config,
    /// Compressed with gzip; the path ends in `.gz`.
    Compressed,
}

impl Tree {
    /// A file that everybody reads.
    pub(crate) fn text(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.file(path, content.into(), 0o644, Kind::Plain);
    }

    /// A file that everybody runs.
    pub(crate) fn program(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.file(path, content.into(), 0o755, Kind::Plain);
    }

    /// A file that belongs to the administrator.
    pub(crate) fn config(&mut self, path: &str, content: impl Into<Vec<u8>>, mode: u32) {
        self.file(path, content.into(), mode, Kind::Config);
    }

    /// A compressed file; `path` is without the `.gz`.
    pub(crate) fn compressed(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.file(
            &format!("{path}.gz"),
            content.into(),
            0o644,
            Kind::Compressed,
        );
    }

    /// A symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.0
            .insert(path.to_owned(), Node::Link(target.to_owned()));
    }

    /// A folder.
    pub(crate) fn folder(&mut self, path: &str) {
        self.0.insert(path.to_owned(), Node::Folder);
    }

    fn file(&mut self, path: &str, content: Vec<u8>, mode: u32, kind: Kind) {
        let node = Node::File {
            content,
            mode,
            kind,
        };
        self.0.insert(path.to_owned(), node);
    }

    /// All there is, sorted by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// Writes it below `root`, with `epoch` (seconds since 1970) as the time of every file.
    pub(crate) fn write_to(&self, root: &Path, epoch: u64) -> Result<()> {
        make_folder(root)?;
        let mut to_compress = Vec::new();
        for (path, node) in self.iter() {
            let at = root.join(path.trim_start_matches('/'));
            make_parents(root, &at)?;
            write_node(&at, node, &mut to_compress)
                .with_context(|| format!("cannot write {}", at.display()))?;
        }
        if !to_compress.is_empty() {
            // Neither the name nor the time goes into the file: the same text, the same bytes.
            process::run(Command::new("gzip").args(["-9", "-n"]).args(&to_compress))?;
        }
        set_times(root, epoch)
    }
}

fn write_node(at: &Path, node: &Node, to_compress: &mut Vec<PathBuf>) -> Result<()> {
    match node {
        Node::Folder => make_folder(at),
        Node::Link(target) => Ok(symlink(target, at)?),
        Node::File {
            content,
            mode,
            kind,
        } => {
            let mut at = at.to_owned();
            if *kind == Kind::Compressed {
                at.set_extension("");
                to_compress.push(at.clone());
            }
            fs::write(&at, content)?;
            Ok(fs::set_permissions(&at, Permissions::from_mode(*mode))?)
        }
    }
}

fn make_parents(root: &Path, at: &Path) -> Result<()> {
    let above: Vec<&Path> = at
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != root)
        .collect();
    above.into_iter().rev().try_for_each(make_folder)
}

/// Whatever the umask of whoever builds.
fn make_folder(at: &Path) -> Result<()> {
    fs::create_dir_all(at).with_context(|| format!("cannot create {}", at.display()))?;
    fs::set_permissions(at, Permissions::from_mode(0o755))
        .with_context(|| format!("cannot open up {}", at.display()))
}

/// Of every file, folder and link below `root`.
pub(crate) fn set_times(root: &Path, epoch: u64) -> Result<()> {
    let date = format!("--date=@{epoch}");
    let mut touch = Command::new("find");
    touch.arg(root);
    touch.args(["-exec", "touch", "--no-dereference", &date, "{}", "+"]);
    process::run(&mut touch)
}

/// An empty folder at `path`, whatever was there.
pub(crate) fn fresh_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}

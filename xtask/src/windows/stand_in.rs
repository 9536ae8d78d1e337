//! A library of Windows that Wine 8 lacks, put beside the programs that ask for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::build::Built;
use super::toolchain;
use crate::process;
use crate::workspace::Workspace;

const SOURCE: &str = "crates/lab/src/windows/bcryptprimitives.c";
const LIBRARY: &str = "bcryptprimitives.dll";
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Sees to it that it is beside what was built.
pub(super) fn place(workspace: &Workspace, built: &Built) -> Result<()> {
    let tests = built.tests.iter().map(|test| &test.executable);
    let folders: BTreeSet<&Path> = tests
        .chain([&built.agent])
        .filter_map(|program| program.parent())
        .collect();
    folders
        .into_iter()
        .try_for_each(|folder| copy(workspace, folder))
}

/// Sees to it that it is in `folder`.
pub(super) fn copy(workspace: &Workspace, folder: &Path) -> Result<()> {
    let (library, place) = (compiled(workspace)?, folder.join(LIBRARY));
    if !is_newer(&place, &library) {
        std::fs::copy(&library, &place)
            .with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(())
}

fn compiled(workspace: &Workspace) -> Result<PathBuf> {
    let source = workspace.root().join(SOURCE);
    let library = toolchain::target_folder(workspace)?.join(LIBRARY);
    if !is_newer(&library, &source) {
        let mut compiler = Command::new(COMPILER);
        compiler.args(["-shared", "-O2", "-Wall", "-Werror", "-o"]);
        process::run(compiler.args([&library, &source]).arg("-ladvapi32"))?;
    }
    Ok(library)
}

/// Whether `made` is there and not older than what it is made of.
fn is_newer(made: &Path, of: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path)?.modified();
    match (changed(made), changed(of)) {
        (Ok(made), Ok(of)) => made >= of,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn it_is_made_again_when_its_source_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let [source, made] = ["source", "made"].map(|name| folder.path().join(name));
        std::fs::write(&source, "").unwrap();
        assert!(!is_newer(&made, &source));
        std::fs::write(&made, "").unwrap();
        assert!(is_newer(&made, &source));
        let later = SystemTime::now() + Duration::from_secs(60);
        let file = std::fs::File::options().append(true).open(&source).unwrap();
        file.set_modified(later).unwrap();
        assert!(!is_newer(&made, &source));
    }
}

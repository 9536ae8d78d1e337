//! A program in the place of PowerShell, which Wine does not have.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::Wine;
use crate::command::output;

const SOURCE: &str = include_str!("powershell.c");
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const PLACE: &str = r"windows\system32\WindowsPowerShell\v1.0\powershell.exe";

/// How the program is told to end, in a variable.
pub(super) const EXIT: &str = "STAND_IN_EXIT";

/// Compiles it in `folder` and puts it where PowerShell is.
pub(super) async fn install(wine: &Wine, folder: &Path) -> Result<()> {
    let (source, program) = (folder.join("powershell.c"), folder.join("powershell.exe"));
    std::fs::write(&source, SOURCE).context("cannot write a source file")?;
    let mut compiler = Command::new(COMPILER);
    compiler.args(["-O1", "-Wall", "-Werror", "-o"]);
    output(compiler.arg(&program).arg(&source).arg("-lshell32")).await?;
    let place = wine.path(PLACE);
    // Wine's own is a file that all copies share.
    match std::fs::remove_file(&place) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).context("cannot remove Wine's own");
        }
        _ => {}
    }
    std::fs::create_dir_all(place.parent().unwrap_or(Path::new("/")))?;
    std::fs::copy(&program, &place).context("cannot put it in its place")?;
    Ok(())
}

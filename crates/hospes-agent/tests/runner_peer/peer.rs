//! Google's runner, out of Debian's package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "google-guest-agent";
const RUNNER: &str = "usr/bin/google_metadata_script_runner";

/// Its program, or why there is nothing to compare with.
pub(crate) fn find() -> Result<PathBuf, String> {
    for tool in ["unshare", "ip", "mount", "dpkg"] {
        said(Command::new(tool).arg("--version"))
            .or_else(|_| said(Command::new(tool).arg("-V")))?;
    }
    if !said(Command::new("unshare").args(["--net", "--mount", "id", "-u"]))?.starts_with('0') {
        return Err("it takes root".to_owned());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let runner = folder.join(RUNNER);
    if !runner.exists() {
        fetch(&folder)?;
    }
    Ok(runner)
}

/// Without installing it: it would act on this machine.
fn fetch(folder: &Path) -> Result<(), String> {
    let refused = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(refused)?;
    let mut download = Command::new("timeout");
    said(
        download
            .args(["120", "apt-get", "download", PACKAGE])
            .current_dir(folder),
    )?;
    for entry in fs::read_dir(folder).map_err(refused)?.flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "deb")
        {
            said(Command::new("dpkg").arg("-x").arg(entry.path()).arg(folder))?;
        }
    }
    Ok(())
}

fn said(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let done = command
        .output()
        .map_err(|error| format!("{shown}: {error}"))?;
    if !done.status.success() {
        let why = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{shown}: {}: {}", done.status, why.trim()));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

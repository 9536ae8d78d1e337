//! Looking for the reason why a script did not run.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use guest_os::script::{is_noexec, is_selinux_enforcing};
use metadata::scripts::{End, HEAD_BYTES, Kind, POWERSHELL, Shebang, Sight, explain, shebang};

use crate::system::DIALECT;

/// Why the script in `file` failed, when that is not for the script to tell.
pub(super) fn reason(file: &Path, kind: Kind, end: &End) -> Option<String> {
    let head = head(file);
    let shebang = shebang(&head);
    let missing = match kind {
        Kind::Ps1 => sought(POWERSHELL),
        _ => shebang.as_ref().and_then(missing),
    };
    let folder = file.parent().filter(|folder| is_noexec(folder));
    let folder = folder.map(|folder| folder.display().to_string());
    let sight = Sight {
        end,
        kind,
        head: &head,
        shebang: shebang.as_ref(),
        missing: missing.as_deref(),
        is_noexec: folder.as_deref(),
        is_enforcing: is_selinux_enforcing(),
    };
    explain(DIALECT, &sight)
}

fn head(file: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(file) = File::open(file) {
        // What can be read of it must do.
        let _ = file.take(HEAD_BYTES as u64).read_to_end(&mut head);
    }
    head
}

/// What the first line names and nobody has.
fn missing(shebang: &Shebang) -> Option<String> {
    if !Path::new(&shebang.interpreter).exists() {
        return Some(shebang.interpreter.clone());
    }
    sought(shebang.sought.as_ref()?)
}

/// A program that the search path does not lead to.
fn sought(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let is_there = std::env::split_paths(&path).any(|place| place.join(program).exists());
    (!is_there).then(|| program.to_owned())
}

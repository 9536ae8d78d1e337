//! Whether a machine whose monitor nobody answers at is off, or only out of reach.
//!
//! A monitor's socket is the only thing this host knows of a machine, and `stopped` lets it be
//! powered on. So that neither a mistyped path nor a deleted socket file reads as `stopped`, the
//! kernel's own list of sockets is asked as well.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use lifecycle::ports::HypervisorError;

use crate::qmp::QmpError;

/// The sockets of this network namespace, bound paths included.
const PROC_NET_UNIX: &str = "/proc/net/unix";

/// Proves that nothing runs behind `path`, where connecting just failed with `error`; the evidence
/// is for people. Any doubt is an error.
pub(crate) async fn proved_stopped(
    path: &Path,
    error: QmpError,
) -> Result<String, HypervisorError> {
    let shown = path.display();
    let seen = match error {
        QmpError::NoFile { .. } => {
            check_directory(path).await?;
            format!(
                "QMP socket {shown} does not exist and no process listens on it (off, unless the \
                 configuration names another path than the machine)"
            )
        }
        QmpError::NobodyListens { .. } => {
            check_is_socket(path).await?;
            format!("QMP socket {shown} is left over: no process listens on it")
        }
        other => return Err(other.into()),
    };
    if listeners_file_names(path).await? {
        return Err(HypervisorError::Unreachable(format!(
            "a process still listens on the QMP socket {shown}, but its file was deleted or \
             replaced: a machine may run behind it. Shut it down from inside (`ss -xlp` names \
             its process); do not start another"
        )));
    }
    Ok(seen)
}

/// Refuses a path whose directory is missing: that is a typo sooner than a stopped machine.
async fn check_directory(path: &Path) -> Result<(), HypervisorError> {
    let directory = directory_of(path);
    let problem = match tokio::fs::metadata(directory).await {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => "is not a directory".to_owned(),
        Err(error) => format!("cannot be looked at: {error}"),
    };
    Err(HypervisorError::Unreachable(format!(
        "whether the machine runs cannot be told: the directory of its QMP socket {} {problem}. \
         Correct `qmp` in the guest's configuration, or create the directory",
        path.display()
    )))
}

/// Refuses a path at which something else than a socket is: connecting to a plain file is refused
/// just like connecting to a socket that nobody listens on.
async fn check_is_socket(path: &Path) -> Result<(), HypervisorError> {
    match tokio::fs::metadata(path).await {
        Ok(found) if found.file_type().is_socket() => Ok(()),
        Ok(_) => Err(HypervisorError::Unreachable(format!(
            "whether the machine runs cannot be told: {} is not a socket. Correct `qmp` in the \
             guest's configuration",
            path.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(QmpError::Connect {
            path: path.to_owned(),
            source,
        }
        .into()),
    }
}

/// Whether the kernel lists a listening socket that was bound to `path`, under any spelling of its
/// directory.
async fn listeners_file_names(path: &Path) -> Result<bool, HypervisorError> {
    let table = tokio::fs::read(PROC_NET_UNIX).await.map_err(|error| {
        HypervisorError::Unreachable(format!(
            "whether a machine still listens on {} cannot be told: {PROC_NET_UNIX}: {error}",
            path.display()
        ))
    })?;
    let mut wanted = vec![path.to_owned()];
    if let Ok(target) = tokio::fs::read_link(path).await {
        wanted.push(directory_of(path).join(target));
    }
    for wanted in wanted {
        for listener in listening_with_name_of(&table, &wanted) {
            if listener == wanted || real(&listener).await == real(&wanted).await {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The path with its directory freed of links and dots; the file itself may be gone.
async fn real(path: &Path) -> Option<PathBuf> {
    let directory = tokio::fs::canonicalize(directory_of(path)).await.ok()?;
    Some(directory.join(path.file_name()?))
}

/// The absolute paths of listening sockets whose last component is that of `path`. A socket bound
/// to a relative path cannot be attributed to a directory and is left out.
fn listening_with_name_of(table: &[u8], path: &Path) -> Vec<PathBuf> {
    let lines = table.split(|byte| *byte == b'\n').skip(1);
    let bound = lines.filter_map(listening_path);
    bound
        .filter(|bound| bound.is_absolute() && bound.file_name() == path.file_name())
        .collect()
}

/// The path of one line, if it is that of a listening socket: proc(5) gives
/// `Num: RefCount Protocol Flags Type St Inode Path`, and `Flags` has `__SO_ACCEPTCON`.
fn listening_path(line: &[u8]) -> Option<PathBuf> {
    const SO_ACCEPTCON: u32 = 0x1_0000;
    let mut rest = line;
    let mut flags = 0;
    for column in 0..7 {
        let start = rest.iter().position(|byte| *byte != b' ')?;
        rest = &rest[start..];
        let end = rest.iter().position(|byte| *byte == b' ')?;
        if column == 3 {
            flags = u32::from_str_radix(str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        }
        rest = &rest[end..];
    }
    let path = rest.strip_prefix(b" ")?;
    (flags & SO_ACCEPTCON != 0).then(|| PathBuf::from(OsStr::from_bytes(path)))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"\
Num       RefCount Protocol Flags    Type St Inode Path
000000006c337f1b: 00000003 00000000 00000000 0001 03 38213
0000000049825d51: 00000002 00000000 00010000 0001 01 54077 /run/vm/web1.qmp
000000005c6d3c09: 00000003 00000000 00000000 0001 02     0 /run/vm/web1.qmp
000000002c8ba4d3: 00000003 00000000 00000000 0001 03 38215 /run/vm/talking.qmp
0000000097f0431c: 00000002 00000000 00010000 0001 01 54078 /run/a b/web1.qmp
0000000097f0431d: 00000002 00000000 00010000 0001 01 54079 web1.qmp
0000000097f0431e: 00000002 00000000 00010000 0001 01 54080 @abstract
half a line
";

    #[test]
    fn only_listening_sockets_of_the_same_file_name_are_candidates() {
        let found = |path| listening_with_name_of(TABLE, Path::new(path));
        let both = ["/run/vm/web1.qmp", "/run/a b/web1.qmp"].map(PathBuf::from);
        assert_eq!(found("/elsewhere/web1.qmp"), both);
        assert!(
            found("/run/vm/talking.qmp").is_empty(),
            "connected, not listening"
        );
        assert!(found("/run/vm/web2.qmp").is_empty());
    }
}

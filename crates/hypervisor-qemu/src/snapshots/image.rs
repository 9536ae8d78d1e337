//! Snapshots inside image files that no machine has open, by qemu-img. It takes the lock of the
//! image that QEMU takes: under a machine that runs it does nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use lifecycle::ports::HypervisorError;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, sink};
use tokio::process::Command;
use tokio::time::{Instant, timeout_at};

use super::disk::{Disk, QCOW2, inside};
use super::drives::Drive;

/// The qemu-img that belongs to a QEMU.
#[derive(Debug)]
pub(super) struct Tool(PathBuf);

/// What is done to a snapshot inside an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Goes back to it.
    Apply,
    /// Deletes it.
    Delete,
}

/// Why qemu-img did not do it.
#[derive(Debug)]
pub(super) enum Failure {
    /// It did nothing, in its words.
    Nothing(String),
    /// It may have done it, or a part.
    Unknown(String),
    /// It cannot be run.
    NoTool(String),
}

/// As much as is read of what it prints.
const LONGEST: u64 = 1 << 20;

impl Tool {
    /// The one beside `qemu` where that is a path, else whichever is found as the start command is.
    pub(super) fn beside(qemu: &str) -> Self {
        let beside = Path::new(qemu).with_file_name("qemu-img");
        let is_there = qemu.contains('/') && beside.is_file();
        Self(if is_there { beside } else { "qemu-img".into() })
    }

    /// Looks into a drive. What is said to be, or turns out to be, no qcow2 image holds nothing.
    pub(super) async fn look(&self, drive: &Drive, end: Instant) -> Result<Disk, Failure> {
        let name = drive.file.display().to_string();
        let other = |format: &str| Disk {
            name: name.clone(),
            format: format.to_owned(),
            inside: Vec::new(),
        };
        if !drive.may_be_qcow2() {
            return Ok(other(drive.format.as_deref().unwrap_or_default()));
        }
        let words = ["info", "--output=json", "--image-opts"];
        let told = self.run(&words, &drive.file, end).await;
        let told = match told {
            Err(Failure::Nothing(words)) if words.contains("not in qcow2 format") => {
                return Ok(other("no qcow2 image"));
            }
            Err(Failure::Unknown(words)) => return Err(Failure::Nothing(words)),
            told => told?,
        };
        let image: Value = serde_json::from_slice(&told)
            .map_err(|error| Failure::Nothing(format!("qemu-img info of {name}: {error}")))?;
        Ok(Disk {
            name,
            format: QCOW2.to_owned(),
            inside: inside(&image),
        })
    }

    /// Does it to the snapshot `name`.
    pub(super) async fn act(
        &self,
        action: Action,
        name: &str,
        file: &Path,
        end: Instant,
    ) -> Result<(), Failure> {
        let flag = match action {
            Action::Apply => "-a",
            Action::Delete => "-d",
        };
        let words = ["snapshot", "-q", flag, name, "--image-opts"];
        self.run(&words, file, end).await.map(drop)
    }

    /// Runs it on one image. It is never ended from here, because an image may not be left half
    /// written; it has a process group of its own, so that Ctrl-C does not reach it.
    async fn run(&self, words: &[&str], file: &Path, end: Instant) -> Result<Vec<u8>, Failure> {
        let mut command = Command::new(&self.0);
        command.args(words).arg(options(file)).current_dir("/");
        command.stdin(Stdio::null()).process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let program = self.0.display();
            Failure::NoTool(format!(
                "cannot run {program}: {error}; install it (Debian: qemu-utils)"
            ))
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // A task of its own, which reaps it also when nobody waits any more.
        let ended = tokio::spawn(async move {
            let (stdout, stderr) = tokio::join!(bounded(stdout), bounded(stderr));
            (child.wait().await, stdout, stderr)
        });
        let shown = file.display();
        let what = words.first().copied().unwrap_or_default();
        match timeout_at(end, ended).await {
            Ok(Ok((Ok(status), stdout, _))) if status.success() => Ok(stdout),
            Ok(Ok((Ok(status), _, stderr))) => Err(refused(
                &format!("qemu-img {what} of {shown}"),
                status.code().is_some(),
                &stderr,
            )),
            Ok(Ok((Err(error), _, _))) => Err(Failure::Unknown(format!(
                "qemu-img {what} of {shown}: {error}"
            ))),
            Ok(Err(error)) => Err(Failure::Unknown(format!(
                "qemu-img {what} of {shown}: {error}"
            ))),
            Err(_) => Err(Failure::Unknown(format!(
                "qemu-img {what} of {shown} goes on after the deadline"
            ))),
        }
    }
}

/// The image as qcow2 and nothing else: a guest can write into its disk what looks like another
/// format.
fn options(file: &Path) -> OsString {
    let file = file.to_string_lossy().replace(',', ",,");
    format!("driver=qcow2,file.driver=file,file.filename={file}").into()
}

/// What it says that it could not open or find, it has not touched.
fn refused(what: &str, ended: bool, stderr: &[u8]) -> Failure {
    let words = String::from_utf8_lossy(stderr);
    let words = words
        .lines()
        .map(|it| it.strip_prefix("qemu-img: ").unwrap_or(it));
    let words: Vec<_> = words.filter(|it| !it.is_empty()).collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|it| !it.is_control())
        .take(400)
        .collect();
    let told = format!("{what}: {line}");
    let is_untouched = [
        "Could not open",
        "snapshot not found",
        "No such file or directory",
    ]
    .iter()
    .any(|it| line.contains(it));
    if ended && is_untouched {
        Failure::Nothing(told)
    } else {
        Failure::Unknown(told)
    }
}

/// The beginning of what comes; the rest is read and dropped.
async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What cannot be read is missing: the exit status decides.
        let _ = (&mut stream).take(LONGEST).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut stream, &mut sink()).await;
    }
    bytes
}

impl From<Failure> for HypervisorError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Nothing(words) => Self::Refused(words),
            Failure::Unknown(words) => Self::TimedOut(words),
            Failure::NoTool(words) => Self::NotConfigured(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_beside_a_qemu_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let qemu = dir.path().join("qemu-system-x86_64");
        let tool = |qemu: &Path| Tool::beside(qemu.to_str().unwrap()).0;
        assert_eq!(tool(&qemu), Path::new("qemu-img"));
        std::fs::write(dir.path().join("qemu-img"), "").unwrap();
        assert_eq!(tool(&qemu), dir.path().join("qemu-img"));
        assert_eq!(tool(Path::new("qemu-system-x86_64")), Path::new("qemu-img"));
    }

    #[test]
    fn a_path_is_one_option_whatever_is_in_it() {
        assert_eq!(
            options(Path::new("/a,driver=raw/nbd:x")),
            "driver=qcow2,file.driver=file,file.filename=/a,,driver=raw/nbd:x"
        );
    }
}

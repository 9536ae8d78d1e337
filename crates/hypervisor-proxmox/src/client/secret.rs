//! Reading a secret from where it is.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use pve::{Secret, SecretSource};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::ClientError;

/// How long a program that prints a secret may take: somebody may have to unlock a store.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest that is read; a token's secret has 36 characters.
const LONGEST: u64 = 16 * 1024;

/// Reads a secret. It waits at most half a minute.
pub(super) async fn read(source: &SecretSource) -> Result<Secret, ClientError> {
    let bytes = timeout(PATIENCE, bytes(source)).await.unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        Err(format!("it took longer than {seconds} s"))
    });
    bytes.and_then(|bytes| first_line(&bytes)).map_err(|why| {
        let source = shown(source);
        ClientError::Secret(format!("the secret cannot be read from {source}: {why}"))
    })
}

/// Where a secret is, for messages. Arguments of a program are left out.
pub(super) fn shown(source: &SecretSource) -> String {
    match source {
        SecretSource::File(path) => path.display().to_string(),
        SecretSource::Environment(name) => format!("the environment variable {name}"),
        SecretSource::Command(words) => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            format!("the command {program}")
        }
    }
}

async fn bytes(source: &SecretSource) -> Result<Vec<u8>, String> {
    match source {
        SecretSource::File(path) => private_file(path).await,
        SecretSource::Environment(name) => match std::env::var_os(name) {
            Some(value) => Ok(value.into_encoded_bytes()),
            None => Err("it is not set".to_owned()),
        },
        SecretSource::Command(words) => printed(words).await,
    }
}

/// A file's bytes, unless everybody may read it.
async fn private_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).await.map_err(|it| it.to_string())?;
    let metadata = file.metadata().await.map_err(|it| it.to_string())?;
    if metadata.permissions().mode() & 0o004 != 0 {
        let path = path.display();
        return Err(format!(
            "everybody on this machine may read it; run `chmod o-rwx {path}`, and make a new \
             secret if others work here"
        ));
    }
    bounded(file, LONGEST).await.map_err(|it| it.to_string())
}

/// What a program has printed, if it succeeded.
async fn printed(words: &[String]) -> Result<Vec<u8>, String> {
    let (program, arguments) = words.split_first().ok_or("it names no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|it| it.to_string())?;
    let stdout = child.stdout.take().ok_or("it has no output")?;
    let read = bounded(stdout, LONGEST).await;
    let bytes = read.map_err(|it| it.to_string())?;
    let status = child.wait().await.map_err(|it| it.to_string())?;
    match status.success() {
        true => Ok(bytes),
        false => Err(format!("it failed ({status}); run it yourself to see why")),
    }
}

/// A file's bytes. It waits at most half a minute, as for a secret.
pub(super) async fn read_file(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    timeout(PATIENCE, async {
        bounded(File::open(path).await?, longest).await
    })
    .await?
}

async fn bounded(source: impl AsyncRead + Unpin, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(longest + 1).read_to_end(&mut bytes).await?;
    match bytes.len() as u64 > longest {
        true => Err(io::Error::other(format!(
            "it is longer than {longest} bytes"
        ))),
        false => Ok(bytes),
    }
}

fn first_line(bytes: &[u8]) -> Result<Secret, String> {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| "it is no text (UTF-8)")?;
    match text {
        "" => Err("its first line is empty".to_owned()),
        text if text.contains(char::is_control) => {
            Err("its first line has control characters".to_owned())
        }
        text => Ok(Secret::new(text.to_owned())),
    }
}

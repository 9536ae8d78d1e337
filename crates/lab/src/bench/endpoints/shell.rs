//! What guests are told to run.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;

/// Commands that a guest knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// `/bin/sh -s`, also as root: the script is its input.
    Script,
    /// Prints the boot id.
    BootId,
    /// Ansible runs a module: its input is a program in Python.
    Python(String),
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ended {
    pub(super) status: u32,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// The command that prints a boot id.
pub(in crate::bench) const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

impl Command {
    /// The command that was asked for, if guests know it.
    pub(super) fn read(command: &[u8]) -> Option<Self> {
        let command = std::str::from_utf8(command).ok()?;
        let is_module = command.starts_with("/bin/sh -c '") && command.contains("python");
        match command {
            "/bin/sh -s" | "sudo -n -- /bin/sh -s" => Some(Self::Script),
            BOOT_ID => Some(Self::BootId),
            module if is_module => Some(Self::Python(module.to_owned())),
            _ => None,
        }
    }
}

impl Ended {
    pub(super) fn printed(stdout: Vec<u8>) -> Self {
        Self {
            stdout,
            ..Self::default()
        }
    }
}

/// Runs a module on this machine: it needs a Python, and guests have none of their own.
pub(super) async fn run(words: &str, input: Vec<u8>) -> Ended {
    let ended = converse(words, &input).await;
    ended.unwrap_or_else(|error| Ended {
        status: 127,
        stderr: error.to_string().into_bytes(),
        ..Ended::default()
    })
}

async fn converse(words: &str, input: &[u8]) -> std::io::Result<Ended> {
    let mut child = tokio::process::Command::new("/bin/sh")
        .args(["-c", words])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).await?;
    }
    let output = child.wait_with_output().await?;
    let status = output.status.code().unwrap_or(255);
    Ok(Ended {
        status: u32::try_from(status).unwrap_or(255),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_benchmarks_ask_is_run() {
        let module = "/bin/sh -c '/usr/bin/python3 && sleep 0'";
        for (command, expected) in [
            ("/bin/sh -s", Some(Command::Script)),
            ("sudo -n -- /bin/sh -s", Some(Command::Script)),
            (BOOT_ID, Some(Command::BootId)),
            (module, Some(Command::Python(module.to_owned()))),
            ("reboot", None),
        ] {
            assert_eq!(Command::read(command.as_bytes()), expected, "{command}");
        }
    }

    #[tokio::test]
    async fn a_module_gets_its_input_and_its_end_is_told() {
        let ended = run("cat; echo no >&2; exit 3", b"a".to_vec()).await;
        assert_eq!((ended.status, &*ended.stdout), (3, &b"a"[..]));
        assert_eq!(ended.stderr, b"no\n");
    }
}

//! Runs programs of the system and turns their failures into errors a person can act on.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The program's standard output.
///
/// # Errors
/// The program is missing, or ended with a failure: the error holds the end of what it printed.
pub async fn output(command: &mut Command) -> Result<String> {
    run(command, None).await
}

/// The same, with `input` on standard input.
///
/// # Errors
/// As for [`output`].
pub async fn output_with_input(command: &mut Command, input: &str) -> Result<String> {
    run(command, Some(input)).await
}

async fn run(command: &mut Command, input: Option<&str>) -> Result<String> {
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let stdin = if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().with_context(|| not_started(&program))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin
            .write_all(input.as_bytes())
            .await
            .with_context(|| format!("writing to `{program}`"))?;
    }
    let output = child
        .wait_with_output()
        .await
        .with_context(|| format!("waiting for `{program}`"))?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{program}` failed ({}): {}",
            output.status,
            tail(&printed, 20)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Why a program could not be started, with what to do.
#[must_use]
pub fn not_started(program: &str) -> String {
    format!("cannot start `{program}`; `cargo xtask test` names the packages that the lab needs")
}

/// The last `lines` lines of `text`.
#[must_use]
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// The last `lines` lines of a file; empty when it cannot be read.
#[must_use]
pub fn file_tail(path: &std::path::Path, lines: usize) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    tail(&String::from_utf8_lossy(&bytes), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_keeps_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
        assert_eq!(tail("", 5), "");
    }

    #[tokio::test]
    async fn a_failure_shows_what_the_program_said() {
        let error = output(Command::new("sh").args(["-c", "echo broken >&2; exit 3"]))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("broken"), "{error}");
        assert!(error.to_string().contains('3'), "{error}");
    }

    #[tokio::test]
    async fn input_reaches_the_program() {
        let text = output_with_input(&mut Command::new("cat"), "hello")
            .await
            .unwrap();
        assert_eq!(text, "hello");
    }
}

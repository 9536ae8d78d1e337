//! Passwords (`guest-set-user-password`), set by chpasswd(8): it knows the guest's PAM, its
//! hashes and its lock files.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qga::PasswordCall;
use rustix::fs::{Access, access};

use crate::linux::process::run;
use crate::{Error, Result};

/// PAM modules may ask servers.
const DEADLINE: Duration = Duration::from_secs(30);

/// Where it lies when the agent's `PATH` does not lead there.
const DIRECTORIES: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Sets a user's password. Name and password go to `chpasswd` through its standard input; no
/// text of an error holds the password.
///
/// # Errors
/// Names and passwords that would not be one line; [`Error::Unsupported`] where there is no
/// `chpasswd`; its refusal with what it said.
pub fn set_password(call: &PasswordCall) -> Result<()> {
    let line = line(call)?;
    let program = find(env::var_os("PATH").as_deref())
        .ok_or(Error::Unsupported("cannot find 'chpasswd' program in PATH"))?;
    set_by(&program, call, &line, DEADLINE)
}

/// `name:password`, as chpasswd reads it.
fn line(call: &PasswordCall) -> Result<Vec<u8>> {
    let forbidden = |what: &str| Error::Invalid(format!("forbidden characters in {what}"));
    if call.password.iter().any(|byte| b"\n\0".contains(byte)) {
        return Err(forbidden("raw password"));
    }
    if call.username.contains(['\n', ':', '\0']) {
        return Err(forbidden("username"));
    }
    let name = call.username.as_bytes();
    Ok([name, b":", &call.password, b"\n"].concat())
}

fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    env::split_paths(path.unwrap_or_default())
        .filter(|directory| directory.is_absolute())
        .chain(DIRECTORIES.map(PathBuf::from))
        .map(|directory| directory.join("chpasswd"))
        .find(|program| program.is_file() && access(program, Access::EXEC_OK).is_ok())
}

fn set_by(program: &Path, call: &PasswordCall, line: &[u8], deadline: Duration) -> Result<()> {
    let arguments: &[&str] = if call.crypted { &["-e"] } else { &[] };
    let finished = run(program, arguments, line, deadline)?;
    if finished.status.success() {
        return Ok(());
    }
    let complaint = if holds(&finished.output, &call.password) {
        finished.status.to_string()
    } else {
        finished.complaint()
    };
    Err(Error::Invalid(format!(
        "child process has failed to set user password ({complaint})"
    )))
}

/// Whether a helper's words repeat the secret that it was given.
fn holds(output: &[u8], secret: &[u8]) -> bool {
    !secret.is_empty() && output.windows(secret.len()).any(|part| part == secret)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::linux::process::script;

    const PLENTY: Duration = Duration::from_secs(60);

    fn call(username: &str, password: &[u8], crypted: bool) -> PasswordCall {
        PasswordCall {
            username: username.into(),
            password: password.into(),
            crypted,
        }
    }

    fn set_with(program: &Path, call: &PasswordCall) -> Result<()> {
        set_by(program, call, &line(call)?, PLENTY)
    }

    #[test]
    fn the_helper_reads_the_line_and_is_told_of_a_hash() {
        let directory = tempfile::tempdir().expect("a directory");
        let said = directory.path().join("said");
        let body = format!("(echo \"[$*]\"; cat) >{}", said.display());
        let program = script(directory.path(), "chpasswd", &body);
        for (call, expected) in [
            (call("ann", b"s p:a\\c$e", false), "[]\nann:s p:a\\c$e\n"),
            (
                call("bob", b"$6$salt$hash", true),
                "[-e]\nbob:$6$salt$hash\n",
            ),
            (call("cid", b"", false), "[]\ncid:\n"),
        ] {
            set_with(&program, &call).expect("it agrees");
            assert_eq!(fs::read_to_string(&said).expect("its input"), expected);
        }
    }

    #[test]
    fn what_would_not_be_one_line_is_refused() {
        for (username, password, text) in [
            (
                "ann",
                "a\nb" as &str,
                "forbidden characters in raw password",
            ),
            ("ann", "a\0b", "forbidden characters in raw password"),
            ("a:b", "x", "forbidden characters in username"),
            ("a\nb", "x", "forbidden characters in username"),
            ("a\0", "x", "forbidden characters in username"),
            ("a:b", "a\nb", "forbidden characters in raw password"),
        ] {
            let error = set_password(&call(username, password.as_bytes(), false));
            assert_eq!(error.expect_err("two lines").to_string(), text);
        }
    }

    #[test]
    fn a_refusal_is_told_but_never_the_password() {
        let directory = tempfile::tempdir().expect("a directory");
        let program = script(
            directory.path(),
            "chpasswd",
            "echo \"chpasswd: no such account\" >&2; exit 1",
        );
        let error = set_with(&program, &call("nobody", b"geheim", false)).expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "child process has failed to set user password \
             (exit status: 1: chpasswd: no such account)"
        );
        let program = script(
            directory.path(),
            "chpasswd",
            "read line; echo \"what is $line\" >&2; exit 1",
        );
        let call = call("nobody", b"geheim", false);
        let error = set_with(&program, &call).expect_err("a refusal");
        assert!(!format!("{error} {error:?} {call:?}").contains("geheim"));
    }

    #[test]
    fn a_helper_that_hangs_is_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let program = script(directory.path(), "chpasswd", "sleep 60");
        let call = call("ann", b"geheim", false);
        let line = line(&call).expect("one line");
        let error = set_by(&program, &call, &line, Duration::from_millis(100));
        let text = error.expect_err("no end").to_string();
        assert!(text.contains("did not end within 0.1 s"), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }

    #[test]
    fn the_helper_is_looked_for_in_absolute_directories_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().to_str().expect("a plain path");
        let ours = directory.path().join("chpasswd");
        let path = format!(".:relative:{place}");
        // Not executable.
        fs::write(&ours, "").expect("a file");
        assert_ne!(find(Some(path.as_ref())), Some(ours.clone()));
        fs::remove_file(&ours).expect("a file");
        let ours = script(directory.path(), "chpasswd", "exit 0");
        assert_eq!(find(Some(path.as_ref())), Some(ours));
    }
}

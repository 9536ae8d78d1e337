//! Telling sudo's refusal from a script's failure.

use lifecycle::ports::{Output, Privilege, ShellError};

/// The command that reads a script from its standard input.
pub(crate) fn command(privilege: Privilege, user: &str) -> &'static str {
    match privilege {
        Privilege::Root if user != "root" => "sudo -n -- /bin/sh -s",
        Privilege::Root | Privilege::Login => "/bin/sh -s",
    }
}

/// What sudo complains of without naming itself, when a policy forbids.
const POLICY: [&str; 3] = [
    "Sorry, user ",
    "not in the sudoers file",
    "may not run sudo",
];

/// What sudo warns of before it runs the command anyway.
const WARNING: &str = "sudo: unable to resolve host";

/// sudo's refusal, if `output` is one. sudo exits with 1 before the script can print anything,
/// and names itself in each line, in whichever language it speaks.
pub(crate) fn refusal(output: &Output, user: &str, host: &str) -> Option<ShellError> {
    if !output.stdout.is_empty() {
        return None;
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let said = lines.iter().find(|line| !line.starts_with(WARNING))?;
    let policy = |line: &str| POLICY.iter().any(|words| line.contains(words));
    match output.status {
        1 if lines
            .iter()
            .all(|line| line.starts_with("sudo:") || policy(line)) =>
        {
            Some(denied(said, user, host))
        }
        126 | 127 if lines.len() == 1 && said.contains("sudo") => Some(missing(said, user, host)),
        _ => None,
    }
}

fn denied(said: &str, user: &str, host: &str) -> ShellError {
    ShellError::SudoDenied(format!(
        "{user} may not use sudo without a password on {host} ({said}); allow it with this line in \
         a file of /etc/sudoers.d (visudo -f), or log in as root: \
         {user} ALL=(root) NOPASSWD: /bin/sh -s"
    ))
}

fn missing(said: &str, user: &str, host: &str) -> ShellError {
    ShellError::SudoDenied(format!(
        "sudo cannot be run as {user} on {host} ({said}); install it and allow \
         `{user} ALL=(root) NOPASSWD: /bin/sh -s`, or log in as root"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: i32, stdout: &str, stderr: &str) -> bool {
        let output = Output {
            status,
            stdout: stdout.as_bytes().to_vec(),
            stderr: stderr.as_bytes().to_vec(),
            truncated: false,
        };
        refusal(&output, "ann", "web1").is_some()
    }

    #[test]
    fn only_sudos_own_words_are_a_refusal() {
        let cases = [
            (1, "", "sudo: a password is required\n", true),
            (1, "", "sudo: Ein Passwort ist notwendig\n", true),
            (
                1,
                "",
                "sudo: unable to resolve host x\nsudo: a password is required\n",
                true,
            ),
            (
                1,
                "",
                "Sorry, user ann is not allowed to execute '/bin/sh -s' as root.\n",
                true,
            ),
            (
                1,
                "",
                "ann is not in the sudoers file.  This incident will be reported.\n",
                true,
            ),
            (
                1,
                "",
                "sudo: sorry, you must have a tty to run sudo\n",
                true,
            ),
            (127, "", "sh: 1: sudo: not found\n", true),
            (127, "", "bash: line 1: sudo: command not found\n", true),
            (1, "", "", false),
            (
                1,
                "",
                "sudo: unable to resolve host x: Name or service not known\n",
                false,
            ),
            (1, "", "grep: /etc/sudoers: Permission denied\n", false),
            (
                1,
                "",
                "sudo: unable to resolve host x\ngrep: no such file\n",
                false,
            ),
            (1, "ran\n", "sudo: a password is required\n", false),
            (0, "", "sudo: unable to resolve host x\n", false),
            (127, "", "/bin/sh: 1: qemu-ga: not found\n", false),
        ];
        for (status, stdout, stderr, wanted) in cases {
            assert_eq!(verdict(status, stdout, stderr), wanted, "{status} {stderr}");
        }
    }

    #[test]
    fn root_needs_no_sudo() {
        assert_eq!(command(Privilege::Root, "root"), "/bin/sh -s");
        assert_eq!(command(Privilege::Login, "ann"), "/bin/sh -s");
        assert_eq!(command(Privilege::Root, "ann"), "sudo -n -- /bin/sh -s");
    }
}

//! The sessions of systemd-logind: one file of assignments each (sd-login(3) reads the same).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Login, read};

/// The logins that last, in the order of their times. None where logind does not run.
pub(super) fn logins(directory: &Path) -> io::Result<Vec<Login>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut logins = Vec::new();
    for entry in entries {
        // Beside each file is a pipe `ID.ref` that says how long the session lasts.
        let entry = entry?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let text = read(&entry.path())?;
            logins.extend(login(&String::from_utf8_lossy(&text)));
        }
    }
    logins.sort_by(|one, other| (one.time, &one.user).cmp(&(other.time, &other.user)));
    Ok(logins)
}

/// The login of a session of a person: not of a greeter, a lock screen or a service manager, nor
/// one that has ended but for a process that stays.
fn login(text: &str) -> Option<Login> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    let class = value("CLASS").unwrap_or("user");
    let person = class == "user" || class.starts_with("user-");
    if !person || value("STATE") == Some("closing") {
        return None;
    }
    Some(Login {
        user: value("USER").filter(|user| !user.is_empty())?.to_owned(),
        time: value("REALTIME")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "# This is private data. Do not parse.\nUID=1000\nUSER=ann\nACTIVE=1\n\
        IS_DISPLAY=1\nSTATE=active\nREMOTE=1\nTYPE=tty\nORIGINAL_TYPE=tty\nCLASS=user\n\
        SCOPE=session-4.scope\nFIFO=/run/systemd/sessions/4.ref\nREMOTE_HOST=10.0.0.1\n\
        SERVICE=sshd\nLEADER=812\nAUDIT=4\nREALTIME=1700000000250000\nMONOTONIC=21000000\n";

    #[test]
    fn a_session_of_a_person_is_a_login() {
        let found = login(SESSION).expect("a login");
        assert_eq!(found.user, "ann");
        assert_eq!(found.time, 1_700_000_000_250_000);
    }

    #[test]
    fn what_is_no_person_is_no_login() {
        for (from, to) in [
            ("CLASS=user", "CLASS=manager"),
            ("CLASS=user", "CLASS=greeter"),
            ("CLASS=user", "CLASS=lock-screen"),
            ("CLASS=user", "CLASS=background"),
            ("STATE=active", "STATE=closing"),
            ("USER=ann", "USER="),
            ("USER=ann", "NOBODY=ann"),
            ("REALTIME=1700000000250000", "REALTIME=soon"),
            ("REALTIME=1700000000250000", "REALTIME=99999999999999999999"),
        ] {
            assert_eq!(login(&SESSION.replace(from, to)), None, "{to}");
        }
        let early = SESSION.replace("CLASS=user", "CLASS=user-early");
        assert!(login(&early).is_some());
        assert_eq!(login(""), None);
    }

    #[test]
    fn sessions_come_by_time_and_pipes_are_not_opened() {
        let directory = tempfile::tempdir().expect("a directory");
        let later = SESSION
            .replace("ann", "bob")
            .replace("1700000000250000", "1700000001000000");
        fs::write(directory.path().join("9"), later).expect("a file");
        fs::write(directory.path().join("c10"), SESSION).expect("a file");
        let pipe = directory.path().join("9.ref");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .expect("a pipe");
        let users: Vec<_> = logins(directory.path())
            .expect("readable files")
            .into_iter()
            .map(|login| login.user)
            .collect();
        assert_eq!(users, ["ann", "bob"]);
    }
}

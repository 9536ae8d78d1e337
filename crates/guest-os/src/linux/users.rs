//! Who is logged in (`guest-get-users`).

mod sessions;
mod utmp;

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use qga::results::identity::User;

use crate::{Error, Result};

const UTMP: &str = "/var/run/utmp";
const SESSIONS: &str = "/run/systemd/sessions";

/// Bytes of one file that are looked at: thousands of logins.
const LIMIT: u64 = 4 << 20;

/// The users that are logged in, each once with its earliest login, in the order of their first
/// record: from utmp(5), or where the distribution has given that up (Debian 13) from
/// systemd-logind's sessions. Nobody where there is neither.
///
/// # Errors
/// When a file that is there cannot be read.
pub fn users() -> Result<Vec<User>> {
    users_from(Path::new(UTMP), Path::new(SESSIONS))
}

fn users_from(utmp: &Path, sessions: &Path) -> Result<Vec<User>> {
    let refused = |path: &Path, error| {
        let what = format!("failed to read '{}'", path.display());
        Error::os(what, error)
    };
    let records = read(utmp).map_err(|error| refused(utmp, error))?;
    // A system that keeps the file has at least its own boot in it.
    let logins = if records.is_empty() {
        sessions::logins(sessions).map_err(|error| refused(sessions, error))?
    } else {
        utmp::logins(&records)
    };
    Ok(earliest(logins))
}

/// A login that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Login {
    user: String,
    /// Microseconds since 1970.
    time: i64,
}

fn earliest(logins: Vec<Login>) -> Vec<User> {
    let mut first: Vec<Login> = Vec::new();
    for login in logins {
        match first.iter_mut().find(|known| known.user == login.user) {
            Some(known) => known.time = known.time.min(login.time),
            None => first.push(login),
        }
    }
    first
        .into_iter()
        .map(|login| User {
            user: login.user,
            login_time: seconds(login.time),
            domain: None,
        })
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of our time fit into the 53 bits of the protocol's number"
)]
fn seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1e6
}

/// A file's bytes, at most [`LIMIT`]; none when it is not there.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(LIMIT).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, time: i64) -> Login {
        Login {
            user: user.into(),
            time,
        }
    }

    #[test]
    fn a_user_comes_once_with_the_earliest_login() {
        let logins = vec![
            login("ann", 2_000_000),
            login("bob", 9_500_000),
            login("ann", 1_250_000),
            login("ann", 3_000_000),
        ];
        let users: Vec<_> = earliest(logins)
            .into_iter()
            .map(|user| (user.user, user.login_time))
            .collect();
        assert_eq!(users, [("ann".to_owned(), 1.25), ("bob".to_owned(), 9.5)]);
    }

    #[test]
    fn sessions_count_only_where_utmp_is_gone() {
        let directory = tempfile::tempdir().expect("a directory");
        let utmp = directory.path().join("utmp");
        let sessions = directory.path().join("sessions");
        std::fs::create_dir(&sessions).expect("a directory");
        let session = "USER=ann\nCLASS=user\nSTATE=active\nREALTIME=5000000\n";
        std::fs::write(sessions.join("1"), session).expect("a file");
        let names = || -> Vec<String> {
            let users = users_from(&utmp, &sessions).expect("readable files");
            users.into_iter().map(|user| user.user).collect()
        };
        assert_eq!(names(), ["ann"]);
        std::fs::write(&utmp, "").expect("a file");
        assert_eq!(names(), ["ann"]);
        // One record, of the boot.
        std::fs::write(&utmp, utmp::record(2, b"reboot", 1, 0)).expect("a file");
        assert!(names().is_empty());
        std::fs::write(&utmp, utmp::record(7, b"bob", 1, 0)).expect("a file");
        assert_eq!(names(), ["bob"]);
    }

    #[test]
    fn nobody_is_logged_in_where_there_are_no_records_at_all() {
        let nowhere = Path::new("/no/such/place");
        assert_eq!(users_from(nowhere, nowhere).expect("nobody"), []);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = users_from(directory.path(), directory.path()).expect_err("a directory");
        assert!(error.to_string().starts_with("failed to read '"));
    }
}

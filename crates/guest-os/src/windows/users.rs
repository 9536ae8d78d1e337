//! Who is logged in (`guest-get-users`).
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::ptr;

use qga::results::identity::User;
use windows_sys::Win32::System::RemoteDesktop::{
    WTS_CURRENT_SERVER_HANDLE, WTS_SESSION_INFOW, WTSEnumerateSessionsW, WTSFreeMemory, WTSINFOW,
    WTSQuerySessionInformationW, WTSSessionInfo,
};

use super::clock::{FileTime, TICKS};
use super::outcome::succeeded;
use super::wide::narrow;
use crate::{Error, Result};

/// The users that are logged in, each of a domain once with the earliest login, in the order of
/// their sessions.
///
/// # Errors
/// When Windows does not tell.
pub fn users() -> Result<Vec<User>> {
    let sessions = sessions().map_err(|error| Error::os("failed to list the sessions", error))?;
    Ok(earliest(sessions.into_iter().filter_map(login)))
}

/// A login that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Login {
    user: String,
    domain: String,
    time: FileTime,
}

fn earliest(logins: impl Iterator<Item = Login>) -> Vec<User> {
    let mut first: Vec<Login> = Vec::new();
    for login in logins {
        let is_same =
            |other: &&mut Login| (&other.user, &other.domain) == (&login.user, &login.domain);
        match first.iter_mut().find(is_same) {
            Some(known) => known.time = known.time.min(login.time),
            None => first.push(login),
        }
    }
    first.into_iter().map(user).collect()
}

fn user(login: Login) -> User {
    User {
        login_time: login.time.unix_ticks() as f64 / TICKS as f64,
        user: login.user,
        domain: Some(login.domain),
    }
}

/// The numbers of all sessions.
fn sessions() -> io::Result<Vec<u32>> {
    let (mut sessions, mut count) = (ptr::null_mut(), 0);
    let server = WTS_CURRENT_SERVER_HANDLE;
    // SAFETY: the list and its length are written to.
    let done = unsafe { WTSEnumerateSessionsW(server, 0, 1, &raw mut sessions, &raw mut count) };
    succeeded(done)?;
    let sessions: Answer<WTS_SESSION_INFOW> = Answer(sessions);
    let numbers = (0..count as usize).map(|index| {
        // SAFETY: the list has as many elements as were told.
        let session = unsafe { sessions.0.add(index) };
        // SAFETY: an element of the list.
        unsafe { (*session).SessionId }
    });
    Ok(numbers.collect())
}

/// Who is logged in to a session: nobody to those of services, and to those that wait for somebody.
fn login(session: u32) -> Option<Login> {
    let (mut info, mut size) = (ptr::null_mut(), 0);
    let server = WTS_CURRENT_SERVER_HANDLE;
    // SAFETY: the answer and its size are written to.
    let done = unsafe {
        WTSQuerySessionInformationW(
            server,
            session,
            WTSSessionInfo,
            &raw mut info,
            &raw mut size,
        )
    };
    let info: Answer<WTSINFOW> = Answer(info.cast());
    if done == 0 || info.0.is_null() || (size as usize) < size_of::<WTSINFOW>() {
        return None;
    }
    // SAFETY: the answer has the size of the structure.
    let info = unsafe { &*info.0 };
    let text = |wide: &[u16]| narrow(wide).to_string_lossy().into_owned();
    let login = Login {
        user: text(&info.UserName),
        domain: text(&info.Domain),
        time: FileTime(info.LogonTime),
    };
    (!login.user.is_empty()).then_some(login)
}

/// Memory that Windows has answered in.
struct Answer<T>(*mut T);

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        // SAFETY: it came from Windows and is freed once; null is left alone.
        unsafe { WTSFreeMemory(self.0.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(user: &str, domain: &str, seconds: i64) -> Login {
        let time = FileTime((seconds + 11_644_473_600) * TICKS);
        Login {
            user: user.into(),
            domain: domain.into(),
            time,
        }
    }

    #[test]
    fn each_user_of_a_domain_is_told_once_with_the_earliest_login() {
        let logins = [
            at("ann", "WEB", 300),
            at("bob", "WEB", 50),
            at("ann", "WEB", 200),
            at("ann", "CORP", 10),
        ];
        let users = earliest(logins.into_iter());
        let told: Vec<_> = users
            .iter()
            .map(|user| (user.user.as_str(), user.domain.as_deref(), user.login_time))
            .collect();
        assert_eq!(
            told,
            [
                ("ann", Some("WEB"), 200.0),
                ("bob", Some("WEB"), 50.0),
                ("ann", Some("CORP"), 10.0)
            ]
        );
    }

    #[test]
    fn the_sessions_can_be_listed() {
        users().expect("a list");
    }
}

//! The records of utmp(5), as the C library of this machine lays them out.

use std::mem::offset_of;

use libc::utmpx;

use super::Login;

const RECORD: usize = size_of::<utmpx>();
/// Where the time's microseconds end and the next field begins. Seconds and microseconds have
/// four bytes each where 32-bit programs share the file, else eight.
const TIME_END: usize = offset_of!(utmpx, ut_addr_v6);
const TIME: usize = offset_of!(utmpx, ut_tv);
const USER: usize = offset_of!(utmpx, ut_user);
const USER_END: usize = offset_of!(utmpx, ut_host);

/// The logins that last. Bytes after the last whole record are passed over.
pub(super) fn logins(bytes: &[u8]) -> Vec<Login> {
    bytes.chunks_exact(RECORD).filter_map(login).collect()
}

fn login(record: &[u8]) -> Option<Login> {
    let kind = i16::from_ne_bytes(field(record, offset_of!(utmpx, ut_type))?);
    if kind != libc::USER_PROCESS {
        return None;
    }
    let name = record.get(USER..USER_END)?;
    let name = name.split(|byte| *byte == 0).next()?;
    let half = (TIME_END - TIME) / 2;
    let seconds = integer(record, TIME, half)?;
    let microseconds = integer(record, TIME + half, half)?;
    Some(Login {
        user: String::from_utf8_lossy(name).into_owned(),
        time: seconds
            .saturating_mul(1_000_000)
            .saturating_add(microseconds),
    })
}

fn integer(record: &[u8], offset: usize, width: usize) -> Option<i64> {
    if width == 4 {
        field(record, offset).map(|bytes| i32::from_ne_bytes(bytes).into())
    } else {
        field(record, offset).map(i64::from_ne_bytes)
    }
}

fn field<const WIDTH: usize>(record: &[u8], offset: usize) -> Option<[u8; WIDTH]> {
    record.get(offset..)?.first_chunk().copied()
}

/// A record of a type (utmp(5)), a user, seconds and microseconds.
#[cfg(test)]
pub(super) fn record(kind: i16, user: &[u8], seconds: i32, microseconds: i32) -> Vec<u8> {
    let mut record = vec![0; RECORD];
    let mut put = |offset: usize, bytes: &[u8]| {
        record[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(offset_of!(utmpx, ut_type), &kind.to_ne_bytes());
    put(USER, user);
    let half = (TIME_END - TIME) / 2;
    for (place, value) in [(TIME, seconds), (TIME + half, microseconds)] {
        if half == 4 {
            put(place, &value.to_ne_bytes());
        } else {
            put(place, &i64::from(value).to_ne_bytes());
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_the_c_library() {
        let half = (TIME_END - TIME) / 2;
        assert!(half == 4 || half == 8, "{half}");
        assert_eq!(USER_END - USER, 32);
        if cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
            assert_eq!((RECORD, half), (384, 4));
        }
    }

    #[test]
    fn only_users_count_and_names_end_at_the_first_zero() {
        let full = [b'n'; 32];
        let mut bytes = record(2, b"reboot", 1, 0);
        bytes.extend(record(7, b"ann\0leftover", 1_700_000_000, 250_000));
        bytes.extend(record(8, b"gone", 5, 0));
        bytes.extend(record(7, &full, 7, 999_999));
        bytes.extend(record(6, b"LOGIN", 9, 0));
        let found: Vec<_> = logins(&bytes)
            .into_iter()
            .map(|login| (login.user, login.time))
            .collect();
        assert_eq!(
            found,
            [
                ("ann".to_owned(), 1_700_000_000_250_000),
                ("n".repeat(32), 7_999_999),
            ]
        );
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let mut bytes = record(7, b"ann", 1, 0);
        bytes.extend(record(7, b"\xff\xfe", i32::MIN, i32::MAX));
        for cut in 0..=bytes.len() {
            assert_eq!(logins(&bytes[..cut]).len(), cut / RECORD);
        }
        assert_eq!(logins(&bytes)[1].user, "\u{fffd}\u{fffd}");
        logins(&vec![0xff; 3 * RECORD + 1]);
    }
}

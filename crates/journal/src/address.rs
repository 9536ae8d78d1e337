//! The address at which a guest was found last: an agent that is silent must not keep SSH away.

use std::net::IpAddr;

use conditions::{GuestId, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::read::{text, time};
use crate::write::to_sql;
use crate::{Journal, JournalError};

/// Where a guest was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    /// Its address.
    pub address: IpAddr,
    /// When it was told.
    pub seen: Timestamp,
}

impl Journal {
    /// Remembers where `guest` was found, in place of an earlier address.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn remember_address(
        &self,
        guest: &GuestId,
        address: IpAddr,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO addresses (guest, address, seen_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (guest) DO UPDATE SET address = ?2, seen_ms = ?3",
                params![guest.as_str(), address.to_string(), to_sql(at)],
            )?;
            Ok(())
        })
    }

    /// Where `guest` was found last. What cannot be read as an address is none.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn known_address(&self, guest: &GuestId) -> Result<Option<KnownAddress>, JournalError> {
        self.read(|transaction| {
            let sql = "SELECT address, seen_ms FROM addresses WHERE guest = ?1";
            let row = transaction.query_row(sql, [guest.as_str()], |row| {
                Ok((text(row, 0)?, time(row, 1)?))
            });
            let known = row.optional()?;
            Ok(known.and_then(|(address, seen)| {
                let address = address.parse().ok()?;
                Some(KnownAddress { address, seen })
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn the_last_address_of_each_guest_is_kept() {
        let dir = tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let guest = |name: &str| name.parse::<GuestId>().unwrap();
        let at = Timestamp::from_millis;
        assert_eq!(journal.known_address(&guest("web1")).unwrap(), None);
        for (name, address, seen) in [
            ("web1", "192.0.2.1", 1),
            ("web2", "2001:db8::1", 2),
            ("web1", "192.0.2.7", 3),
        ] {
            let address = address.parse().unwrap();
            journal
                .remember_address(&guest(name), address, at(seen))
                .unwrap();
        }
        let known = journal.known_address(&guest("web1")).unwrap().unwrap();
        assert_eq!(
            (known.address.to_string(), known.seen),
            ("192.0.2.7".to_owned(), at(3))
        );
        let other = journal.known_address(&guest("web2")).unwrap().unwrap();
        assert_eq!(other.address.to_string(), "2001:db8::1");
    }
}

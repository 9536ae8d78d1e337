//! Pinned SSH host keys. A key that is replaced stays as history: who trusted what, and when.

use conditions::{MachineId, Timestamp};
use rusqlite::{Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::read::{from_sql, text, time};
use crate::store::Failure;
use crate::write::to_sql;
use crate::{Journal, JournalError};

/// No public key of any algorithm comes near this length; a longer line is not stored.
const LINE_LIMIT: usize = 16 * 1024;

/// Who vouched for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// The guest itself, through the agent channel.
    Channel,
    /// An operator (`hospes trust`).
    Operator,
    /// The configuration (`host-key`).
    Config,
}

/// A key that is trusted for a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinnedKey {
    /// `ALGORITHM BASE64`, without a comment.
    pub key: String,
    /// Who vouched for it.
    pub source: KeySource,
    /// Since when it is trusted.
    pub pinned: Timestamp,
}

/// A key that is or was trusted for a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastKey {
    /// The key.
    #[serde(flatten)]
    pub key: PinnedKey,
    /// When others took its place; absent while it is trusted.
    pub replaced: Option<Timestamp>,
}

impl Journal {
    /// Trusts `key_line` (`ssh-ed25519 AAAA... comment`) for `machine`, besides those that are
    /// trusted already. A key that is one of them stays as it is.
    ///
    /// # Errors
    /// The line is not a public key, or the journal cannot be written.
    pub fn pin(
        &self,
        machine: impl Into<MachineId>,
        key_line: &str,
        source: KeySource,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let (key, machine) = (normalized(key_line)?, machine.into());
        self.write(|transaction| insert(transaction, &machine, &key, source, at))
    }

    /// Trusts exactly `key_lines` for `machine`; others that were trusted become history.
    ///
    /// # Errors
    /// There is no line, one of them is not a public key, or the journal cannot be written;
    /// then nothing changes.
    pub fn replace_pins(
        &self,
        machine: impl Into<MachineId>,
        key_lines: &[impl AsRef<str>],
        source: KeySource,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        let machine = machine.into();
        let keys: Vec<String> = key_lines
            .iter()
            .map(|line| normalized(line.as_ref()))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(JournalError::NoKeys(machine));
        }
        self.write(|transaction| {
            // Raw, so that a damaged row does not stand in the way of its own replacement.
            let mut trusted = transaction.prepare(
                "SELECT id, key FROM host_keys WHERE guest = ?1 AND replaced_ms IS NULL",
            )?;
            let rows = trusted.query_map([machine.to_string()], |row| {
                Ok((row.get::<_, i64>(0)?, text(row, 1)?))
            })?;
            for row in rows.collect::<Result<Vec<_>, _>>()? {
                if !keys.contains(&row.1) {
                    transaction.execute(
                        "UPDATE host_keys SET replaced_ms = ?2 WHERE id = ?1",
                        params![row.0, to_sql(at)],
                    )?;
                }
            }
            keys.iter()
                .try_for_each(|key| insert(transaction, &machine, key, source, at))
        })
    }

    /// The keys that are trusted for `machine`, oldest first.
    ///
    /// # Errors
    /// One of them is damaged, or the journal cannot be read.
    pub fn pinned(&self, machine: impl Into<MachineId>) -> Result<Vec<PinnedKey>, JournalError> {
        let trusted = self.keys(&machine.into(), "AND replaced_ms IS NULL")?;
        Ok(trusted.into_iter().map(|past| past.key).collect())
    }

    /// The keys that are or were trusted for `machine`, oldest first.
    ///
    /// # Errors
    /// One of them is damaged, or the journal cannot be read.
    pub fn key_history(&self, machine: impl Into<MachineId>) -> Result<Vec<PastKey>, JournalError> {
        self.keys(&machine.into(), "")
    }

    fn keys(&self, machine: &MachineId, and: &'static str) -> Result<Vec<PastKey>, JournalError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare(&format!(
                "SELECT key, source, pinned_ms, replaced_ms FROM host_keys
                 WHERE guest = ?1 {and} ORDER BY id"
            ))?;
            let rows = statement.query_map([machine.to_string()], stored_key)?;
            rows.map(|row| {
                row?.map_err(|detail| {
                    JournalError::CorruptKey {
                        machine: machine.clone(),
                        detail,
                    }
                    .into()
                })
            })
            .collect()
        })
    }
}

fn insert(
    transaction: &Transaction<'_>,
    machine: &MachineId,
    key: &str,
    source: KeySource,
    at: Timestamp,
) -> Result<(), Failure> {
    transaction.execute(
        "INSERT INTO host_keys (guest, key, source, pinned_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (guest, key) WHERE replaced_ms IS NULL DO NOTHING",
        params![machine.to_string(), key, source.as_str(), to_sql(at)],
    )?;
    Ok(())
}

fn stored_key(row: &Row<'_>) -> rusqlite::Result<Result<PastKey, String>> {
    let (key, source) = (text(row, 0)?, text(row, 1)?);
    let (pinned, replaced) = (time(row, 2)?, row.get::<_, Option<i64>>(3)?.map(from_sql));
    Ok(match (normalized(&key), KeySource::from_word(&source)) {
        (Ok(whole), Some(source)) if whole == key => Ok(PastKey {
            key: PinnedKey {
                key,
                source,
                pinned,
            },
            replaced,
        }),
        (_, None) => Err(format!("its source is `{source}`")),
        _ => Err("it is not a public key".to_owned()),
    })
}

impl KeySource {
    const ALL: [Self; 3] = [Self::Channel, Self::Operator, Self::Config];

    /// The word for people, logs and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Operator => "operator",
            Self::Config => "config",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// `ALGORITHM BASE64` of a public key line (RFC 4253, section 6.6, as `ssh-keygen` prints it).
/// The line may come from a guest.
fn normalized(line: &str) -> Result<String, JournalError> {
    let invalid = || JournalError::InvalidKey(shown(line));
    let line = line.trim();
    let one_line = line.len() <= LINE_LIMIT && !line.chars().any(char::is_control);
    let mut fields = line.split_ascii_whitespace();
    let (Some(algorithm), Some(key), true) = (fields.next(), fields.next(), one_line) else {
        return Err(invalid());
    };
    let named = algorithm
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-@.".contains(&b));
    let encoded = key.starts_with("AAAA")
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    if named && encoded {
        Ok(format!("{algorithm} {key}"))
    } else {
        Err(invalid())
    }
}

fn shown(line: &str) -> String {
    let start: String = line
        .chars()
        .take(60)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("`{start}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_line_is_kept_without_its_comment() {
        for line in ["ssh-ed25519 AAAAC3Nz", " ssh-ed25519  AAAAC3Nz root@web1\n"] {
            assert_eq!(
                normalized(line).unwrap(),
                "ssh-ed25519 AAAAC3Nz",
                "{line:?}"
            );
        }
    }

    #[test]
    fn what_is_not_a_public_key_is_refused() {
        let long = format!("ssh-rsa AAAA{}", "A".repeat(LINE_LIMIT));
        for line in [
            "",
            "ssh-ed25519",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "web1 ssh-ed25519 AAAAC3Nz",
            "ssh-ed25519 AAAAC3Nz\nssh-rsa AAAAB3Nz",
            "ssh-ed25519 BBBB",
            "ssh-ed25519 AAAA\u{1b}[2J",
            long.as_str(),
        ] {
            assert!(normalized(line).is_err(), "{line:?}");
        }
    }
}

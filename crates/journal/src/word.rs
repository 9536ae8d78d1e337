//! What operators say to a run that another controller drives. It changes nothing by itself, so it
//! takes no lock: who drives the run looks for it.

use conditions::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::read::identity;
use crate::write::{insert_note, to_sql};
use crate::{Journal, JournalError, RunId};

impl Journal {
    /// Says `word` to a run, in place of what was said before; `note` tells its timeline.
    ///
    /// # Errors
    /// There is no such run, or the journal cannot be written.
    pub fn say(
        &self,
        run: RunId,
        word: &str,
        note: &str,
        at: Timestamp,
    ) -> Result<(), JournalError> {
        self.write(|transaction| {
            identity(transaction, run)?;
            transaction.execute(
                "INSERT INTO words (run, word, at_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (run) DO UPDATE SET word = ?2, at_ms = ?3",
                params![run.0, word, to_sql(at)],
            )?;
            insert_note(transaction, run, note, at)
        })
    }

    /// What was said to a run last.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn said(&self, run: RunId) -> Result<Option<String>, JournalError> {
        self.read(|transaction| {
            let word =
                transaction.query_row("SELECT word FROM words WHERE run = ?1", [run.0], |row| {
                    row.get(0)
                });
            Ok(word.optional()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use conditions::MachineId;
    use serde_json::json;
    use tempfile::tempdir;

    use super::*;
    use crate::{Holder, MachineLock, NewRun};

    #[test]
    fn the_last_word_stands_and_the_timeline_has_them_all() {
        let dir = tempdir().unwrap();
        let at = Timestamp::from_millis(7);
        let machine: MachineId = "web1".parse().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let holder = Holder {
            pid: 1,
            command: "hospes".to_owned(),
            since: at,
        };
        let lock = MachineLock::acquire(&journal, &machine, &holder).unwrap();
        let new = NewRun {
            operation: "restart".to_owned(),
            machine,
            operator: "eva".to_owned(),
            options: json!({}),
            state: json!({}),
            at,
        };
        let run = journal.begin(&new, &lock).unwrap();
        assert_eq!(journal.said(run).unwrap(), None);
        // Another controller has no lock, and needs none.
        let other = Journal::open(dir.path()).unwrap();
        other.say(run, "now", "ada ends the wait", at).unwrap();
        other.say(run, "abort", "ada cancels", at).unwrap();
        assert_eq!(journal.said(run).unwrap().as_deref(), Some("abort"));
        let notes = journal.run(run).unwrap().unwrap().notes;
        let texts: Vec<_> = notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(texts, ["ada ends the wait", "ada cancels"]);
        assert!(journal.say(RunId(99), "abort", "nobody", at).is_err());
    }
}

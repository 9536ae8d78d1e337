//! What outlives the agent: that file systems may be frozen, or what it still owes.

use serde::{Deserialize, Serialize};

use super::debt::ForcedThaw;

/// The name of the state file in the state directory.
pub const STATE_FILE: &str = "hospes-agent.freeze";

/// The empty file that QEMU's agent leaves in the state directory while it holds file systems
/// frozen. It is removed with the state file.
pub const STOCK_MARKER: &str = "qga.state.isfrozen";

/// The content of the state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFile {
    version: u32,
    /// `/proc/sys/kernel/random/boot_id`; empty when that is unknown.
    boot: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// The hook may have got `freeze`, and file systems may be frozen.
    Frozen {
        /// Seconds since 1970.
        since: u64,
    },
    /// All is thawed, and somebody must hear of it.
    Owed(ForcedThaw),
}

/// What an agent finds when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing.
    Nothing,
    /// What was true before the guest booted.
    Stale,
    /// File systems that nobody else will thaw.
    Frozen,
    /// A debt of the agent before.
    Owed(ForcedThaw),
}

const VERSION: u32 = 1;

impl StateFile {
    pub(super) fn frozen(boot: &str, since: u64) -> Self {
        Self::new(boot, State::Frozen { since })
    }

    pub(super) fn owed(boot: &str, debt: ForcedThaw) -> Self {
        Self::new(boot, State::Owed(debt))
    }

    fn new(boot: &str, state: State) -> Self {
        Self {
            version: VERSION,
            boot: boot.to_owned(),
            state,
        }
    }

    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> String {
        let text = serde_json::to_string(self);
        text.expect("numbers and strings are JSON") + "\n"
    }
}

impl Recovery {
    /// Reads what an agent before has left: its state file, and whether the marker of QEMU's agent
    /// is there. `boot` is this boot's id, empty when it is unknown. A file that makes no sense
    /// was written by somebody who froze: thawing what is thawed does no harm.
    #[must_use]
    pub fn read(state: Option<&[u8]>, has_stock_marker: bool, boot: &str) -> Self {
        let found = match state {
            None => Self::Nothing,
            Some(bytes) => match serde_json::from_slice::<StateFile>(bytes) {
                Ok(file) if file.version != VERSION => Self::Frozen,
                Ok(file) if is_other(&file.boot, boot) => Self::Stale,
                Ok(file) => match file.state {
                    State::Frozen { .. } => Self::Frozen,
                    State::Owed(debt) => Self::Owed(debt),
                },
                Err(_) => Self::Frozen,
            },
        };
        if has_stock_marker {
            Self::Frozen
        } else {
            found
        }
    }
}

fn is_other(boot: &str, this: &str) -> bool {
    !boot.is_empty() && !this.is_empty() && boot != this
}

#[cfg(test)]
mod tests {
    use super::super::Why;
    use super::*;

    const DEBT: ForcedThaw = ForcedThaw {
        when: 1_795_309_323,
        why: Why::Watchdog { after: 600 },
    };

    fn read(text: &str, boot: &str) -> Recovery {
        Recovery::read(Some(text.as_bytes()), false, boot)
    }

    #[test]
    fn the_file_is_small_json() {
        assert_eq!(
            StateFile::frozen("b-1", 7).encode(),
            "{\"version\":1,\"boot\":\"b-1\",\"state\":{\"frozen\":{\"since\":7}}}\n"
        );
        assert_eq!(
            StateFile::owed("b-1", DEBT).encode(),
            "{\"version\":1,\"boot\":\"b-1\",\"state\":{\"owed\":{\"when\":1795309323,\
             \"why\":{\"watchdog\":{\"after\":600}}}}}\n"
        );
    }

    #[test]
    fn what_was_written_is_found_in_the_same_boot_only() {
        let files = [
            (StateFile::frozen("b-1", 7), Recovery::Frozen),
            (StateFile::owed("b-1", DEBT), Recovery::Owed(DEBT)),
        ];
        for (file, expected) in files {
            let text = file.encode();
            assert_eq!(read(&text, "b-1"), expected);
            assert_eq!(read(&text, ""), expected);
            assert_eq!(read(&text, "b-2"), Recovery::Stale);
        }
    }

    #[test]
    fn what_makes_no_sense_was_left_by_a_freeze() {
        let texts = ["", "{}", "\0", "null", "{\"version\":1}"];
        for text in texts {
            assert_eq!(read(text, "b-1"), Recovery::Frozen, "{text}");
        }
        let newer = StateFile {
            version: 2,
            ..StateFile::frozen("b-1", 7)
        };
        assert_eq!(read(&newer.encode(), "b-2"), Recovery::Frozen);
        assert_eq!(Recovery::read(Some(b"\xff"), false, ""), Recovery::Frozen);
    }

    #[test]
    fn the_marker_of_qemus_agent_counts_as_a_freeze() {
        assert_eq!(Recovery::read(None, false, "b-1"), Recovery::Nothing);
        assert_eq!(Recovery::read(None, true, "b-1"), Recovery::Frozen);
        let owed = StateFile::owed("b-1", DEBT).encode();
        let found = Recovery::read(Some(owed.as_bytes()), true, "b-1");
        assert_eq!(found, Recovery::Frozen);
    }
}

//! Sources of the event log: without one, the Event Viewer shows an event's text behind an
//! apology.

use std::io;

use crate::windows::registry::{Key, Life};
use crate::windows::{log_sink, system_log};

const APPLICATION: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application";

/// The agent's and the scripts'.
const SOURCES: [&str; 2] = [log_sink::SOURCE, system_log::SOURCE];

/// A program of Windows whose messages 1 to 1000 are whatever text comes with the event.
const MESSAGES: &str = r"%SystemRoot%\System32\EventCreate.exe";

/// Errors, warnings and information.
const TYPES: u32 = 7;

/// Makes the sources, or makes them as they should be. They stay when the services go, or what
/// they have logged could not be read any more.
pub(super) fn register() -> io::Result<()> {
    SOURCES.iter().try_for_each(|source| register_one(source))
}

fn register_one(source: &str) -> io::Result<()> {
    let (key, _) = Key::create(&format!(r"{APPLICATION}\{source}"), "", Life::Lasting)?;
    key.set_expandable("EventMessageFile", MESSAGES)?;
    key.set_number("TypesSupported", TYPES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_name_the_program_with_their_messages() {
        register().expect("an administrator");
        register().expect("again");
        for source in SOURCES {
            let key = Key::open(&format!(r"{APPLICATION}\{source}")).expect("the source");
            let messages = key.text("EventMessageFile").expect("its program");
            let messages = messages.to_string_lossy().to_lowercase();
            assert!(
                messages.ends_with(r"\system32\eventcreate.exe"),
                "{messages}"
            );
            assert!(!messages.contains('%'), "{messages}");
        }
    }
}

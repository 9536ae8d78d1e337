//! The Application event log.
#![allow(unsafe_code, reason = "the event log has no safe interface")]

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, REPORT_EVENT_TYPE,
    RegisterEventSourceW, ReportEventW,
};

use crate::windows::outcome::succeeded;
use crate::windows::wide::wide;

/// The number of our events, as Google's agent has it: with the message file `EventCreate.exe`,
/// which a source is installed with, the text of events below 1000 is their only string.
const EVENT: u32 = 882;
/// UTF-16 units of a string (`ReportEventW`: 31,839).
const LONGEST: usize = 31_000;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::windows) enum Kind {
    /// It went as it should.
    Information,
    /// Somebody should look.
    Warning,
}

/// The way to it, of one source.
#[derive(Debug)]
pub struct EventLog {
    source: Vec<u16>,
    registered: Option<Registered>,
}

impl EventLog {
    /// The way to it, for events of this source.
    pub(in crate::windows) fn new(source: &str) -> Self {
        Self {
            source: wide(source),
            registered: None,
        }
    }

    /// Writes an event; a text that is too long becomes several.
    ///
    /// # Errors
    /// The event log does not run, or is full.
    pub(in crate::windows) fn write(&mut self, kind: Kind, text: &str) -> io::Result<()> {
        let registered = match self.registered.take() {
            Some(registered) => registered,
            None => Registered::new(&self.source)?,
        };
        for part in parts(text) {
            registered.report(kind, &part)?;
        }
        // Only now: after an error it is tried anew.
        self.registered = Some(registered);
        Ok(())
    }
}

/// The parts of a text, each with a zero behind it and none in it.
fn parts(text: &str) -> Vec<Vec<u16>> {
    let units: Vec<u16> = text.replace('\0', "\u{fffd}").encode_utf16().collect();
    let end = |part: &[u16]| part.iter().copied().chain([0]).collect();
    match units.is_empty() {
        true => vec![end(&[])],
        false => units.chunks(LONGEST).map(end).collect(),
    }
}

/// A source that the event log knows.
#[derive(Debug)]
struct Registered(HANDLE);

// SAFETY: the handle belongs to the process, not to a thread.
unsafe impl Send for Registered {}

impl Registered {
    fn new(source: &[u16]) -> io::Result<Self> {
        // SAFETY: `source` ends with a zero and lives during the call.
        let handle = unsafe { RegisterEventSourceW(null(), source.as_ptr()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(handle))
    }

    /// `text` ends with a zero.
    fn report(&self, kind: Kind, text: &[u16]) -> io::Result<()> {
        let strings = [text.as_ptr()];
        // SAFETY: the handle is registered; there is one string, which ends with a zero and lives
        // during the call, and no data.
        let reported = unsafe {
            ReportEventW(
                self.0,
                kind.as_windows_has_it(),
                0,
                EVENT,
                null_mut(),
                1,
                0,
                strings.as_ptr(),
                null(),
            )
        };
        succeeded(reported)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: the handle is registered and belongs to nobody else.
        unsafe { DeregisterEventSource(self.0) };
    }
}

impl Kind {
    const fn as_windows_has_it(self) -> REPORT_EVENT_TYPE {
        match self {
            Self::Information => EVENTLOG_INFORMATION_TYPE,
            Self::Warning => EVENTLOG_WARNING_TYPE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_become_several_events_and_zeros_end_none() {
        assert_eq!(parts(""), [vec![0]]);
        assert_eq!(parts("a\0b"), [vec![97, 0xfffd, 98, 0]]);
        let long = parts(&"x".repeat(LONGEST + 1));
        let lengths: Vec<_> = long.iter().map(Vec::len).collect();
        assert_eq!(lengths, [LONGEST + 1, 2]);
    }

    #[test]
    fn events_are_taken() {
        let mut log = EventLog::new("hospes-agent");
        for kind in [Kind::Information, Kind::Warning] {
            log.write(kind, "a test").unwrap();
        }
    }
}

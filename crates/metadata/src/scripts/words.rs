//! The lines of the log, in the words of the reference.

use super::{Dialect, End, Event};

/// At the beginning.
#[must_use]
pub fn starting(event: Event, version: &str) -> String {
    format!("Starting {event} scripts (version {version}).")
}

/// No attribute holds a script.
#[must_use]
pub fn none(event: Event) -> String {
    format!("No {event} scripts to run.")
}

/// The settings say that none shall run.
#[must_use]
pub fn disabled(dialect: Dialect, event: Event) -> String {
    let system = match (dialect, event) {
        (Dialect::Linux, _) | (Dialect::Windows, Event::Specialize) => "",
        (Dialect::Windows, _) => "windows ",
    };
    format!("{system}{event} scripts disabled in instance config")
}

/// An attribute holds one.
#[must_use]
pub fn found(key: &str) -> String {
    format!("Found {key} in metadata.")
}

/// A line that a script has printed.
#[must_use]
pub fn output(key: &str, line: &[u8]) -> Vec<u8> {
    [key.as_bytes(), b": ", line].concat()
}

/// A script has done its work.
#[must_use]
pub fn succeeded(key: &str) -> String {
    format!("{key} {}", End::Code(0))
}

/// A script has failed, and why if that is known.
#[must_use]
pub fn failed(key: &str, end: &End, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("Script \"{key}\" failed with error: {end}: {why}"),
        None => format!("Script \"{key}\" failed with error: {end}"),
    }
}

/// At the end.
#[must_use]
pub fn finished(event: Event) -> String {
    format!("Finished running {event} scripts.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_those_of_the_reference() {
        let (event, key) = (Event::GracefulShutdown, "startup-script");
        for (line, expected) in [
            (
                starting(event, "1.2"),
                "Starting graceful-shutdown scripts (version 1.2).",
            ),
            (none(event), "No graceful-shutdown scripts to run."),
            (
                disabled(Dialect::Linux, Event::Startup),
                "startup scripts disabled in instance config",
            ),
            (
                disabled(Dialect::Windows, Event::Shutdown),
                "windows shutdown scripts disabled in instance config",
            ),
            (
                disabled(Dialect::Windows, Event::Specialize),
                "specialize scripts disabled in instance config",
            ),
            (found(key), "Found startup-script in metadata."),
            (succeeded(key), "startup-script exit status 0"),
            (
                failed(key, &End::Code(7), None),
                "Script \"startup-script\" failed with error: exit status 7",
            ),
            (
                failed(key, &End::Code(127), Some("why")),
                "Script \"startup-script\" failed with error: exit status 127: why",
            ),
            (
                finished(event),
                "Finished running graceful-shutdown scripts.",
            ),
        ] {
            assert_eq!(line, expected);
        }
        assert_eq!(output(key, b"a\xff"), b"startup-script: a\xff");
    }
}

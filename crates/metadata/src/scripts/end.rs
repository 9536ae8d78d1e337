//! How a script ended.

use std::fmt;
use std::time::Duration;

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status; on Windows its exit code, without a sign.
    Code(i64),
    /// By a signal.
    Signal(i32),
    /// It ran longer than it may and was killed.
    TimedOut(Duration),
    /// It was never there: why.
    NotStarted(String),
}

impl End {
    /// Whether it did its work.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Code(0))
    }

    /// The exit status of a script that ended by itself.
    #[must_use]
    pub const fn code(&self) -> Option<i64> {
        match self {
            Self::Code(code) => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for End {
    /// In the words of the reference, which are those of Go's `os/exec`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Only Windows has such: a status of the system, `0xc0000005`.
            Self::Code(code @ 0x1_0000..) => write!(f, "exit status {code:#x}"),
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(f, "signal: {name}"),
                None => write!(f, "signal: signal {number}"),
            },
            Self::TimedOut(limit) => write!(
                f,
                "it ran longer than {} s (script_timeout) and was killed with all that it started",
                limit.as_secs()
            ),
            Self::NotStarted(why) => f.write_str(why),
        }
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_the_words_of_the_reference() {
        for (end, text) in [
            (End::Code(0), "exit status 0"),
            (End::Code(7), "exit status 7"),
            (End::Code(0xffff), "exit status 65535"),
            (End::Code(0x1_0000), "exit status 0x10000"),
            (End::Code(3_221_225_477), "exit status 0xc0000005"),
            (End::Code(0xffff_ffff), "exit status 0xffffffff"),
            (End::Signal(9), "signal: killed"),
            (End::Signal(15), "signal: terminated"),
            (End::Signal(40), "signal: signal 40"),
            (End::NotStarted("why".into()), "why"),
        ] {
            assert_eq!(end.to_string(), text);
            assert_eq!(end.is_success(), text == "exit status 0");
        }
        let late = End::TimedOut(Duration::from_secs(90));
        assert!(late.to_string().starts_with("it ran longer than 90 s"));
        assert_eq!(
            (End::Code(7).code(), End::Signal(9).code()),
            (Some(7), None)
        );
    }
}

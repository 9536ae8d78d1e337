//! What a script is started with, and what happens to it.

/// A program, and what it is started with.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// Its file. On Windows a name without a directory is looked for in the system's directory
    /// first.
    pub program: &'a str,
    /// Its arguments, without its name.
    pub arguments: &'a [String],
    /// What it has in its environment beside ours.
    pub environment: &'a [(&'a str, &'a str)],
}

/// What happens to or beside a script.
#[derive(Debug)]
pub enum Moment<'a> {
    /// It has printed this.
    Output(&'a [u8]),
    /// It has ended. What it printed last may still be in the pipe.
    Ended(Ended),
    /// The bell was rung.
    Beside,
    /// The time is over.
    Late,
}

/// How a script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status. On Windows one that was killed has one too.
    Code(i64),
    /// By a signal: never on Windows.
    Signal(i32),
    /// Nobody can tell.
    Unknown,
}

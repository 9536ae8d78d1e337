//! What is written to the system's log, on either system.

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody should look.
    Warning,
    /// It went as it should.
    Info,
}

/// One line of a program's log.
#[derive(Debug)]
pub struct Entry<'a> {
    /// How much it matters.
    pub priority: Priority,
    /// What the program was called by.
    pub name: &'a str,
    /// What happened.
    pub message: &'a [u8],
    /// What programs that read the log may want to know beside it.
    pub fields: &'a [(&'a str, &'a str)],
}

//! The systems that scripts run on.

/// Which keys scripts have, which settings count, and what a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A script and a URL for each event; the first line of a script says who interprets it.
    Linux,
    /// A key for each kind of script; the ending of a file's name says how it is run.
    Windows,
}

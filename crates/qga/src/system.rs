//! The systems whose agents speak the protocol.

/// A guest's operating system: commands, defaults and a few arguments differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

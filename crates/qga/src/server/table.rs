//! The table of commands: what `guest-info` lists.

/// One command of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// Its name on the wire.
    pub name: &'static str,
    /// A success is answered; power commands are silent then.
    pub success_response: bool,
    /// It is answered while file systems are frozen.
    pub while_frozen: bool,
}

/// Every command that the agent knows on this platform, in the order of `guest-info`.
pub const COMMANDS: &[CommandSpec] = &[];

//! The versions that the agent has.

/// Its own.
pub(crate) const OWN: &str = env!("CARGO_PKG_VERSION");

/// What `guest-info` and `--version` report: the version of the protocol that it speaks, which
/// clients compare with QEMU's, and behind the plus its own. `HOSPES_QGA_VERSION` at build time
/// sets another.
pub(crate) const REPORTED: &str = match option_env!("HOSPES_QGA_VERSION") {
    Some(version) => version,
    None => concat!("10.2.0+hospes.", env!("CARGO_PKG_VERSION")),
};

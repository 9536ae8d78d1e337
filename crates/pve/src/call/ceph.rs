//! The cluster's Ceph.

use super::{Call, Method};

const NOOUT: [&str; 4] = ["cluster", "ceph", "flags", "noout"];

/// Its health, by the names of checks.
#[must_use]
pub fn status() -> Call {
    Call::new(Method::Get, &["cluster", "ceph", "status"])
}

/// Which node carries which of its daemons.
#[must_use]
pub fn metadata() -> Call {
    Call::new(Method::Get, &["cluster", "ceph", "metadata"])
}

/// Whether `noout` is set: storage that is away for a moment is not copied elsewhere.
#[must_use]
pub fn noout() -> Call {
    Call::new(Method::Get, &NOOUT)
}

/// Sets `noout`, or takes it back.
#[must_use]
pub fn set_noout(set: bool) -> Call {
    Call::new(Method::Put, &NOOUT).with("value", if set { "1" } else { "0" })
}

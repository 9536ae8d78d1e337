//! The system that this program is for, as the pure crates name it.

use metadata::scripts::Dialect;

/// Which keys scripts have, and how they are run.
pub(crate) const DIALECT: Dialect = match guest_os::SYSTEM {
    qga::System::Linux => Dialect::Linux,
    qga::System::Windows => Dialect::Windows,
};

//! Where settings are read from.

use crate::scripts::Dialect;

/// The files, each beating those before it. None must exist.
#[must_use]
pub const fn settings_files(dialect: Dialect) -> [&'static str; 3] {
    match dialect {
        Dialect::Linux => [
            "/etc/default/instance_configs.cfg",
            "/etc/default/instance_configs.cfg.distro",
            "/etc/default/instance_configs.cfg.template",
        ],
        Dialect::Windows => [
            r"C:\Program Files\Google\Compute Engine\instance_configs.cfg",
            r"C:\Program Files\Google\Compute Engine\instance_configs.cfg.distro",
            r"C:\Program Files\Google\Compute Engine\instance_configs.cfg.template",
        ],
    }
}

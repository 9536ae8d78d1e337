//! What packaging systems and compilers call this kind of machine.

use anyhow::{Result, bail};

/// What a package is for, in the words of each family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Architecture {
    /// In a .deb.
    pub(crate) debian: &'static str,
    /// In an .rpm.
    pub(crate) rpm: &'static str,
}

impl Architecture {
    /// For every machine: nothing in the package was compiled.
    pub(crate) const ANY: Self = Self {
        debian: "all",
        rpm: "noarch",
    };
}

/// One kind of machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// What its packages are for.
    pub(crate) architecture: Architecture,
    /// To rustc.
    pub(crate) target: &'static str,
}

impl Machine {
    /// The one that this program runs on.
    pub(crate) fn this() -> Result<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self {
                architecture: Architecture {
                    debian: "amd64",
                    rpm: "x86_64",
                },
                target: "x86_64-unknown-linux-gnu",
            }),
            "aarch64" => Ok(Self {
                architecture: Architecture {
                    debian: "arm64",
                    rpm: "aarch64",
                },
                target: "aarch64-unknown-linux-gnu",
            }),
            other => bail!("packages are made on x86_64 and aarch64, not on {other}"),
        }
    }
}

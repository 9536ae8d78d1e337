//! Whether Ceph can do without one node for the time of a reboot.
//!
//! `HEALTH_OK` cannot be waited for: `noout` alone makes it a warning (`OSDMAP_FLAGS`). So health is
//! judged by the names of the checks that fail: warnings on a list are harmless here, every other
//! name and every error refuses.

use std::fmt;

use conditions::NodeName;
use serde::{Deserialize, Serialize};

use super::facts::{Ceph, HealthCheck, Severity};

/// Warnings that say nothing of data or daemons that a reboot could endanger.
const HARMLESS: &[&str] = &[
    "AUTH_INSECURE_GLOBAL_ID_RECLAIM",
    "AUTH_INSECURE_GLOBAL_ID_RECLAIM_ALLOWED",
    // Daemons of several releases are what a cluster runs that is patched node by node.
    "DAEMON_OLD_VERSION",
    "MON_MSGR2_NOT_ENABLED",
    "OLD_CRUSH_TUNABLES",
    "OSDMAP_FLAGS",
    "OSD_NO_DOWN_OUT_INTERVAL",
    "PG_NOT_DEEP_SCRUBBED",
    "PG_NOT_SCRUBBED",
    "POOL_APP_NOT_ENABLED",
    "POOL_PG_NUM_NOT_POWER_OF_TWO",
    "POOL_TOO_FEW_PGS",
    "POOL_TOO_MANY_PGS",
    "RECENT_CRASH",
    "RECENT_MGR_MODULE_CRASH",
    "TELEMETRY_CHANGED",
    "TOO_FEW_PGS",
    "TOO_MANY_PGS",
];

/// Why Ceph cannot do without a node now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "concern")]
pub enum CephConcern {
    /// A health check fails.
    Check {
        /// Which, with Ceph's words.
        #[serde(flatten)]
        check: HealthCheck,
    },
    /// Its monitors could not decide without the node's.
    Monitors {
        /// How many would be left in their quorum.
        left: usize,
        /// How many there are.
        of: usize,
    },
}

impl fmt::Display for CephConcern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check { check } => {
                let word = match &check.severity {
                    Severity::Warning => "warns",
                    Severity::Error => "reports an error",
                    Severity::Other(word) => word,
                };
                let (name, summary) = (&check.name, &check.summary);
                write!(
                    f,
                    "Ceph {word}: {name} ({summary}); see `ceph health detail`"
                )
            }
            Self::Monitors { left, of } => write!(
                f,
                "{left} of {of} Ceph monitors would remain, fewer than decide; mend or add one first"
            ),
        }
    }
}

impl HealthCheck {
    /// It does not keep a node from being rebooted.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        self.severity == Severity::Warning && HARMLESS.contains(&self.name.as_str())
    }
}

impl Ceph {
    /// Everything that speaks against doing without `node`; nothing where it may go.
    #[must_use]
    pub fn concerns(&self, node: &NodeName) -> Vec<CephConcern> {
        let mut concerns = self.ailments();
        let Self::Present { monitors, .. } = self else {
            return concerns;
        };
        let of = monitors.len();
        let others = monitors
            .iter()
            .filter(|it| it.in_quorum && it.node != *node);
        let left = others.count();
        let carries = monitors.iter().any(|it| it.node == *node);
        if carries && left <= of / 2 {
            concerns.push(CephConcern::Monitors { left, of });
        }
        concerns
    }

    /// The failing checks that are not harmless.
    #[must_use]
    pub fn ailments(&self) -> Vec<CephConcern> {
        let Self::Present { checks, .. } = self else {
            return Vec::new();
        };
        let checks = checks.iter().filter(|check| !check.is_harmless()).cloned();
        checks.map(|check| CephConcern::Check { check }).collect()
    }

    /// The node carries OSDs and `noout` is not set: it has to be set for its reboot.
    #[must_use]
    pub fn needs_noout(&self, node: &NodeName) -> bool {
        match self {
            Self::Absent => false,
            Self::Present {
                noout, osd_nodes, ..
            } => !noout && osd_nodes.contains(node),
        }
    }
}

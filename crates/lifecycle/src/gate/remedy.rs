//! What to do about a refusal.

use conditions::{GuestId, RunState};

use super::RefusalReason;

impl RefusalReason {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn remedy(&self, guest: &GuestId) -> Option<String> {
        let fixed = match self {
            Self::Condition { verdict } => return verdict.remedy.clone(),
            Self::NotRunning { run_state, .. } | Self::NotStopped { run_state } => {
                return by_run_state(run_state, guest);
            }
            Self::HighAvailability { sid, state } => return Some(take_out(sid, state, guest)),
            Self::Locked { lock } => by_lock(lock),
            Self::Template => "clone it, and start the clone",
            Self::NoQuorum => "bring back enough of the cluster's nodes (on a node: pvecm status)",
            Self::QuorumUnknown => {
                "see whether the cluster answers (on a node: pvecm status), then try again"
            }
            Self::OtherMachine { .. } => {
                "correct the guest's ssh address, or its agent socket or vmid, in the configuration"
            }
            Self::AlreadyStopping => "wait for it to stop",
            Self::NoWatcher { .. } => {
                "serve its metadata (hospes metadata serve) and have hospes-metadata-scripts in \
                 the guest; or stop it without its scripts: --no-graceful"
            }
            Self::Stale { .. } | Self::Moved { .. } | Self::HighAvailabilityChanged { .. } => {
                "try again: a new check"
            }
            Self::IdentityUnproven { .. }
            | Self::BootIdUnknown
            | Self::OtherGuest { .. }
            | Self::NotObserved { .. } => return None,
        };
        Some(fixed.to_owned())
    }
}

/// How high availability lets go of the guest, and how it gets it back.
fn take_out(sid: &str, state: &str, guest: &GuestId) -> String {
    // Only these may be asked for; the rest are states of its own.
    let before = match state {
        "stopped" | "disabled" => state,
        _ => "started",
    };
    format!(
        "restart it instead (hospes restart {guest}); or, on a node: \
         ha-manager set {sid} --state ignored, and to give it back: \
         ha-manager set {sid} --state {before}"
    )
}

fn by_run_state(run_state: &RunState, guest: &GuestId) -> Option<String> {
    let word = match run_state {
        RunState::Running => return None,
        RunState::Stopped => return Some(format!("power it on: hospes start {guest}")),
        RunState::Other(word) => word.as_str(),
    };
    let what = match word {
        "paused" => "let it go on at the hypervisor (Proxmox VE: qm resume VMID)",
        "suspended" => "wake it at the hypervisor (Proxmox VE: qm resume VMID)",
        "io-error" => {
            "mend its storage, then let it go on at the hypervisor (Proxmox VE: qm resume VMID)"
        }
        "inmigrate" | "postmigrate" | "finish-migrate" => "wait until its migration ends",
        "save-vm" | "restore-vm" => "wait until its snapshot ends",
        "prelaunch" => "wait until the hypervisor lets it run",
        "internal-error" | "guest-panicked" | "watchdog" => {
            "read the hypervisor's log; it cannot go on, and nothing here cuts its power"
        }
        "shutdown" => "it has powered itself off; wait until the hypervisor ends its process",
        _ => return None,
    };
    Some(what.to_owned())
}

/// A lock that somebody's work holds goes with it; one that marks a state does not.
fn by_lock(lock: &str) -> &'static str {
    match lock {
        "suspended" => {
            "it rests on disk: let it go on at the hypervisor (Proxmox VE: qm resume VMID)"
        }
        _ => "wait until the hypervisor's own work ends",
    }
}

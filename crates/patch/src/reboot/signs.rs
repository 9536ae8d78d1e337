//! What asks for a reboot.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{KernelStatus, NeedRestart, newest_like};
use crate::wire::{Frame, clip};

/// How many names of a kind are kept.
pub(super) const MAX_NAMES: usize = 500;

/// What tells whether a guest should reboot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signs {
    /// `/run/reboot-required` is there.
    pub marked: bool,
    /// The packages that asked for it.
    pub marked_by: Vec<String>,
    /// The kernel that runs.
    pub running: Option<String>,
    /// The kernels in `/boot`.
    pub kernels: Vec<String>,
    /// The kernel that Proxmox VE is told to boot instead of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
    /// What needrestart says, where it is installed.
    pub needrestart: Option<NeedRestart>,
}

/// One thing that asks for a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum RebootReason {
    /// `/run/reboot-required`.
    Marked {
        /// The packages that asked for it.
        packages: Vec<String>,
    },
    /// A newer kernel is installed than the one that runs.
    NewerKernel {
        /// The one that runs.
        running: String,
        /// The one that would.
        installed: String,
    },
    /// The running kernel was replaced by a build of the same name.
    RebuiltKernel {
        /// Its name.
        kernel: String,
    },
    /// Newer processor microcode is installed.
    Microcode,
}

impl fmt::Display for RebootReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Marked { packages } if packages.is_empty() => {
                f.write_str("/run/reboot-required is there")
            }
            Self::Marked { packages } => {
                write!(f, "/run/reboot-required, by {}", packages.join(", "))
            }
            Self::NewerKernel { running, installed } => {
                write!(f, "kernel {running} runs, {installed} is installed")
            }
            Self::RebuiltKernel { kernel } => {
                write!(f, "kernel {kernel} was replaced by a new build")
            }
            Self::Microcode => f.write_str("newer processor microcode is installed"),
        }
    }
}

/// Prints the frames that [`Signs::read`] takes. `/boot` may hold no kernel (a container).
pub(crate) const SCRIPT: &str = r#"b=; read -r b </proc/sys/kernel/osrelease; v kernel $? "$b"
o=; for f in /boot/vmlinuz-*; do [ -e "$f" ] && o="$o${f#/boot/vmlinuz-}$nl"; done; v kernels 0 "$o"
if [ -e /etc/kernel/proxmox-boot-pin ]; then b=; read -r b </etc/kernel/proxmox-boot-pin; v pinned 0 "$b"; fi
if [ -e /run/reboot-required ]; then v marked 0 "$(head -c 16384 /run/reboot-required.pkgs)"; fi
if has needrestart; then r needrestart 60 needrestart -b; fi
"#;

impl Signs {
    /// Takes the frames of [`SCRIPT`].
    pub(crate) fn read(frames: &[Frame<'_>]) -> Self {
        let mut signs = Self::default();
        for frame in frames {
            match frame.kind {
                "kernel" if frame.is_ok() => signs.running = Some(clip(&frame.text(), 120)),
                "kernels" => signs.kernels = names(&frame.text()),
                "pinned" => {
                    let kernel = clip(&frame.text(), 120);
                    signs.pinned = Some(kernel).filter(|it| signs.kernels.contains(it));
                }
                "marked" => {
                    signs.marked = true;
                    signs.marked_by = names(&frame.text());
                    signs.marked_by.sort();
                    signs.marked_by.dedup();
                }
                "needrestart" => signs.needrestart = NeedRestart::read(&frame.text()),
                _ => {}
            }
        }
        signs
    }

    /// The kernel that the next boot brings.
    fn expected(&self) -> Option<&str> {
        let newest = || newest_like(self.running.as_deref()?, &self.kernels);
        self.pinned.as_deref().or_else(newest)
    }

    /// Everything that asks for a reboot.
    #[must_use]
    pub fn reasons(&self) -> Vec<RebootReason> {
        let mut reasons = Vec::new();
        if self.marked {
            reasons.push(RebootReason::Marked {
                packages: self.marked_by.clone(),
            });
        }
        let status = self.needrestart.as_ref().map(|said| said.kernel);
        let running = self.running.as_ref();
        match (running, self.expected()) {
            (Some(running), Some(expected)) if expected != running => {
                reasons.push(RebootReason::NewerKernel {
                    running: running.clone(),
                    installed: expected.to_owned(),
                });
            }
            // needrestart knows of no pin.
            _ if status == Some(KernelStatus::VersionUpgrade) && self.pinned.is_none() => {
                let said = self.needrestart.as_ref();
                let name = |kernel: Option<&String>| kernel.map_or("?", |k| k.as_str()).to_owned();
                reasons.push(RebootReason::NewerKernel {
                    running: name(said.and_then(|said| said.running.as_ref()).or(running)),
                    installed: name(said.and_then(|said| said.expected.as_ref())),
                });
            }
            (Some(running), _) if status == Some(KernelStatus::AbiUpgrade) => {
                reasons.push(RebootReason::RebuiltKernel {
                    kernel: running.clone(),
                });
            }
            _ => {}
        }
        if self.needrestart.as_ref().is_some_and(|said| said.microcode) {
            reasons.push(RebootReason::Microcode);
        }
        reasons
    }
}

fn names(text: &str) -> Vec<String> {
    let names = text.lines().map(|line| clip(line, 120));
    names
        .filter(|name| !name.is_empty())
        .take(MAX_NAMES)
        .collect()
}

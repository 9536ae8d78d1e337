//! Following a unit: how it stands, and what it printed since.

use std::time::Duration;

use conditions::BootId;

use crate::script::{Script, quote};
use crate::settings::RunId;
use crate::wire::{self, AnswerError};

/// How much of the log one look reads, in bytes.
pub const LOG_LIMIT: u64 = 65_536;

/// The unit is looked at before its files: a unit that is gone by then has left its status.
const BODY: &str = r#"d=@DIRECTORY@
b=; read -r b </proc/sys/kernel/random/boot_id; v boot-id $? "$b"
b=; read -r b x </proc/uptime; v uptime $? "$b"
r unit 20 systemctl show -p ActiveState --value @UNIT@
if [ -d "$d/running" ]; then b=; read -r b <"$d/running/boot"; v begun 0 "$b"; fi
if [ -e "$d/status" ]; then b=; read -r b <"$d/status"; v ended 0 "$b"; fi
if [ -e "$d/log" ]; then
  z=$(wc -c <"$d/log"); z=$((z)); v size 0 "$z"
  n=$((z - @OFFSET@)); if [ "$n" -gt @LIMIT@ ]; then n=@LIMIT@; fi
  if [ "$n" -gt 0 ]; then
    printf '@log 0 %s\n' "$n"; tail -c +@FROM@ "$d/log" | head -c "$n"; echo
  fi
fi
"#;

/// How a unit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Its body never ran, and systemd does not run it now.
    NotBegun,
    /// It runs.
    Running,
    /// It ended, with apt's exit status.
    Ended(i32),
    /// It began and is gone without a status.
    Lost {
        /// The guest has booted since.
        rebooted: bool,
    },
    /// systemd did not say.
    Unknown,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The boot that answered.
    pub boot_id: BootId,
    /// How old that boot is.
    pub uptime: Duration,
    /// How the unit stands.
    pub progress: Progress,
    /// What it printed from the offset on, as far as one look reads.
    pub log: Vec<u8>,
    /// How long the log is.
    pub size: u64,
}

/// The script that looks at a run's unit, and at its log from the byte `offset` on.
#[must_use]
pub fn follow(id: &RunId, offset: u64, deadline: Duration) -> Script {
    let text = BODY
        .replace("@DIRECTORY@", &quote(&id.directory()))
        .replace("@UNIT@", &quote(&id.unit()))
        .replace("@OFFSET@", &offset.to_string())
        .replace("@FROM@", &offset.saturating_add(1).to_string())
        .replace("@LIMIT@", &LOG_LIMIT.to_string());
    Script::whole(&text, deadline)
}

impl Follow {
    /// Reads what [`follow`] printed.
    ///
    /// # Errors
    /// When it is not what the script prints.
    pub fn parse(stdout: &[u8]) -> Result<Self, AnswerError> {
        let frames = wire::frames(stdout)?;
        let find = |kind| frames.iter().find(move |frame| frame.kind == kind);
        let text = |kind| find(kind).map(|frame| frame.text().trim().to_owned());
        let boot: Option<BootId> = text("boot-id").and_then(|boot| boot.parse().ok());
        let boot = boot.ok_or(AnswerError::Lacks("boot-id"))?;
        let unit = find("unit").filter(|frame| frame.is_ok());
        let unit = unit.map(|frame| frame.text().trim().to_owned());
        let status = text("ended").map(|status| status.parse().unwrap_or(-1));
        let log = find("log").map_or(&[][..], |frame| frame.body);
        let uptime = text("uptime").and_then(|seconds| seconds.parse().ok());
        let uptime = uptime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Self {
            progress: progress(&boot, unit.as_deref(), text("begun").as_deref(), status),
            boot_id: boot,
            uptime: uptime.unwrap_or_default(),
            log: log.to_owned(),
            size: text("size").and_then(|size| size.parse().ok()).unwrap_or(0),
        })
    }
}

fn progress(
    boot: &BootId,
    unit: Option<&str>,
    begun: Option<&str>,
    status: Option<i32>,
) -> Progress {
    if let Some(status) = status {
        return Progress::Ended(status);
    }
    match (unit, begun) {
        (Some("inactive" | "failed"), None) => Progress::NotBegun,
        (Some("inactive" | "failed"), Some(began)) => Progress::Lost {
            rebooted: began != boot.as_str(),
        },
        (Some("active" | "activating" | "deactivating" | "reloading"), _) => Progress::Running,
        _ => Progress::Unknown,
    }
}

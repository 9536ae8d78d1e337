//! What is started, and how.

use std::time::Duration;

use crate::result::INVENTORY;
use crate::script::{Script, quote};
use crate::settings::{Settings, StaleServices};
use crate::wire::{self, AnswerError, clip};

/// What the unit runs. `status` is written last and in one step, so that it stands for the rest.
const BODY: &str = r#"#!/bin/sh
# What hospes runs in the unit @UNIT@.
d=@DIRECTORY@
mkdir "$d/running" 2>/dev/null || exit 0
exec >>"$d/log" 2>&1 </dev/null
cat /proc/sys/kernel/random/boot_id >"$d/running/boot"
inventory() { @INVENTORY@; }
inventory >"$d/before"
@MEND@@APT@
r=$?
inventory >"$d/after"
echo "$r" >"$d/status.new"
sync "$d/log" "$d/after" "$d/status.new"
mv "$d/status.new" "$d/status"
sync "$d"
exit "$r"
"#;

const START: &str = r#"d=@DIRECTORY@
if [ -d "$d/running" ]; then v started 0 already
else
  if mkdir -p "${d%/*}" && umask 077 && mkdir -p "$d" && cat >"$d/body.new" <<'HOSPES-BODY' && mv "$d/body.new" "$d/body"
@BODY@HOSPES-BODY
  then
    systemctl reset-failed @UNIT@ >/dev/null
    o=$(@COMMAND@ 2>&1); v started $? "$o"
  else v started 1 "cannot write to $d"
  fi
fi
"#;

/// What came of starting the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// systemd took it.
    Taken,
    /// It ran before: it is not started again.
    Already,
    /// systemd did not take it, in its words.
    Refused(String),
}

/// The command line that starts the unit, as the guest's shell runs it.
///
/// Stopping the unit, as a shutdown does, lets dpkg finish: only the body's shell is signalled,
/// with a signal that does nothing, and the unit is waited for.
#[must_use]
pub fn unit_command(settings: &Settings) -> String {
    let needrestart = match settings.services {
        StaleServices::Report => "NEEDRESTART_SUSPEND=1",
        StaleServices::Restart => "NEEDRESTART_MODE=a",
    };
    let id = &settings.id;
    [
        "systemd-run --no-ask-password --quiet --collect",
        &format!("--unit={}", id.unit()),
        &format!("--description='hospes patch {id}'"),
        "--property=KillMode=process",
        "--property=KillSignal=SIGCONT",
        "--property=TimeoutStopSec=900",
        "--setenv=DEBIAN_FRONTEND=noninteractive",
        "--setenv=APT_LISTCHANGES_FRONTEND=none",
        "--setenv=UCF_FORCE_CONFFOLD=1",
        &format!("--setenv={needrestart}"),
        "--setenv=LC_ALL=C",
        "--setenv=HOME=/root",
        "--setenv=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        &format!("-- /bin/sh {}", quote(&format!("{}/body", id.directory()))),
    ]
    .join(" ")
}

/// The command line of apt in the unit.
fn apt_command(settings: &Settings) -> String {
    let removals = if settings.allow_removals {
        ""
    } else {
        "--no-remove "
    };
    format!(
        "apt-get -q -y -o DPkg::Lock::Timeout={} -o Dpkg::Options::=--force-confold \
         -o Dpkg::Options::=--force-confdef -o Dpkg::Use-Pty=0 -o APT::Output-Version=0 {removals}{}",
        settings.limits.lock.as_secs(),
        settings.scope.verb()
    )
}

/// The script that starts the unit, unless it ran before. `mend` lets dpkg finish first what was
/// interrupted.
#[must_use]
pub fn start(settings: &Settings, mend: bool, deadline: Duration) -> Script {
    let mend = if mend {
        "dpkg --force-confold --force-confdef --configure -a\n"
    } else {
        ""
    };
    let body = BODY
        .replace("@INVENTORY@", INVENTORY)
        .replace("@MEND@", mend)
        .replace("@APT@", &apt_command(settings));
    let text = START
        .replace("@COMMAND@", &unit_command(settings))
        .replace("@BODY@", &body)
        .replace("@UNIT@", &quote(&settings.id.unit()))
        .replace("@DIRECTORY@", &quote(&settings.id.directory()));
    Script::whole(&text, deadline)
}

impl Started {
    /// Reads what [`start`] printed.
    ///
    /// # Errors
    /// When it is not what the script prints.
    pub fn parse(stdout: &[u8]) -> Result<Self, AnswerError> {
        let frames = wire::frames(stdout)?;
        let frame = frames.iter().find(|frame| frame.kind == "started");
        let frame = frame.ok_or(AnswerError::Lacks("started"))?;
        Ok(match frame.text().as_str() {
            "already" => Self::Already,
            _ if frame.is_ok() => Self::Taken,
            words => Self::Refused(clip(words, 300)),
        })
    }
}

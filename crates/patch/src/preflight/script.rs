//! The script of a preflight.

use std::time::Duration;

use crate::script::Script;
use crate::{reboot, units};

/// Prints the frame that [`super::audit`] takes.
pub(crate) const AUDIT: &str = "has dpkg && r audit 60 dpkg --audit\n";

/// Who the machine is, and its room.
const MACHINE: &str = r#"v os 0 "$(head -c 8192 /etc/os-release)"
b=; read -r b </proc/sys/kernel/random/boot_id; v boot-id $? "$b"
u=; while read -r k b c d; do [ "$k" = Uid: ] && u=$c; done </proc/self/status; v uid 0 "$u"
if [ -d /run/systemd/system ] && has systemd-run; then v systemd 0 yes; fi
for p in / /var /boot; do o=$(df -kP "$p"); v "space:$p" $? "$o"; done
"#;

/// apt and dpkg. `apt-get check` without a lock: whoever holds it is told apart.
const PACKAGES: &str = r#"if has apt-get; then
  r apt 20 apt-get --version
  r held 60 apt-mark showhold
  r check 60 apt-get -q -o Debug::NoLocking=1 -o APT::Output-Version=0 check
  r policy 60 apt-cache policy
fi
j=0; for f in /var/lib/dpkg/updates/[0-9]*; do [ -e "$f" ] && j=$((j + 1)); done; v journal 0 "$j"
"#;

/// Who holds a POSIX lock on one of the files: the kernel lists them by inode.
const LOCKS: &str = r#"h=
for f in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
  i=$(stat -c %i "$f") || continue
  while read -r n kind mode way pid where x; do
    case $kind:$where in
      POSIX:*:"$i"|OFDLCK:*:"$i")
        [ "$pid" -gt 0 ] || continue
        c=; read -r c <"/proc/$pid/comm"
        g=; while IFS= read -r l; do case $l in 0::*|*:name=systemd:*) g=${l##*/};; esac; done <"/proc/$pid/cgroup"
        h="$h$pid $f ${g:--} $c$nl";;
    esac
  done </proc/locks
done
v locks 0 "$h"
"#;

/// What stands in the way of a shutdown.
const SHUTDOWN: &str = r#"if has systemd-inhibit; then r inhibitors 20 systemd-inhibit --list --no-pager; fi
if [ -e /usr/lib/molly-guard ] || [ -e /lib/molly-guard ]; then v molly-guard 0 yes; fi
"#;

/// The script that looks at a guest before its upgrade. It changes nothing.
#[must_use]
pub fn script(deadline: Duration) -> Script {
    let body = [
        MACHINE,
        PACKAGES,
        AUDIT,
        LOCKS,
        SHUTDOWN,
        reboot::SCRIPT,
        units::SCRIPT,
    ];
    Script::whole(&body.concat(), deadline)
}

//! The script that reads what an upgrade left.

use std::time::Duration;

use crate::preflight::AUDIT;
use crate::script::{Script, quote};
use crate::settings::{RunId, Scope};
use crate::{preview, reboot};

/// Only what differs is sent. New versions of configuration files lie beside those that were kept;
/// `dpkg -S` tells whose they are.
const BODY: &str = r#"d=@DIRECTORY@
b=; read -r b </proc/sys/kernel/random/boot_id; v boot-id $? "$b"
v arch 0 "$(dpkg --print-architecture)"
if [ -e "$d/before" ]; then
  a=$d/after; [ -e "$a" ] || a=/dev/null
  if [ "$a" = /dev/null ]; then
    a=$d/found; @INVENTORY@ >"$a"
  fi
  o=$(comm -23 "$d/before" "$a"); v gone $? "$o"
  o=$(comm -13 "$d/before" "$a"); v come $? "$o"
fi
if [ -e "$d/status" ]; then b=; read -r b <"$d/status"; v status 0 "$b"; fi
if [ -e "$d/log" ]; then
  o=$(grep -a -A 1 -e '^dpkg: error' -e '^E: ' -e '^Errors were encountered' -- "$d/log" | head -c 65536)
  v errors 0 "$o"
fi
if [ -e "$d/running/boot" ]; then
  o=$(find /etc /boot/grub -xdev -cnewer "$d/running/boot" \( -name '*.dpkg-dist' -o -name '*.dpkg-new' -o -name '*.ucf-dist' \) |
    sort | head -n 100 | while IFS= read -r f; do
      c=${f%.*}; q=$(dpkg-query -S "$c" | head -n 1)
      case $q in 'diversion by'*|'') q=;; esac
      printf '%s\t%s\t%s\n' "$f" "$c" "${q%%: *}"
    done)
  v conffiles 0 "$o"
fi
"#;

/// The script that reads what the run `id` left. It changes nothing but a file of the run's own.
#[must_use]
pub fn script(id: &RunId, scope: Scope, deadline: Duration) -> Script {
    let body = BODY
        .replace("@DIRECTORY@", &quote(&id.directory()))
        .replace("@INVENTORY@", super::INVENTORY);
    let preview = preview::body(scope);
    let parts = [&body, AUDIT, &preview, reboot::SCRIPT];
    Script::whole(&parts.concat(), deadline)
}

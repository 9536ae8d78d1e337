//! The script of a preview.

use std::time::Duration;

use crate::script::Script;
use crate::settings::Scope;

/// How many packages that were kept back are asked about one by one: half a second each.
const ASKED: usize = 12;

/// How many packages are asked about together.
const LISTED: usize = 200;

/// Simulates, then asks about what would stay behind. `-V` puts each package on a line of its own;
/// output version 0 keeps apt 3 to the words of apt-get.
const BODY: &str = r#"g() { apt-get -s -q -V -o Debug::NoLocking=1 -o APT::Output-Version=0 "$@"; }
if has apt-get; then
  o=$(g @VERB@ 2>&1); v simulation $? "$o"
  h=$(apt-mark showhold 2>&1); v held $? "$h"
  k=; in=; n=0
  while IFS= read -r l; do
    case $l in
      *'kept back:'|*'due to phasing:'|'Not upgrading:') in=1;;
      ' '*) if [ -n "$in" ] && [ "$n" -lt @LISTED@ ]; then
          l=${l#"${l%%[! ]*}"}; k="$k ${l%% *}"; n=$((n + 1))
        fi;;
      *) in=;;
    esac
  done <<EOF
$o
EOF
  p=$(apt-cache policy); q=; in=; n=0
  while read -r a b c; do
    case "$a $b" in
      'Pinned packages:') in=1;;
      *' ->') if [ -n "$in" ] && [ "$n" -lt @LISTED@ ]; then q="$q $a"; n=$((n + 1)); fi;;
    esac
  done <<EOF
$p
EOF
  set -f
  if [ -n "$k$q" ]; then v policy 0 "$(apt-cache policy -- $k $q | head -c 131072)"; fi
  n=0
  for i in $k; do
    case "$nl$h$nl" in *"$nl$i$nl"*) continue;; esac
    n=$((n + 1)); [ "$n" -le @ASKED@ ] || break
    v "install:$i" 0 "$(g install -- "$i" 2>&1 | head -c 32768)"
  done
  set +f
fi
"#;

/// The script that previews an upgrade. It changes nothing.
#[must_use]
pub fn script(scope: Scope, deadline: Duration) -> Script {
    Script::whole(&body(scope), deadline)
}

/// The same as a part of another script.
pub(crate) fn body(scope: Scope) -> String {
    BODY.replace("@VERB@", scope.verb())
        .replace("@LISTED@", &LISTED.to_string())
        .replace("@ASKED@", &ASKED.to_string())
}

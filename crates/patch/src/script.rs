//! What every script has in common: POSIX sh, one answer, bounded output.

use std::time::Duration;

/// How much of one command's output is read, in bytes.
const VALUE_LIMIT: usize = 393_216;

/// `v KIND STATUS VALUE` prints a frame; `r KIND SECONDS COMMAND...` runs one and prints what it
/// said, its complaints included.
const HEAD: &str = r#"LC_ALL=C; export LC_ALL; unset LANGUAGE
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
exec 2>/dev/null
nl='
'
v() {
  if [ "${#3}" -gt @VALUE@ ]; then set -- "$1" cut "$(printf '%.@VALUE@s' "$3")"; fi
  printf '@%s %s %s\n%s\n' "$1" "$2" "${#3}" "$3"
}
has() { command -v "$1" >/dev/null; }
t=; has timeout && t=1
r() {
  k=$1; s=$2; shift 2
  if [ -n "$t" ]; then set -- timeout "$s" "$@"; fi
  o=$("$@" 2>&1); v "$k" $? "$o"
}
printf '@hospes-patch 1 0\n\n'
"#;

/// One script for `/bin/sh -s` as root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What to feed to the shell.
    pub text: String,
    /// How long it may take before it counts as failed.
    pub deadline: Duration,
}

impl Script {
    /// The shell reads a group to its end before it runs it, so that nothing in it can take the
    /// rest of the script from standard input.
    pub(crate) fn whole(body: &str, deadline: Duration) -> Self {
        let text = format!("{{\n{HEAD}{body}printf '@end 0 0\\n\\n'\n}} </dev/null\n");
        let text = text.replace("@VALUE@", &VALUE_LIMIT.to_string());
        Self { text, deadline }
    }
}

/// A word for the shell.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

//! What every script has in common: POSIX sh, one answer, bounded output.

use std::time::Duration;

use crate::wire::FORM;

pub(crate) use guest_script::quote;

/// `has COMMAND` tells whether there is one; `r KIND SECONDS COMMAND...` runs one and prints what
/// it said, its complaints included.
const FUNCTIONS: &str = r#"has() { command -v "$1" >/dev/null; }
t=; has timeout && t=1
r() {
  k=$1; s=$2; shift 2
  if [ -n "$t" ]; then set -- timeout "$s" "$@"; fi
  o=$("$@" 2>&1); v "$k" $? "$o"
}
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
    /// The script that answers as `body` does.
    pub(crate) fn whole(body: &str, deadline: Duration) -> Self {
        let text = FORM.script(FUNCTIONS, body);
        Self { text, deadline }
    }
}

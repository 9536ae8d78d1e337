//! The chapters on scripts of the guest's own.

use anyhow::{Context as _, Result, ensure};

use super::story::Teller;
use crate::scenarios::metadata::{GRACEFUL, SHUTDOWN, STARTUP, Served, set};

const SCRIPTS: [(&str, &str); 3] = [
    (
        "graceful-shutdown-script",
        "#!/bin/sh\necho draining, $HOSPES_STOP_MAX_SECONDS s at most\nsleep 3\necho drained\n",
    ),
    ("shutdown-script", "echo the system goes down"),
    ("startup-script", "echo the system is back"),
];

/// What was said, in the order in which it must have been.
const ORDER: [&str; 4] = [
    "draining, 120 s at most",
    "drained",
    "the system goes down",
    "the system is back",
];

impl Teller<'_> {
    pub(super) async fn graceful(&mut self, served: &Served) -> Result<()> {
        self.chapter(
            "Scripts of the guest's own: `hospes metadata serve` serves them, and \
             hospes-metadata-scripts, installed with apt, runs them.",
        );
        served.install(self.context).await?;
        for (key, script) in SCRIPTS {
            set(self.context, key, script).await?;
            self.say(&format!("set {key}"));
        }
        self.chapter(
            "A graceful restart: the guest prepares and reports, and only then it is shut down.",
        );
        self.hospes(&["restart", "web", "--graceful", "2m"], 0)
            .await?;
        served
            .until(&format!("systemctl -q is-active {STARTUP}"))
            .await?;
        let log = said(served).await?;
        self.say("what the guest's scripts said, by the guest's clock:");
        for line in &log {
            self.console.result(format!("  {line}"));
        }
        in_order(&log)
    }
}

/// Time and text of what the units of the last boot and of this one logged.
async fn said(served: &Served) -> Result<Vec<String>> {
    let journal = "journalctl --no-pager -q -o short-iso-precise";
    let script =
        format!("{journal} -b -1 -u {GRACEFUL} -u {SHUTDOWN}; {journal} -b 0 -u {STARTUP}");
    let log = served.vm.ssh(&script).await?.success()?;
    Ok(log.lines().filter_map(time_and_text).collect())
}

/// Of `2026-11-22T05:10:02.123456+0000 lab name[123]: text`; systemd's own lines are left out.
fn time_and_text(line: &str) -> Option<String> {
    let (head, text) = line.split_once("]: ")?;
    let (time, name) = head.split_once(' ')?;
    let (_, clock) = time.split_once('T')?;
    let is_script = !name.contains(" systemd[");
    is_script.then(|| format!("{}  {text}", clock.get(..12).unwrap_or(clock)))
}

fn in_order(log: &[String]) -> Result<()> {
    let mut last = 0;
    for text in ORDER {
        let at = log.iter().position(|line| line.ends_with(text));
        let at = at.with_context(|| format!("no script said `{text}`"))?;
        ensure!(last <= at, "`{text}` came too early");
        last = at;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_time_and_systemd_is_left_out() {
        let line = "2026-11-22T05:10:02.123456+0000 lab google_metadata[7]: startup-script: [a]: b";
        let kept = time_and_text(line);
        assert_eq!(
            kept.as_deref(),
            Some("05:10:02.123  startup-script: [a]: b")
        );
        let systemd = "2026-11-22T05:10:02.123456+0000 lab systemd[1]: Starting...";
        assert_eq!(time_and_text(systemd), None);
    }
}

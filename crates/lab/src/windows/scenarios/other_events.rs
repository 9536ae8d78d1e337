//! Scripts of the other events that the system starts.

use anyhow::{Result, ensure};

use crate::windows::Site;
use crate::windows::site::{Guest, RUNNER};

/// An event with the beginning of its keys.
const EVENTS: [(&str, &str); 2] = [
    ("specialize", "sysprep-specialize-script"),
    ("shutdown", "windows-shutdown-script"),
];

/// Each twice; and with a script that fails.
pub(super) async fn scripts(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    for (event, key) in EVENTS {
        site.step(event);
        let none = guest.run(RUNNER, &[event]).await?.expect(0)?;
        let line = format!("No {event} scripts to run.");
        ensure!(none.output.contains(&line), "{}", none.output);
        every_time(&guest, event, key).await?;
        with_a_failure(&guest, event, key).await?;
    }
    Ok(())
}

async fn every_time(guest: &Guest, event: &str, key: &str) -> Result<()> {
    for (kind, word) in [("bat", "second"), ("cmd", "first")] {
        let script = format!("@echo {word} of %HOSPES_EVENT%& @echo {word}>>C:\\{event}\r\n");
        guest.host.set(&format!("{key}-{kind}"), &script).await?;
    }
    for _ in 0..2 {
        let run = guest.run(RUNNER, &[event]).await?.expect(0)?;
        let expected = format!(
            "Found {key}-cmd in metadata.\n{key}-cmd: first of {event}\n{key}-cmd exit status 0\n\
             Found {key}-bat in metadata.\n{key}-bat: second of {event}\n{key}-bat exit status 0\n\
             Finished running {event} scripts.\n"
        );
        ensure!(run.output.ends_with(&expected), "{}", run.output);
    }
    let written = guest.written(event);
    ensure!(written == "first\nsecond\n".repeat(2), "{written}");
    Ok(())
}

async fn with_a_failure(guest: &Guest, event: &str, key: &str) -> Result<()> {
    let cmd = format!("{key}-cmd");
    guest.host.set(&cmd, "@exit 5\r\n").await?;
    let run = guest.run(RUNNER, &[event]).await?.expect(1)?;
    let failed = format!("Script \"{cmd}\" failed with error: exit status 5\n");
    let next = format!("{key}-bat exit status 0\n");
    let both = run.output.contains(&failed) && run.output.contains(&next);
    ensure!(both, "{}", run.output);
    Ok(())
}

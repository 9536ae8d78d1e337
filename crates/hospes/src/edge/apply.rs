//! Applying one remedy in the guest.

use std::time::Duration;

use conditions::Remedy;
use lifecycle::ports::{GuestShell, Output, Privilege, ShellError};

use super::agent_shell::AgentShell;
use super::{World, no_ssh};

/// What a remedy may print; apt is the wordiest.
const LIMIT: usize = 64 * 1024;

/// apt may have to wait for its lock, download and unpack.
const INSTALL_DEADLINE: Duration = Duration::from_secs(600);

/// An agent that does not mind SIGTERM holds a restart up for systemd's stop timeout, 90 s.
const AGENT_DEADLINE: Duration = Duration::from_secs(150);

/// Runs the remedy's script as root: over SSH, else through the channel where the remedy leaves
/// the agent alone.
pub(super) async fn apply(world: &World, remedy: &Remedy) -> Result<String, String> {
    let Some(script) = remedy.script() else {
        return Ok(String::new());
    };
    let deadline = match remedy {
        Remedy::InstallPackage { .. } => INSTALL_DEADLINE,
        remedy if remedy.touches_agent() => AGENT_DEADLINE,
        _ => world.calls.check,
    };
    let over_ssh = match &world.ssh {
        Some(ssh) => ssh.run(&script, Privilege::Root, LIMIT, deadline).await,
        None => Err(ShellError::Unreachable(no_ssh(&world.guest))),
    };
    let output = match over_ssh {
        Err(ShellError::Unreachable(why)) if !remedy.touches_agent() => {
            let agent = world
                .slot
                .agent()
                .await
                .map_err(|e| format!("{why}; {e}"))?;
            let ran = AgentShell(&agent)
                .run(&script, Privilege::Root, LIMIT, deadline)
                .await;
            world.slot.release().await;
            ran
        }
        other => other,
    };
    let described = remedy.describe();
    match output {
        Ok(output) if output.status == 0 => Ok(last_words(&output.stdout)),
        Ok(output) => Err(format!("{described}: {}", complaint(&output))),
        Err(error) => Err(format!("{described}: {error}")),
    }
}

fn complaint(output: &Output) -> String {
    let words = last_words(&output.stderr);
    let words = if words.is_empty() {
        last_words(&output.stdout)
    } else {
        words
    };
    format!("status {}: {words}", output.status)
}

/// The last lines, where programs say what became of it.
fn last_words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let words = lines[lines.len().saturating_sub(3)..].join(" / ");
    words.chars().take(400).collect()
}

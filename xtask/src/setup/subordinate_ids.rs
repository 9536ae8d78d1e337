//! The user and group ids with which an ordinary user builds the guest image (`subuid(5)`).

use std::process::Command;

use anyhow::{Context, Result, bail};

const FILES: [&str; 2] = ["/etc/subuid", "/etc/subgid"];

/// Says what to do when an ordinary user has no ids to give to others. Root needs none.
pub(super) fn check() -> Result<()> {
    let user = rustix::process::geteuid();
    if user.is_root() {
        return Ok(());
    }
    let output = Command::new("id")
        .arg("-un")
        .output()
        .context("cannot start `id`")?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let uid = user.as_raw().to_string();
    for file in FILES {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if !grants(&text, &name, &uid) {
            bail!(
                "{file} gives `{name}` no ids, which building the guest image needs. Run this, then the command \
                 again:\n\n    sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}\n"
            );
        }
    }
    Ok(())
}

fn grants(text: &str, name: &str, uid: &str) -> bool {
    text.lines()
        .filter_map(|line| line.split(':').next())
        .any(|owner| owner == name || owner == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_granted_by_name_or_number() {
        let text = "ada:100000:65536\n1001:165536:65536\n";
        assert!(grants(text, "ada", "1000"));
        assert!(grants(text, "bob", "1001"));
        assert!(!grants(text, "eve", "1002"));
        assert!(!grants("", "ada", "1000"));
    }
}

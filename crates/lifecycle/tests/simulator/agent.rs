//! The guest's agent and systemd: its files, what systemd made of them, and what a repair does.

use std::collections::BTreeMap;

use conditions::Remedy;

use crate::random::Random;

/// How the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Runs,
    /// It runs and does not answer.
    Hangs,
    Dead,
    Failed,
}

/// Files by path.
type Files = BTreeMap<String, String>;

#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) life: Life,
    pub(crate) installed: bool,
    pub(crate) masked: bool,
    /// The agent's port wants its unit.
    pub(crate) wanted: bool,
    pub(crate) disk: Files,
    /// What systemd read last.
    pub(crate) loaded: Files,
    /// Something writes this file again at each daemon-reload.
    weed: Option<(String, String)>,
}

/// Properties that make systemd act when the agent ends.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    pub(crate) stop_post: Vec<String>,
    pub(crate) success_action: Option<String>,
}

const VENDOR: &str = "/lib/systemd/system/qemu-guest-agent.service";
const DROP_IN: &str = "/etc/systemd/system/qemu-guest-agent.service.d/hook.conf";
const COMMAND: &str = "ExecStopPost=/usr/bin/qemu-ga --shutdown";

impl Agent {
    pub(crate) fn healthy() -> Self {
        Self {
            life: Life::Runs,
            installed: true,
            masked: false,
            wanted: true,
            disk: Files::new(),
            loaded: Files::new(),
            weed: None,
        }
    }

    /// One that needs a repair, or several.
    pub(crate) fn damaged(random: &mut Random) -> Self {
        let mut agent = Self::healthy();
        agent.life = match random.between(0, 9) {
            0..=4 => Life::Runs,
            5 | 6 => Life::Hangs,
            7 | 8 => Life::Dead,
            _ => Life::Failed,
        };
        agent.wanted = !random.chance(8);
        agent.masked = random.chance(10);
        if random.chance(10) {
            (agent.installed, agent.life) = (false, Life::Dead);
        }
        if random.chance(70) {
            agent.plant(random);
        }
        agent
    }

    /// Somebody ties a shutdown hook to the agent.
    pub(crate) fn plant(&mut self, random: &mut Random) {
        let action = "# by the owner\n[Unit]\nDescription=agent\nSuccessAction=poweroff\n";
        let (path, text) = match random.between(0, 3) {
            0 => (
                VENDOR,
                format!("[Unit]\nDescription=agent\n[Service]\n{COMMAND}\n"),
            ),
            1 => (DROP_IN, format!("[Service]\n{COMMAND}\n")),
            2 => (DROP_IN, action.to_owned()),
            _ => (VENDOR, action.to_owned()),
        };
        self.disk.insert(path.to_owned(), text.clone());
        match random.between(0, 9) {
            // systemd has not read it yet.
            0 => {}
            // Its file is gone and it is still in effect.
            1 | 2 => self.loaded = std::mem::take(&mut self.disk),
            3 => {
                self.weed = Some((path.to_owned(), text));
                self.loaded = self.disk.clone();
            }
            _ => self.loaded = self.disk.clone(),
        }
    }

    /// Somebody changes a harmless file and does not reload.
    pub(crate) fn touch(&mut self) {
        let text = "[Unit]\nDescription=agent\n".to_owned();
        self.disk.insert(DROP_IN.to_owned(), text);
    }

    /// What systemd does when the agent ends; a unit without its package is not loaded.
    pub(crate) fn hooks(&self) -> Hooks {
        match self.installed {
            true => hooks(&self.loaded),
            false => Hooks::default(),
        }
    }

    /// A hook is in effect or in a file.
    pub(crate) fn is_hooked(&self) -> bool {
        self.hooks().acts() || hooks(&self.disk).acts()
    }

    pub(crate) fn needs_reload(&self) -> bool {
        self.disk != self.loaded
    }

    /// The machine boots: everything is read again, and what is wanted starts.
    pub(crate) fn boot(&mut self, random: &mut Random) {
        self.reload();
        let starts = self.installed && !self.masked && self.wanted && random.chance(95);
        self.life = if starts { Life::Runs } else { Life::Dead };
    }

    fn reload(&mut self) {
        if let Some((path, text)) = self.weed.clone() {
            self.disk.insert(path, text);
        }
        self.loaded = self.disk.clone();
    }

    /// Does what a remedy's script does.
    pub(crate) fn apply(&mut self, remedy: &Remedy) -> Result<(), String> {
        if remedy.touches_agent() {
            assert!(
                !self.hooks().acts(),
                "LAW: the repair powers the guest off: {remedy:?}"
            );
            assert!(
                !self.is_hooked(),
                "LAW: the agent is touched while a file has a hook"
            );
        }
        match remedy {
            Remedy::EditFile {
                path,
                before,
                after,
                ..
            } => self.replace(path, Some(before), Some(after)),
            Remedy::CreateFile { path, after, .. } => self.replace(path, None, Some(after)),
            Remedy::RemoveFile { path, before, .. } => self.replace(path, Some(before), None),
            Remedy::DaemonReload => {
                self.reload();
                Ok(())
            }
            Remedy::InstallPackage { .. } => {
                self.installed = true;
                self.reload();
                self.start()
            }
            Remedy::Unmask { .. } => {
                self.masked = false;
                self.reload();
                Ok(())
            }
            Remedy::ResetFailed { .. } => {
                if self.life == Life::Failed {
                    self.life = Life::Dead;
                }
                Ok(())
            }
            Remedy::EnableAgent { .. } => {
                self.wanted = true;
                Ok(())
            }
            Remedy::StartAgent { .. } | Remedy::RestartAgent { .. } => self.start(),
            Remedy::DisableTrigger { .. } | Remedy::ProveNoHooks => {
                unreachable!("no such hook is planted, and a proof is no script")
            }
        }
    }

    fn start(&mut self) -> Result<(), String> {
        if self.masked {
            return Err("the unit is masked".to_owned());
        }
        if !self.installed {
            return Err("no such unit".to_owned());
        }
        self.life = Life::Runs;
        Ok(())
    }

    fn replace(
        &mut self,
        path: &str,
        before: Option<&String>,
        after: Option<&String>,
    ) -> Result<(), String> {
        let there = self.disk.get(path);
        if there != before && there != after {
            return Err(format!("{path} changed meanwhile"));
        }
        match after {
            Some(text) => self.disk.insert(path.to_owned(), text.clone()),
            None => self.disk.remove(path),
        };
        Ok(())
    }
}

/// What systemd makes of files: the fragment first, then drop-ins by name; an empty command
/// clears what came before, an action is the last one given.
fn hooks(files: &Files) -> Hooks {
    let mut found = Hooks::default();
    let drop_ins = files
        .iter()
        .filter(|(path, _)| *path != VENDOR)
        .map(|(_, text)| text);
    for text in files.get(VENDOR).into_iter().chain(drop_ins) {
        for line in text.lines() {
            match line.split_once('=') {
                Some(("ExecStopPost", "")) => found.stop_post.clear(),
                Some(("ExecStopPost", command)) => found.stop_post.push(command.to_owned()),
                Some(("SuccessAction", action)) => {
                    found.success_action = Some(action.to_owned());
                }
                _ => {}
            }
        }
    }
    found
}

impl Hooks {
    fn acts(&self) -> bool {
        let powers_off = self
            .success_action
            .as_deref()
            .is_some_and(|action| action != "none");
        powers_off || !self.stop_post.is_empty()
    }
}

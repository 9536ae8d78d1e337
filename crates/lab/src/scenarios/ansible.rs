//! Ansible as its users run it: the collection's roles on a real guest, and what it does without one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use super::evidence::Boot;
use super::proof::boot_id;
use super::proxmox::home::Home;
use crate::python::Python;
use crate::scenario::{Context, HospesProcess};
use crate::vm::{Vm, VmSpec};
use crate::{cache, command};

const UNIT: &str = "qemu-guest-agent.service";
const HOOK: &str = "/etc/systemd/system/qemu-guest-agent.service.d/halt.conf";
const LONGEST_PLAY: Duration = Duration::from_secs(600);

/// The checkout's collections, beside this crate.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ansible");
const COLLECTION: &str = "ansible_collections/hospes/lifecycle";

const MODULES: [&str; 8] = [
    "hospes_check",
    "hospes_fix",
    "hospes_guests_info",
    "hospes_ready",
    "hospes_reboot",
    "hospes_restart",
    "hospes_shutdown",
    "hospes_start",
];
const ROLES: [&str; 2] = ["qemu_ga_fix", "proxmox_vm_restart"];

/// Restarts the only guest, without asking the gate beforehand.
const RESTART: &str = "
- hosts: web
  gather_facts: false
  tasks:
    - hospes.lifecycle.hospes_restart:
        guest: web
        executable: '{{ hospes_executable }}'
        config: '{{ hospes_config }}'
        state_dir: '{{ hospes_state_dir }}'
      delegate_to: localhost
";

/// What an operator runs before and after an upgrade: mend, restart, go on with the facts.
const RECOVER: &str = "
- hosts: web
  gather_facts: false
  roles:
    - role: hospes.lifecycle.qemu_ga_fix
      qemu_ga_fix_required: true
    - hospes.lifecycle.proxmox_vm_restart
  post_tasks:
    - ansible.builtin.assert:
        that:
          - hospes_boot_id == hospes_proof.new
          - hospes_healthy
          - hospes_proof.took > 0
";

/// Ansible with the checkout's collection.
struct Ansible {
    python: Python,
    dir: PathBuf,
    variables: String,
}

/// A play that ended.
struct Played {
    exit: Option<i32>,
    output: String,
    /// The recap of the host `web`: how many tasks were ok, changed, failed.
    recap: BTreeMap<String, u32>,
}

impl Ansible {
    async fn ready(context: &Context) -> Result<Self> {
        let dir = context.dir().to_owned();
        let variables = serde_json::json!({
            "hospes_executable": HospesProcess::program()?,
            "hospes_config": context.config_path(),
            "hospes_state_dir": dir.join("state"),
            "folder": dir.join("folder"),
        });
        Ok(Self {
            python: Python::ready(&cache::root()?, context.activity()).await?,
            variables: variables.to_string(),
            dir,
        })
    }

    /// A program of Ansible that sees the collection.
    fn program(&self, name: &str) -> Command {
        let mut program = self.python.program(name);
        program.env("ANSIBLE_COLLECTIONS_PATH", CHECKOUT);
        program.current_dir(&self.dir);
        program
    }

    /// Plays `text` on the host `web`.
    async fn play(&self, text: &str, options: &[&str]) -> Result<Played> {
        let playbook = self.dir.join("play.yml");
        std::fs::write(&playbook, text)?;
        self.play_file(&playbook, options).await
    }

    async fn play_file(&self, playbook: &Path, options: &[&str]) -> Result<Played> {
        let mut ansible = self.program("ansible-playbook");
        ansible.args(["--inventory", "web,", "--extra-vars", &self.variables]);
        ansible.args(options).arg(playbook);
        ansible.stdin(Stdio::null());
        let output = timeout(LONGEST_PLAY, ansible.output())
            .await
            .with_context(|| format!("ansible-playbook took longer than {LONGEST_PLAY:?}"))?
            .with_context(|| command::not_started("ansible-playbook"))?;
        let text = [output.stdout, output.stderr].concat();
        let output_text = String::from_utf8_lossy(&text).into_owned();
        Ok(Played {
            exit: output.status.code(),
            recap: recap(&output_text),
            output: output_text,
        })
    }

    /// Plays one role on the guest.
    async fn role(&self, name: &str, options: &[&str]) -> Result<Played> {
        let play =
            format!("- hosts: web\n  gather_facts: false\n  roles: [hospes.lifecycle.{name}]\n");
        self.play(&play, options).await
    }
}

impl Played {
    /// Fails unless so many tasks changed something and so many failed.
    fn expect(self, changed: u32, failed: u32) -> Result<Self> {
        let count = |word| self.recap.get(word).copied();
        let is_expected = count("changed") == Some(changed) && count("failed") == Some(failed);
        if !is_expected || (self.exit == Some(0)) != (failed == 0) {
            bail!(
                "expected {changed} changed and {failed} failed; exit {:?}\n{}",
                self.exit,
                command::tail(&self.output, 80)
            );
        }
        Ok(self)
    }

    /// Fails unless Ansible said `text`.
    fn expect_text(&self, text: &str) -> Result<()> {
        ensure!(
            self.output.contains(text),
            "Ansible did not say `{text}`\n{}",
            command::tail(&self.output, 80)
        );
        Ok(())
    }
}

/// The line `web : ok=4 changed=1 unreachable=0 failed=0 ...`.
fn recap(output: &str) -> BTreeMap<String, u32> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.contains(" : ok=") && line.contains("changed="));
    let words = line.unwrap_or_default().split_whitespace();
    let counts = words.filter_map(|word| word.split_once('='));
    counts
        .filter_map(|(word, count)| Some((word.to_owned(), count.parse().ok()?)))
        .collect()
}

/// Both roles on a real guest.
pub(super) async fn roles(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    context.hospes(&["trust", "web"]).await?.expect_exit(0)?;
    let ansible = Ansible::ready(&context).await?;
    let boot = Boot::of(&vm).await?;
    hook_is_mended(&context, &ansible, &vm).await?;
    dead_agent_refuses(&context, &ansible, &vm).await?;
    boot.goes_on(&vm).await?;
    context.step("mending and restarting with both roles");
    let recovered = ansible.play(RECOVER, &[]).await?.expect(2, 0)?;
    let new = boot_id(&vm).await?;
    ensure!(new != boot.id(), "the boot id is the same");
    recovered.expect_text(&format!("boot {} is now {new}", boot.id()))
}

/// The role that gave the recovery workflow its name, on a guest of a cluster.
pub(super) async fn over_proxmox(context: Context) -> Result<()> {
    let home = Home::start(&context).await?;
    let ansible = Ansible::ready(&context).await?;
    let boot = Boot::of(&home.vm).await?;
    context.step("mending and restarting with both roles");
    let recovered = ansible.play(RECOVER, &[]).await?.expect(1, 0)?;
    let new = boot_id(&home.vm).await?;
    ensure!(new != boot.id(), "the boot id is the same");
    recovered.expect_text(&format!("boot {} is now {new}", boot.id()))?;
    home.nothing_was_forced()
}

async fn hook_is_mended(context: &Context, ansible: &Ansible, vm: &Vm) -> Result<()> {
    let hook = format!(
        "mkdir -p $(dirname {HOOK}); \
         printf '[Service]\\nExecStopPost=/usr/bin/qemu-ga --shutdown\\n' >{HOOK}; \
         systemctl daemon-reload"
    );
    vm.ssh(&hook).await?.success()?;
    context.step("qemu_ga_fix in check and diff mode");
    let plan = ansible
        .role("qemu_ga_fix", &["--check", "--diff"])
        .await?
        .expect(1, 0)?;
    plan.expect_text("-ExecStopPost=/usr/bin/qemu-ga --shutdown")?;
    vm.ssh(&format!("test -e {HOOK}")).await?.success()?;
    context.step("qemu_ga_fix");
    ansible.role("qemu_ga_fix", &[]).await?.expect(1, 0)?;
    vm.ssh(&format!("test ! -e {HOOK}")).await?.success()?;
    context.step("qemu_ga_fix where nothing is left to mend");
    ansible
        .role("qemu_ga_fix", &["--diff"])
        .await?
        .expect(0, 0)?;
    Ok(())
}

async fn dead_agent_refuses(context: &Context, ansible: &Ansible, vm: &Vm) -> Result<()> {
    vm.ssh(&format!("systemctl stop {UNIT}")).await?.success()?;
    context.step("proxmox_vm_restart with a dead agent");
    let gate = ansible
        .role("proxmox_vm_restart", &[])
        .await?
        .expect(0, 1)?;
    gate.expect_text("would be refused: condition 2 agent service starts at boot and runs failed")?;
    context.step("hospes_restart with a dead agent");
    let refused = ansible.play(RESTART, &[]).await?.expect(0, 1)?;
    refused.expect_text("web: refused, the guest was not touched: condition 2 (service) failed")?;
    refused.expect_text("\"status\": \"refused\"")
}

/// What needs no guest: documentation, the package, the modules with the real program.
pub(super) async fn collection(context: Context) -> Result<()> {
    let ansible = Ansible::ready(&context).await?;
    documented(&context, &ansible).await?;
    context.step("building the collection");
    let source = Path::new(CHECKOUT).join(COLLECTION);
    let mut build = ansible.program("ansible-galaxy");
    build.args(["collection", "build", "--output-path", "."]);
    command::output(build.arg(&source)).await?;
    context.step("reading recorded documents");
    let mut unit = ansible.program("python");
    unit.env("PYTHONPATH", CHECKOUT);
    unit.args(["-m", "unittest", "discover", "--start-directory"]);
    command::output(unit.arg(source.join("tests/unit"))).await?;
    context.step("the modules with the real program");
    std::fs::create_dir(context.dir().join("folder"))?;
    let playbook = source.join("tests/program.yml");
    let played = ansible.play_file(&playbook, &[]).await?;
    // The file that the play writes, and a start that would be made.
    played.expect(2, 0)?;
    Ok(())
}

async fn documented(context: &Context, ansible: &Ansible) -> Result<()> {
    context.step("reading the documentation");
    for (kind, names) in [("module", &MODULES[..]), ("role", &ROLES)] {
        let mut doc = ansible.program("ansible-doc");
        doc.args(["--json", "--type", kind]);
        doc.args(names.iter().map(|name| format!("hospes.lifecycle.{name}")));
        let text = command::output(&mut doc).await?;
        let found: serde_json::Value = serde_json::from_str(&text)?;
        for name in names {
            let one = &found[format!("hospes.lifecycle.{name}")];
            let parts: &[&str] = match kind {
                "module" => &["doc", "examples", "return"],
                _ => &["entry_points"],
            };
            for part in parts {
                ensure!(!one[part].is_null(), "{name} has no `{part}`: {one}");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recap_is_read() {
        let output = "TASK\nok: [web]\nPLAY RECAP ***\n\
            web                        : ok=4    changed=1    unreachable=0    failed=0\n\n";
        let counts = recap(output);
        assert_eq!(
            (counts["ok"], counts["changed"], counts["failed"]),
            (4, 1, 0)
        );
        assert!(recap("ERROR! no play").is_empty());
    }
}

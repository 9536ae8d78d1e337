//! What happens in the demo, in order. Every claim that it makes is checked.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::guest::Guest;
use crate::console::Console;
use crate::scenario::{Context, HospesRun};
use crate::vm::Vm;

/// The hook of which administrators tell, and one that really powers the guest off.
const PLANT: &str = "\
d=/etc/systemd/system/qemu-guest-agent.service.d
mkdir -p $d
printf '[Service]\\nExecStopPost=/usr/bin/qemu-ga --shutdown\\n' > $d/10-shutdown.conf
printf '[Unit]\\nSuccessAction=poweroff\\n' > $d/20-poweroff.conf
systemctl daemon-reload
";

pub(super) const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

pub(super) struct Teller<'a> {
    pub(super) context: &'a Context,
    pub(super) console: &'a Console,
    began: Instant,
    chapter: u8,
}

/// Plays the story on `guest`.
pub(super) async fn tell(context: &Context, guest: &Guest, console: &Console) -> Result<()> {
    let vm = guest.vm();
    let mut teller = Teller::new(context, console);
    if let Guest::Clustered(home) = guest {
        teller.init(home).await?;
    }
    teller.healthy().await?;
    teller.trouble(vm).await?;
    teller.refusal(vm).await?;
    teller.reboot(vm).await?;
    teller.repair(vm).await?;
    teller.restart(vm).await?;
    match guest {
        Guest::Served(served) => teller.graceful(served).await?,
        Guest::Clustered(home) => teller.asked(home)?,
        Guest::Plain(_) => {}
    }
    teller.end().await
}

impl<'a> Teller<'a> {
    pub(super) fn new(context: &'a Context, console: &'a Console) -> Self {
        Self {
            context,
            console,
            began: Instant::now(),
            chapter: 0,
        }
    }

    async fn healthy(&mut self) -> Result<()> {
        self.chapter("A healthy guest: all six conditions hold, so the hypervisor may act.");
        self.hospes(&["check", "web"], 0).await?;
        Ok(())
    }

    async fn trouble(&mut self, vm: &Vm) -> Result<()> {
        self.chapter(
            "Trouble: two shutdown hooks are planted in the agent's unit (the second would power \
             the guest off as soon as the agent stops), and the agent freezes.",
        );
        vm.ssh(PLANT).await?.success()?;
        self.freeze(vm).await?;
        let agent = self.context.agent().process();
        self.say(&format!(
            "planted 10-shutdown.conf and 20-poweroff.conf, sent SIGSTOP to {agent}"
        ));
        Ok(())
    }

    async fn freeze(&self, vm: &Vm) -> Result<()> {
        let agent = self.context.agent().process();
        vm.ssh(&format!("pkill -STOP -x {agent}"))
            .await?
            .success()?;
        Ok(())
    }

    async fn refusal(&mut self, vm: &Vm) -> Result<()> {
        self.chapter("A restart is refused at once, with evidence. Nothing is forced.");
        let run = self.hospes(&["restart", "web"], 3).await?;
        for proof in ["ExecStopPost", "SuccessAction", "did not answer"] {
            run.expect_text(proof)?;
        }
        ensure!(vm.is_running(), "the guest went down");
        Ok(())
    }

    async fn reboot(&mut self, vm: &Vm) -> Result<()> {
        self.chapter(
            "The guest's own reboot does not need the agent: asked through SSH, proved by a new \
             boot id.",
        );
        self.hospes(&["reboot", "web"], 0).await?;
        self.freeze(vm).await?;
        self.say("the hooks are still there, and the agent is frozen once more");
        Ok(())
    }

    async fn repair(&mut self, vm: &Vm) -> Result<()> {
        self.chapter("What would `fix` do? First the hooks, and only then the agent.");
        self.hospes(&["fix", "web", "--check"], 1).await?;
        self.chapter("`fix` mends it, and the guest stays up.");
        let before = vm.ssh(BOOT_ID).await?.success()?;
        self.hospes(&["fix", "web"], 0).await?;
        let after = vm.ssh(BOOT_ID).await?.success()?;
        ensure!(
            before == after,
            "the guest went down: boot {before} is now {after}"
        );
        self.say(&format!("boot {} before and after", &before[..8]));
        Ok(())
    }

    async fn restart(&mut self, vm: &Vm) -> Result<()> {
        self.chapter(
            "Now the restart goes through: permit, agent shutdown, start, readiness, health.",
        );
        let before = vm.ssh(BOOT_ID).await?.success()?;
        self.hospes(&["restart", "web"], 0).await?;
        let after = vm.ssh(BOOT_ID).await?.success()?;
        ensure!(before != after, "the boot id did not change");
        self.say(&format!(
            "a new boot id proves it: {} is now {}",
            &before[..8],
            &after[..8]
        ));
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        self.chapter("The end: the conditions, and the timeline of that restart.");
        self.hospes(&["check", "web"], 0).await?;
        let runs = self
            .context
            .hospes(&["runs", "list", "--limit", "1", "--json"])
            .await?
            .json()?;
        let run = newest(&runs).context("no run is recorded")?;
        self.hospes(&["runs", "show", &run], 0).await?;
        Ok(())
    }

    pub(super) fn chapter(&mut self, text: &str) {
        self.chapter += 1;
        self.console
            .result(format!("\n== {}. {text}", self.chapter));
    }

    pub(super) fn say(&self, text: &str) {
        self.console.result(format!(
            "   [{:5.1} s] {text}",
            self.began.elapsed().as_secs_f32()
        ));
    }

    pub(super) async fn hospes(&self, arguments: &[&str], exit: i32) -> Result<HospesRun> {
        self.console
            .result(format!("\n$ hospes {}", arguments.join(" ")));
        let run = self.context.hospes(arguments).await?.expect_exit(exit)?;
        for line in run.stderr.lines().chain(run.stdout.lines()) {
            self.console.result(format!("  {line}"));
        }
        self.say(&format!(
            "exit {exit} after {:.1} s",
            run.took.as_secs_f32()
        ));
        Ok(run)
    }
}

fn newest(runs: &Value) -> Option<String> {
    Some(runs["runs"][0]["run"]["id"].as_str()?.to_owned())
}

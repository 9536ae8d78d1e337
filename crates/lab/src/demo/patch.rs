//! The story of two guests that are patched in two waves. Every claim that it makes is checked.

use anyhow::{Context as _, Result, ensure};

use super::story::{BOOT_ID, Teller};
use crate::console::Console;
use crate::scenario::Context;
use crate::scenarios::patch::guest::Guest;
use crate::vm::{Vm, VmSpec, hospes_toml};

/// The canary has a library whose update asks for a reboot; the other one has not.
const CANARY: &[&str] = &["lab-tool", "lab-lib", "lab-conf", "lab-held"];
const OTHER: &[&str] = &["lab-tool", "lab-conf"];

const PLAN: &str = r#"name = "november"
max-failures = 0

[group.web]
guests = ["web*"]
wave = [{ name = "canary", size = 1, soak = "5s" }, { name = "rest" }]

[group.db]
guests = ["db"]
after = ["web"]

[[hold]]
member = "db"
reason = "its owner is away until Monday"
"#;

/// A guest that the plan holds: nobody ever asks for it.
const HELD: &str =
    "\n[guest.db]\nqmp = \"/nonexistent/db.qmp\"\n\n[guest.db.ssh]\nhost = \"192.0.2.1\"\n";

/// Plays it; with `keep` the machines go on running.
pub(super) async fn tell(context: &Context, keep: bool, console: &Console) -> Result<()> {
    let mut teller = Teller::new(context, console);
    let web1 = Guest::boot(context, VmSpec::new("web1"), CANARY).await?;
    let web2 = Guest::boot(context, VmSpec::new("web2"), OTHER).await?;
    context.configure_with(&(hospes_toml(&[&web1.vm, &web2.vm]) + HELD))?;
    teller.before(&web1, &web2).await?;
    teller.preview().await?;
    teller.plan().await?;
    teller.apply((&web1.vm, &web2.vm)).await?;
    teller.report().await?;
    if keep {
        web1.vm.release();
        web2.vm.release();
    }
    Ok(())
}

impl Teller<'_> {
    async fn before(&mut self, web1: &Guest, web2: &Guest) -> Result<()> {
        self.chapter(
            "Two guests with older packages. An administrator holds one of them, and has changed a \
             configuration file; now the archive has newer ones.",
        );
        let changes = "apt-mark hold lab-held && echo colour = red >/etc/lab.conf";
        web1.vm.ssh(changes).await?.success()?;
        for (guest, packages) in [(web1, CANARY), (web2, OTHER)] {
            self.hospes(&["trust", guest.vm.name()], 0).await?;
            guest.updates.publish_newer().await?;
            guest.vm.ssh("apt-get -qq update").await?.success()?;
            self.say(&format!("{}: {}", guest.vm.name(), packages.join(" ")));
        }
        Ok(())
    }

    async fn preview(&mut self) -> Result<()> {
        self.chapter("What would change, what stays and why? Nothing is touched.");
        let run = self.hospes(&["patch", "plan", "web1", "web2"], 0).await?;
        for told in ["lab-tool", "lab-lib", "lab-held"] {
            run.expect_text(told)?;
        }
        Ok(())
    }

    async fn plan(&mut self) -> Result<()> {
        self.chapter("A plan over all: a canary first, then the rest; the database is held.");
        std::fs::write(self.context.dir().join("november.toml"), PLAN)?;
        for line in PLAN.lines() {
            self.console.result(format!("  {line}"));
        }
        let words = ["--file", "november.toml", "--out", "november.json"];
        let words = [&["patch", "plan"], &words[..]].concat();
        let run = self.hospes(&words, 0).await?;
        run.expect_text("its owner is away until Monday")?;
        Ok(())
    }

    async fn apply(&mut self, (web1, web2): (&Vm, &Vm)) -> Result<()> {
        self.chapter(
            "It is carried out. Upgrades run in units of the guests' own; who needs it reboots, \
             proved by a new boot id.",
        );
        let before = (boot(web1).await?, boot(web2).await?);
        self.hospes(&["patch", "apply", "--plan", "november.json"], 0)
            .await?;
        let after = (boot(web1).await?, boot(web2).await?);
        ensure!(before.0 != after.0, "web1 did not reboot");
        ensure!(
            before.1 == after.1,
            "web2 rebooted, and nothing asked for it"
        );
        for vm in [web1, web2] {
            let version = vm.ssh("lab-tool").await?.success()?;
            ensure!(version == "2.0", "{} has lab-tool {version}", vm.name());
        }
        let kept = web1
            .ssh("cat /etc/lab.conf; dpkg-query -W lab-held")
            .await?;
        let kept = kept.success()?;
        ensure!(kept.contains("red") && kept.contains("1.0"), "{kept}");
        self.say(&format!(
            "web1 is in a new boot ({} is now {}), web2 in the old one; both have lab-tool 2.0; \
             the changed file and the held package stay",
            &before.0[..8],
            &after.0[..8]
        ));
        Ok(())
    }

    async fn report(&mut self) -> Result<()> {
        self.chapter("The report: for people, and as one page with a picture of the timeline.");
        self.hospes(&["patch", "report", "c1"], 0).await?;
        let page = ["--format", "html", "--out", "november.html"];
        let words = [&["patch", "report", "c1"], &page[..]].concat();
        self.hospes(&words, 0).await?;
        let page = std::fs::read_to_string(self.context.dir().join("november.html"));
        let page = page.context("the page was not written")?;
        ensure!(page.contains("<svg"), "the page has no picture");
        Ok(())
    }
}

async fn boot(vm: &Vm) -> Result<String> {
    vm.ssh(BOOT_ID).await?.success()
}

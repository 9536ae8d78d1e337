//! One plan over guests and then nodes of a cluster.

use anyhow::{Result, ensure};

use super::outcome::outcomes;
use super::site::{SHOP, Site};
use super::watch::Watch;
use crate::scenario::{Context, HospesRun};

const PLAN: &str = "name = \"monthly\"\nmax-unavailable-per-node = 1\n\
    [group.guests]\nguests = [\"shop\", \"mail-103\"]\nmax-unavailable = 2\n\
    [group.nodes]\nnodes = [\"lab/pve1\"]\nafter = [\"guests\"]\n";

const HOLD: &str = "[[hold]]\nmember = \"mail-103\"\nreason = \"nobody knows where it is\"\n";

pub(in super::super) async fn guests_then_nodes(context: Context) -> Result<()> {
    let site = Site::start(&context, 1, &["lab-tool", "lab-lib"]).await?;
    let shop = site.add_shop(&context, &["lab-tool"]).await?;
    shop.updates.publish_newer().await?;
    site.publish_newer().await?;
    let planned = planned_with(&context, PLAN).await?;
    planned.expect_text("not ready: no address of mail-103 is known")?;
    planned.expect_text("its group waits for `guests`, where mail-103 is left out")?;
    let planned = planned_with(&context, &format!("{PLAN}{HOLD}")).await?;
    planned.expect_text("2 to be patched in 2 waves")?;
    let process = shop.vm.pid();
    let apply = context.hospes(&["patch", "apply", "--plan", "plan.json"]);
    let (watch, run) = Watch::while_done(&site, apply).await?;
    run.expect_exit(0)?.expect_text("2 patched")?;
    watch.expect_one_by_one(&["pve1"])?;
    let version = shop.version("lab-tool").await?;
    ensure!(version == "2.0", "shop: lab-tool {version}");
    ensure!(
        site.node(0)?.version("lab-lib").await? == "2.0",
        "the node is not patched"
    );
    ensure!(shop.vm.pid() == process, "shop did not run on");
    ensure!(
        site.proxmox.node_of(SHOP).as_deref() == Some("pve1"),
        "shop is not back"
    );
    let outcomes = outcomes(&context).await?;
    ensure!(outcomes.len() == 2, "{} runs", outcomes.len());
    for outcome in &outcomes {
        outcome.expect_ending("patched")?;
    }
    let report = context
        .hospes(&["patch", "report", "c1"])
        .await?
        .expect_exit(0)?;
    for words in ["shop", "node:lab/pve1", "lab-tool", "lab-lib", "web-101"] {
        report.expect_text(words)?;
    }
    site.as_it_was()
}

/// Makes a plan document of `file`.
async fn planned_with(context: &Context, file: &str) -> Result<HospesRun> {
    std::fs::write(context.dir().join("plan.toml"), file)?;
    let words = ["patch", "plan", "--file", "plan.toml", "--out", "plan.json"];
    context.hospes(&words).await?.expect_exit(0)
}

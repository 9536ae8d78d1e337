//! A guest that cannot be moved blocks its node, unless it may be interrupted: then it is shut down with a
//! permit, and started afterwards.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::super::evidence::Boot;
use super::super::super::proof::powered_off_by_itself;
use super::outcome::outcomes;
use super::site::{SHOP, Site};
use crate::scenario::Context;

/// An emulated machine boots in half of that.
const BOOT: Duration = Duration::from_secs(300);

pub(in super::super) async fn with_a_permit(context: Context) -> Result<()> {
    let site = Site::start(&context, 1, &["lab-tool"]).await?;
    let shop = site.add_shop(&context, &["lab-tool"]).await?;
    site.proxmox.configure(SHOP, |shop| {
        shop.local_resources = vec!["hostpci0".to_owned()]
    })?;
    site.publish_newer().await?;
    let boot = Boot::of(&shop.vm).await?;
    let blocked = context
        .hospes(&["patch", "nodes", "pve1"])
        .await?
        .expect_exit(1)?;
    blocked.expect_text("blocked by shop (104): it uses hostpci0 of its node")?;
    boot.goes_on(&shop.vm).await?;
    ensure!(
        site.node(0)?.version("lab-tool").await? == "1.0",
        "patched all the same"
    );
    let words = ["patch", "nodes", "pve1", "--interrupt-guests"];
    context
        .hospes(&words)
        .await?
        .expect_exit(0)?
        .expect_text("1 patched")?;
    powered_off_by_itself(&shop.vm)?;
    ensure!(
        site.node(0)?.version("lab-tool").await? == "2.0",
        "not patched"
    );
    shop.vm.wait_for_ssh(BOOT).await?;
    let now = Boot::of(&shop.vm).await?;
    ensure!(now.id() != boot.id(), "shop was not shut down");
    ensure!(
        shop.version("lab-tool").await? == "1.0",
        "shop was patched too"
    );
    let outcomes = outcomes(&context).await?;
    let endings = ["blocked", "patched"];
    ensure!(outcomes.len() == endings.len(), "{} runs", outcomes.len());
    for (outcome, ending) in outcomes.iter().zip(endings) {
        outcome.expect_ending(ending)?;
    }
    site.as_it_was()
}

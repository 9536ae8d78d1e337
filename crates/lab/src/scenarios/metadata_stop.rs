//! Stops that are announced to the guest, without one being carried out: what its watcher does.

use anyhow::{Result, ensure};

use super::evidence::Boot;
use super::metadata::{APT, GRACEFUL, SHUTDOWN, Served, WATCHER, announce, says, set};
use crate::guest_agent::METADATA_SCRIPTS;
use crate::scenario::Context;

const KEY: &str = "graceful-shutdown-script";
const GO: &str = "/run/go";

/// A script that waits to be let go, and says when it begins and ends.
fn long(begins: &str, ends: &str) -> String {
    let wait = format!("until [ -e {GO} ]; do sleep 0.5; done");
    format!("{}\n{wait}\n{}\n", says(begins), says(ends))
}

/// Failure, cancellation, a second stop, the same stop once more, one while scripts run.
pub(super) async fn requests(context: Context) -> Result<()> {
    let served = Served::start(&context).await?;
    let boot = Boot::of(&served.vm).await?;
    served.install(&context).await?;
    failed(&context, &served).await?;
    cancelled_and_second(&context, &served).await?;
    told_again(&context, &served).await?;
    while_scripts_run(&context, &served).await?;
    boot.goes_on(&served.vm).await
}

async fn failed(context: &Context, served: &Served) -> Result<()> {
    context.step("a stop whose script fails");
    let script = format!("{}; echo broken; exit 7", says("fails"));
    set(context, KEY, &script).await?;
    announce(context, "first", "PENDING_STOP").await?;
    served.reported(context, &["first", "failed", "7"]).await?;
    served
        .until(&format!("systemctl --failed --plain | grep {GRACEFUL}"))
        .await?;
    let log = served.journal(0, GRACEFUL).await?;
    ensure!(log.contains("graceful-shutdown-script: broken"), "{log}");
    served.expect_ran("fails").await
}

async fn cancelled_and_second(context: &Context, served: &Served) -> Result<()> {
    context.step("cancelled, and the next one");
    announce(context, "", "NONE").await?;
    let script = says("$HOSPES_STOP_REQUEST-$HOSPES_STOP_MAX_SECONDS");
    set(context, KEY, &script).await?;
    announce(context, "second", "PENDING_STOP").await?;
    served.reported(context, &["second", "done"]).await?;
    served
        .until(&format!("[ $(systemctl is-active {GRACEFUL}) = inactive ]"))
        .await?;
    served.expect_ran("fails second-600").await
}

async fn told_again(context: &Context, served: &Served) -> Result<()> {
    context.step("the same one, told again by a watcher that starts anew");
    served
        .holds(&format!("systemctl restart {WATCHER}"))
        .await?;
    announce(context, "second", "PENDING_STOP").await?;
    served.holds("sleep 5").await?;
    served.expect_ran("fails second-600").await
}

async fn while_scripts_run(context: &Context, served: &Served) -> Result<()> {
    context.step("another one while scripts of the last still run");
    set(context, KEY, &long("begins", "ends")).await?;
    announce(context, "third", "PENDING_STOP").await?;
    served.until_ran("begins").await?;
    announce(context, "", "NONE").await?;
    announce(context, "fourth", "PENDING_STOP").await?;
    served.holds(&format!("sleep 3; touch {GO}")).await?;
    served.reported(context, &["fourth", "done"]).await?;
    served
        .expect_ran("fails second-600 begins ends begins ends")
        .await
}

/// Agent and watcher restarted, everything upgraded, the package removed: in the middle of a stop.
pub(super) async fn undisturbed(context: Context) -> Result<()> {
    let served = Served::start(&context).await?;
    let boot = Boot::of(&served.vm).await?;
    for event in ["startup", "shutdown"] {
        set(&context, &format!("{event}-script"), &says(event)).await?;
    }
    served.install(&context).await?;
    set(&context, KEY, &long("begins", "ends")).await?;
    announce(&context, "first", "PENDING_STOP").await?;
    served.until_ran("begins").await?;
    for (what, script) in [
        (
            "restarting the agents",
            format!("systemctl restart qemu-guest-agent {WATCHER}"),
        ),
        (
            "upgrading",
            format!("{APT} install hospes-agent {METADATA_SCRIPTS}"),
        ),
        (
            "installing again",
            format!("{APT} --reinstall install hospes-agent {METADATA_SCRIPTS}"),
        ),
    ] {
        context.step(what);
        served.holds(&script).await?;
        served
            .until(&format!("systemctl -q is-active {WATCHER} {SHUTDOWN}"))
            .await?;
        served.expect_ran("begins").await?;
        served
            .holds(&format!(
                "[ $(systemctl is-active {GRACEFUL}) = activating ]"
            ))
            .await?;
    }
    served.holds(&format!("touch {GO}")).await?;
    served.reported(&context, &["first", "done"]).await?;
    served.expect_ran("begins ends").await?;
    removed(&context, &served).await?;
    boot.goes_on(&served.vm).await?;
    context.step("the system goes down and up without the package");
    context.hospes(&["reboot", "web"]).await?.expect_exit(0)?;
    served.expect_ran("begins ends begins ends").await
}

/// A removal ends no script, and nothing is left that would run one.
async fn removed(context: &Context, served: &Served) -> Result<()> {
    context.step("removing the package while a script runs");
    served.holds(&format!("rm {GO}")).await?;
    announce(context, "second", "PENDING_STOP").await?;
    served.until_ran("begins").await?;
    served
        .holds(&format!("{APT} remove {METADATA_SCRIPTS}"))
        .await?;
    served
        .holds(&format!("! systemctl -q is-active {WATCHER}"))
        .await?;
    served.expect_ran("begins ends begins").await?;
    served.holds(&format!("touch {GO}")).await?;
    served.until_ran("ends").await?;
    context.step("installing and purging");
    served
        .holds(&format!("{APT} install {METADATA_SCRIPTS}"))
        .await?;
    served
        .until(&format!("systemctl -q is-active {WATCHER} {SHUTDOWN}"))
        .await?;
    served
        .holds(&format!("{APT} purge {METADATA_SCRIPTS}"))
        .await?;
    let left = "find /etc/systemd /var/lib/systemd/deb-systemd-helper* -name '*google-*' -o -name 'hospes-metadata*'";
    served.holds(&format!("[ -z \"$({left})\" ]")).await?;
    served.expect_ran("begins ends begins ends").await
}

/// A boot in the middle of a stop: the next boot runs the scripts again.
pub(super) async fn rebooted(context: Context) -> Result<()> {
    let served = Served::start(&context).await?;
    served.install(&context).await?;
    set(&context, KEY, &says("prepared")).await?;
    announce(&context, "first", "PENDING_STOP").await?;
    served.reported(&context, &["first", "done"]).await?;
    context.hospes(&["reboot", "web"]).await?.expect_exit(0)?;
    served
        .until("[ $(grep -c prepared /root/ran) = 2 ]")
        .await?;
    served.expect_ran("prepared prepared").await
}

//! Scripts of the system's own start and end.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::metadata::{APT, GRACEFUL, SHUTDOWN, STARTUP, Served, WATCHER, says, serve_files, set};
use crate::scenario::Context;

/// Fetches a file from the host, in the shell of every Debian.
fn fetch(url: &str) -> String {
    let (host, file) = url
        .trim_start_matches("http://")
        .split_once('/')
        .unwrap_or_default();
    let to = host.replace(':', "/");
    format!(
        "exec 3<>/dev/tcp/{to}; printf 'GET /{file} HTTP/1.1\\r\\n\\r\\n' >&3; \
         read -t 20 -r _ status _ <&3; "
    )
}

pub(super) async fn startup_and_shutdown(context: Context) -> Result<()> {
    let served = Served::start(&context).await?;
    let by_url = format!("#!/bin/sh\n{}\necho from a file\n", says("url"));
    let files = serve_files(&context, &[("startup.sh", &by_url), ("there", "")]).await?;
    let url = format!("  {}/startup.sh\n", files.guest_url());
    set(&context, "startup-script", &says("inline")).await?;
    set(&context, "startup-script-url", &url).await?;
    let fetch = fetch(&format!("{}/there", files.guest_url()));
    set(
        &context,
        "shutdown-script",
        &(fetch + &says("down-$status")),
    )
    .await?;
    served.install(&context).await?;
    served.expect_ran("").await?;
    served
        .holds(&format!("[ $(systemctl is-active {STARTUP}) = inactive ]"))
        .await?;
    context.step("all presets, as at the first boot of an image");
    // It fails for the units that the image masks, and sets the others all the same.
    let presets = format!("systemctl disable {STARTUP} {SHUTDOWN}; systemctl preset-all || true");
    served.holds(&presets).await?;
    for (unit, state) in [
        (STARTUP, "enabled"),
        (SHUTDOWN, "enabled"),
        (GRACEFUL, "static"),
    ] {
        let is = format!("[ \"$(systemctl is-enabled {unit})\" = {state} ]");
        served.holds(&is).await?;
    }
    context.hospes(&["shutdown", "web"]).await?.expect_exit(0)?;
    context.hospes(&["start", "web"]).await?.expect_exit(0)?;
    served
        .until(&format!("systemctl -q is-active {STARTUP}"))
        .await?;
    served.expect_ran("down-200 inline url").await?;
    served
        .holds(&format!("systemctl restart {STARTUP}"))
        .await?;
    served
        .holds(&format!("systemctl restart {SHUTDOWN}"))
        .await?;
    served.expect_ran("down-200 inline url").await?;
    let graceful = served.journal(0, GRACEFUL).await?;
    ensure!(graceful.is_empty(), "it ran at boot: {graceful}");
    let log = served.journal(0, STARTUP).await?;
    for line in [
        "Found startup-script in metadata.",
        "startup-script-url: from a file",
        "startup-script-url exit status 0",
        "Finished running startup scripts.",
    ] {
        ensure!(log.contains(line), "no `{line}` in {log}");
    }
    context.hospes(&["check", "web"]).await?.expect_exit(0)?;
    Ok(())
}

/// Each kind of startup script alone, one boot each.
pub(super) async fn startup_kinds(context: Context) -> Result<()> {
    let served = Served::start(&context).await?;
    served.install(&context).await?;
    let by_url = format!("{}\n", says("url"));
    let files = serve_files(&context, &[("startup.sh", &by_url)]).await?;
    set(&context, "startup-script", &says("inline")).await?;
    context.hospes(&["reboot", "web"]).await?.expect_exit(0)?;
    served
        .until(&format!("systemctl -q is-active {STARTUP}"))
        .await?;
    served.expect_ran("inline").await?;
    let unset = ["metadata", "unset", "web", "startup-script"];
    context.hospes(&unset).await?.expect_exit(0)?;
    let url = format!("{}/startup.sh", files.guest_url());
    set(&context, "startup-script-url", &url).await?;
    context.hospes(&["reboot", "web"]).await?.expect_exit(0)?;
    served
        .until(&format!("systemctl -q is-active {STARTUP}"))
        .await?;
    served.expect_ran("inline url").await
}

/// The service is down when the guest boots, and comes back 40 s later.
pub(super) async fn late_service(context: Context) -> Result<()> {
    let mut served = Served::start(&context).await?;
    served.install(&context).await?;
    set(&context, "startup-script", &says("late")).await?;
    served.end_service().await?;
    context.hospes(&["reboot", "web"]).await?.expect_exit(0)?;
    context.step("40 s without the metadata service");
    sleep(Duration::from_secs(40)).await;
    served
        .holds(&format!(
            "[ $(systemctl is-active {STARTUP}) = activating ]"
        ))
        .await?;
    served.expect_ran("").await?;
    served.begin_service(&context).await?;
    served.until_ran("late").await?;
    served
        .until(&format!("systemctl -q is-active {STARTUP}"))
        .await?;
    quiet_watcher(&served).await
}

/// What the watcher says of a boot is some lines, not one a cycle.
async fn quiet_watcher(served: &Served) -> Result<()> {
    let log = served.journal(0, WATCHER).await?;
    ensure!(log.lines().count() < 15, "the watcher is loud: {log}");
    Ok(())
}

/// What Google's agent misses at home. Nobody there knows a guest's network cards, so their addresses are
/// not served; and there is no account for Google's logging, which it notices when it starts before the
/// network is up.
const KNOWN_COMPLAINTS: [&str; 2] = [
    "no interfaces found in metadata",
    "Continuing without cloud logging",
];

/// Google's own agent, as Debian has it, against our service.
pub(super) async fn google_agent(context: Context) -> Result<()> {
    let served = Served::start(&context).await?;
    set(&context, "startup-script", &says("startup")).await?;
    set(&context, "shutdown-script", &says("shutdown")).await?;
    context.step("installing google-guest-agent with apt");
    // Debian's package starts nothing before the next boot, and wants no network: at its end the
    // network would go first.
    let install = format!(
        "{APT} install google-guest-agent && systemctl start network-online.target {SHUTDOWN}"
    );
    served.holds(&install).await?;
    context.hospes(&["reboot", "web"]).await?.expect_exit(0)?;
    served.until_ran("startup").await?;
    served.expect_ran("shutdown startup").await?;
    let agent = "google-guest-agent.service";
    served
        .until(&format!("systemctl -q is-active {agent}"))
        .await?;
    context.step("half a minute of its log");
    sleep(Duration::from_secs(30)).await;
    let log = served.journal(0, agent).await?;
    let is_known = |line: &str| KNOWN_COMPLAINTS.iter().any(|known| line.contains(known));
    let complaints = log.lines().filter(|line| line.contains("ERROR"));
    let (known, others): (Vec<&str>, Vec<&str>) = complaints.partition(|line| is_known(line));
    ensure!(others.is_empty(), "it complains: {others:#?}");
    ensure!(known.len() <= 4, "it is loud: {log}");
    context.step("replacing it by our metadata scripts");
    served.install(&context).await?;
    served
        .holds("! dpkg -s google-guest-agent | grep -q 'Status: install ok'")
        .await?;
    served.expect_ran("shutdown startup").await
}

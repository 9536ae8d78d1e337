//! A controller of the lab's own: the pure run over OpenSSH's client, by controllers that die again and
//! again and leave nothing but what they stored.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conditions::{BootId, Timestamp};
use lifecycle::operation::BootProof;
use patch::run::{Effect, Event, RebootReport, Run, Saved};
use patch::{Script, Settings};
use serde_json::json;
use tokio::time::sleep;

use super::super::evidence::Boot;
use super::guest::Guest;
use super::outcome::Outcome;
use crate::scenario::Context;
use crate::vm::Vm;

const REBOOTS_WITHIN: Duration = Duration::from_secs(300);
const ENDS_WITHIN: Duration = Duration::from_secs(900);

pub(super) async fn resumed_everywhere(context: Context) -> Result<()> {
    let packages = ["lab-tool", "lab-lib", "lab-slow", "lab-fails"];
    let guest = Guest::with(&context, &packages).await?;
    let boot = Boot::of(&guest.vm).await?;
    context.step("a package fails");
    let outcome = patch(&guest.vm, Settings::new("fails".parse()?)).await?;
    outcome
        .expect_ending("incomplete")?
        .expect_end_says("lab-fails")?
        .expect_upgraded(&[
            ("lab-lib", "1.0", "2.0", true),
            ("lab-slow", "1.0", "2.0", false),
            ("lab-tool", "1.0", "2.0", true),
        ])?;
    once(&guest).await?;
    guest.updates.publish_mended().await?;
    let outcome = patch(&guest.vm, Settings::new("refused".parse()?)).await?;
    outcome.expect_ending("refused")?;
    boot.goes_on(&guest.vm).await?;
    context.step("it is mended, and the guest reboots");
    let mending = Settings {
        allow_mending: true,
        ..Settings::new("mended".parse()?)
    };
    let outcome = patch(&guest.vm, mending).await?;
    outcome
        .expect_ending("patched")?
        .expect_rebooted(&guest.vm, boot.id())
        .await?;
    ensure!(guest.version("lab-fails").await? == "2.1", "not mended");
    let restarts = guest.restarts()?;
    ensure!(restarts == 1, "the guest went down {restarts} times");
    once(&guest).await
}

/// The package was configured once.
async fn once(guest: &Guest) -> Result<()> {
    let configured = guest.run("cat /var/lib/lab-slow.configured").await?;
    ensure!(configured == "configure 1.0", "configured: {configured}");
    Ok(())
}

/// One run to its end. For each kind of effect a controller dies before the first one, and another after
/// it, before it hears what came of it.
async fn patch(vm: &Vm, settings: Settings) -> Result<Outcome> {
    let end = Instant::now() + ENDS_WITHIN;
    let (mut run, mut effect) = Run::begin(settings, now()?);
    let mut deaths = BTreeSet::new();
    loop {
        let (name, stored) = (effect.name(), serde_json::to_string(run.saved())?);
        ensure!(Instant::now() < end, "the run does not end: {stored}");
        if deaths.insert(("before", name)) {
            (run, effect) = resumed(&stored)?;
            continue;
        }
        if let Effect::Finish(outcome) = effect {
            return Ok(Outcome::of(json!(outcome)));
        }
        let event = perform(vm, effect).await?;
        if deaths.insert(("after", name)) {
            (run, effect) = resumed(&stored)?;
        } else {
            effect = run.step(event, now()?);
        }
    }
}

/// A new controller that has nothing but what the last one stored.
fn resumed(stored: &str) -> Result<(Run, Effect)> {
    let saved: Saved = serde_json::from_str(stored)?;
    Ok(Run::resume(saved, now()?))
}

async fn perform(vm: &Vm, effect: Effect) -> Result<Event> {
    Ok(match effect {
        Effect::Shell(_, script) => Event::Printed(shell(vm, &script).await),
        Effect::Sleep(pause) => {
            sleep(pause).await;
            Event::Woke
        }
        Effect::Reboot { old, .. } => Event::Rebooted(reboot(vm, old).await?),
        Effect::Snapshot(name) => bail!("nobody asked for the snapshot {name}"),
        Effect::Finish(_) => bail!("the run has ended"),
    })
}

async fn shell(vm: &Vm, script: &Script) -> Result<Vec<u8>, String> {
    let text = STANDARD.encode(&script.text);
    let command = format!("echo {text} | base64 -d | /bin/sh -s");
    let output = vm.ssh(&command).await;
    let output = output.map_err(|error| format!("{error:#}"))?;
    match output.code {
        Some(0) => Ok(output.stdout.into_bytes()),
        code => Err(format!("{code:?}: {}", output.stderr)),
    }
}

async fn reboot(vm: &Vm, old: BootId) -> Result<RebootReport> {
    let asked = Instant::now();
    vm.ssh("systemctl reboot").await?;
    while asked.elapsed() < REBOOTS_WITHIN {
        sleep(Duration::from_secs(2)).await;
        if let Some((new, uptime)) = boot(vm).await?.filter(|(new, _)| *new != old) {
            let took = asked.elapsed();
            return Ok(RebootReport::Proved(BootProof {
                old,
                new,
                uptime,
                took,
            }));
        }
    }
    bail!("`{}` does not come back\n{}", vm.name(), vm.log_tail())
}

/// The boot that answers, if one does, and how old it is.
async fn boot(vm: &Vm) -> Result<Option<(BootId, Duration)>> {
    let output = vm
        .ssh("cat /proc/sys/kernel/random/boot_id /proc/uptime")
        .await?;
    let mut words = output.stdout.split_whitespace();
    let Some((id, uptime)) = words.next().zip(words.next()) else {
        return Ok(None);
    };
    let id = id
        .parse()
        .map_err(|_| anyhow::anyhow!("not a boot id: {id}"))?;
    Ok(Some((id, Duration::from_secs_f64(uptime.parse()?))))
}

fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let millis = u64::try_from(since.as_millis()).context("the clock is far off")?;
    Ok(Timestamp::from_millis(millis))
}

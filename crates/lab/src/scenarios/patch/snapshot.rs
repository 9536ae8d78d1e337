//! The snapshot before an upgrade, in the disk of a real machine: listed with its expiry, gone back to at
//! the operator's word and only when the guest is off, deleted when its time is over.
//!
//! ```text
//! QEMU     plan file: snapshot ─► upgrade ─► rollback refused ─► hospes shutdown ─► rollback ─► start
//!          patched anew with another snapshot; the one that has expired is deleted, and no other
//! Proxmox  option:    snapshot ─► upgrade ─► rollback refused ─► poweroff inside ─► rollback ─► start
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::super::evidence::Boot;
use super::super::proof::{powered_off_by_itself, text};
use super::guest::Guest;
use super::program::{apply, latest_outcome};
use crate::proxmox::{ClusterLayout, Proxmox};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec, clustered_guest};

const PACKAGE: &str = "lab-tool";
const OLDER: &str = "1.0";
const NEWER: &str = "2.0";

const PLAN: &str =
    "name = \"careful\"\n[group.web]\nguests = [\"web\"]\nsnapshot-expires = \"3d\"\n";
const THREE_DAYS_MS: u64 = 3 * 24 * 3600 * 1000;

/// What the owner wrote before the snapshot, and what after it.
const BEFORE: &str = "/root/before";
const AFTER: &str = "/root/after";

const NODE: &str = "pve1";
const VMID: u32 = 101;

pub(super) async fn gone_back(context: Context) -> Result<()> {
    let guest = Guest::with(&context, &[PACKAGE]).await?;
    let vm = &guest.vm;
    let mut expected = in_disk(vm).await?;
    written(vm, BEFORE).await?;
    carried_out(&context).await?;
    expect_version(vm, NEWER).await?;
    let first = listed(&context, THREE_DAYS_MS).await?;
    expected.push(first.clone());
    ensure!(in_disk(vm).await? == expected, "not in the disk: {first}");
    refused_while_it_runs(&context, vm).await?;
    written(vm, AFTER).await?;

    context.hospes(&["shutdown", "web"]).await?.expect_exit(0)?;
    rolled_back(&context, vm, &first).await?;
    started(&context, vm).await?;

    context.step("the guest can be patched anew");
    let again = apply(&context, &["--snapshot-expires", "1s"], 0).await?;
    let changed = [(PACKAGE, OLDER, NEWER, true)];
    again.expect_ending("patched")?.expect_upgraded(&changed)?;
    let second = text(again.seen("snapshot"));
    let all = in_disk(vm).await?;
    ensure!(all.contains(&second), "{second} is not in the disk");
    expired(&context, &second).await?;
    ensure!(in_disk(vm).await? == expected, "{second} was not deleted");
    Ok(())
}

pub(super) async fn on_proxmox(context: Context) -> Result<()> {
    let guest = Guest::boot(&context, VmSpec::new("web"), &[PACKAGE]).await?;
    guest.updates.publish_newer().await?;
    let Guest { vm, updates } = guest;
    let vm = Arc::new(vm);
    let proxmox = Proxmox::start(ClusterLayout::new(&context.dir().join("pve"), &[NODE])).await?;
    proxmox.add_real(NODE, VMID, "web", Arc::clone(&vm))?;
    let guest_table = clustered_guest(&vm, "lab", VMID);
    context.configure_with(&(proxmox.toml() + &guest_table))?;
    written(&vm, BEFORE).await?;
    let patched = apply(&context, &["--snapshot-expires", "3d"], 0).await?;
    patched.expect_ending("patched")?;
    expect_version(&vm, NEWER).await?;
    let snapshot = listed(&context, THREE_DAYS_MS).await?;
    refused_while_it_runs(&context, &vm).await?;
    written(&vm, AFTER).await?;

    context.step("the guest powers itself off");
    vm.ssh("systemctl poweroff --no-block").await?;
    vm.wait_for_exit(Duration::from_secs(120)).await?;
    powered_off_by_itself(&vm)?;
    rolled_back(&context, &vm, &snapshot).await?;
    started(&context, &vm).await?;
    ensure!(proxmox.power_cuts() == 0, "the power was cut");
    drop(updates);
    Ok(())
}

/// Plans by a plan file that asks for snapshots, and carries the document out.
async fn carried_out(context: &Context) -> Result<()> {
    std::fs::write(context.dir().join("plan.toml"), PLAN)?;
    for words in [
        &["patch", "plan", "--file", "plan.toml", "--out", "plan.json"][..],
        &["patch", "apply", "--plan", "plan.json"],
    ] {
        context.hospes(words).await?.expect_exit(0)?;
    }
    let outcome = latest_outcome(context).await?;
    outcome.expect_ending("patched")?;
    Ok(())
}

/// The only snapshot that the program lists, kept so long; nothing has expired.
async fn listed(context: &Context, kept_ms: u64) -> Result<String> {
    let list = context.hospes(&["patch", "snapshots", "--expire", "--json"]);
    let list = list.await?.expect_exit(0)?.json()?;
    let all = list["snapshots"].as_array().context("no list")?;
    ensure!(all.len() == 1, "not one snapshot: {list}");
    let (of, moment) = (&all[0], |key: &str| all[0][key].as_u64());
    let kept = moment("expires").zip(moment("asked"));
    let kept = kept.and_then(|(expires, asked)| expires.checked_sub(asked));
    ensure!(
        of["guest"] == "web" && of["expired"] == false && of["deleted"].is_null(),
        "{list}"
    );
    ensure!(kept == Some(kept_ms), "kept for {kept:?} ms: {list}");
    Ok(text(&of["name"]))
}

/// A running guest is never rolled back, whoever asks.
async fn refused_while_it_runs(context: &Context, vm: &Vm) -> Result<()> {
    let boot = Boot::of(vm).await?;
    let refused = context.hospes(&["patch", "rollback", "web", "--json"]);
    let refused = refused.await?.expect_exit(3)?.json()?;
    ensure!(refused["rolled_back"] == false, "{refused}");
    let reasons = refused["lines"].to_string();
    ensure!(reasons.contains("hospes shutdown web"), "{refused}");
    boot.goes_on(vm).await?;
    expect_version(vm, NEWER).await
}

/// Of a guest that is off; it stays off.
async fn rolled_back(context: &Context, vm: &Vm, snapshot: &str) -> Result<()> {
    let words = ["patch", "rollback", "web", "--json"];
    let dry = context.hospes(&[&words[..], &["--check"]].concat()).await?;
    let dry = dry.expect_exit(0)?.json()?;
    ensure!(dry["rolled_back"] == false, "{dry}");
    let back = context.hospes(&words).await?.expect_exit(0)?.json()?;
    let told = (&back["rolled_back"], &back["snapshot"]);
    ensure!(told == (&json!(true), &json!(snapshot)), "{back}");
    ensure!(!vm.is_running(), "nobody asked for a start");
    Ok(())
}

/// The guest of before the upgrade: its packages, its files, and a system that is as it should be.
async fn started(context: &Context, vm: &Vm) -> Result<()> {
    context.hospes(&["start", "web"]).await?.expect_exit(0)?;
    expect_version(vm, OLDER).await?;
    let files = format!("[ -e {BEFORE} ] && [ ! -e {AFTER} ]");
    let state = "[ -z \"$(dpkg --audit)\" ] && apt-get check";
    for condition in [&files, state] {
        vm.ssh(condition).await?.success()?;
    }
    context.hospes(&["check", "web"]).await?.expect_exit(0)?;
    Ok(())
}

/// What has expired is deleted, and told.
async fn expired(context: &Context, snapshot: &str) -> Result<()> {
    let list = context.hospes(&["patch", "snapshots", "--expire", "--json"]);
    let list = list.await?.expect_exit(0)?.json()?;
    let all = list["snapshots"].as_array().context("no list")?;
    let deleted = |row: &&Value| row["deleted"] == true;
    let deleted: Vec<String> = all
        .iter()
        .filter(deleted)
        .map(|row| text(&row["name"]))
        .collect();
    ensure!(deleted == [snapshot] && all.len() == 2, "{list}");
    Ok(())
}

async fn written(vm: &Vm, file: &str) -> Result<()> {
    vm.ssh(&format!("touch {file} && sync")).await?.success()?;
    Ok(())
}

/// Fails unless dpkg has this version, and the file on the disk is of it.
async fn expect_version(vm: &Vm, version: &str) -> Result<()> {
    let asked = format!("dpkg-query -W -f '${{Version}} ' {PACKAGE} && {PACKAGE}");
    let told = vm.ssh(&asked).await?.success()?;
    let expected = format!("{version} {version}");
    ensure!(told.trim() == expected, "{PACKAGE} is {told}");
    Ok(())
}

/// The snapshots inside the machine's disk, as QEMU has them.
async fn in_disk(vm: &Vm) -> Result<Vec<String>> {
    let rows = vm.qmp("query-block", json!({})).await?;
    let disks = rows.as_array().context("no disks")?;
    let image = disks.first().map(|disk| &disk["inserted"]["image"]);
    let inside = image.map(|image| image["snapshots"].clone());
    let inside = inside.unwrap_or_default();
    let inside = inside.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(inside.iter().map(|it| text(&it["name"])).collect())
}

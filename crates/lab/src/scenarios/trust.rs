//! Whom hospes believes to be the guest: host keys, and machines that answer in its place.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::evidence::Boot;
use super::proof::{refusal_reasons, text};
use crate::scenario::Context;
use crate::vm::{Vm, VmSpec, hospes_toml};

const NEW_HOST_KEY: &str = "rm -f /etc/ssh/ssh_host_ed25519_key* && \
     ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key && systemctl restart ssh";
const WRONG: &str = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) async fn host_keys(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let before = keys(&context).await?;
    ensure!(
        before["pinned_before"] == Value::Array(Vec::new()),
        "pinned unasked: {before}"
    );
    ensure!(before["reported"][0] == before["presented"], "{before}");
    context.step("the first contact pins what the channel reports");
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    let pinned = keys(&context).await?;
    ensure!(pinned["pinned_before"] == pinned["reported"], "{pinned}");
    context.step("a changed key that the channel confirms is pinned anew");
    renew_host_key(&vm).await?;
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    let again = keys(&context).await?;
    ensure!(again["pinned_before"] == again["reported"], "{again}");
    ensure!(
        again["pinned_before"] != pinned["pinned_before"],
        "the old key is pinned: {again}"
    );
    unconfirmed_change(&context, &vm).await?;
    without_channel(&context, &vm).await
}

/// The key changes while the agent is silent: only the operator can tell.
async fn unconfirmed_change(context: &Context, vm: &Vm) -> Result<()> {
    context.step("a changed key that nobody confirms is refused");
    vm.ssh("systemctl stop qemu-guest-agent").await?.success()?;
    vm.ssh(NEW_HOST_KEY).await?.success()?;
    let fingerprint = fingerprint(vm).await?;
    let run = context
        .hospes(&["ready", "web", "--json"])
        .await?
        .expect_exit(4)?;
    let reason = text(&run.json()?["guests"][0]["reason"]);
    ensure!(reason.contains("host key changed"), "{reason}");
    let command = format!("hospes trust web --fingerprint {fingerprint}");
    ensure!(reason.contains(&command), "{reason}");
    let before = keys(context).await?["pinned_before"].clone();
    context
        .hospes(&["trust", "web", "--fingerprint", WRONG])
        .await?
        .expect_exit(3)?;
    ensure!(
        keys(context).await?["pinned_before"] == before,
        "a wrong fingerprint was pinned"
    );
    context
        .hospes(&["trust", "web", "--fingerprint", &fingerprint])
        .await?
        .expect_exit(0)?;
    context.hospes(&["ready", "web"]).await?.expect_exit(0)?;
    Ok(())
}

/// The same machine as a guest of which hospes knows nothing and which has no channel.
async fn without_channel(context: &Context, vm: &Vm) -> Result<()> {
    context.step("without channel and pin, known_hosts decides");
    let configured = hospes_toml(&[vm]).replace("guest.web", "guest.bare");
    let bare: Vec<&str> = configured
        .lines()
        .filter(|line| !line.starts_with("agent = "))
        .collect();
    context.configure_with(&bare.join("\n"))?;
    let run = context
        .hospes(&["ready", "bare", "--json"])
        .await?
        .expect_exit(4)?;
    let reason = text(&run.json()?["guests"][0]["reason"]);
    ensure!(reason.contains("not trusted"), "{reason}");
    ensure!(
        reason.contains("hospes trust bare --fingerprint SHA256:"),
        "{reason}"
    );
    let key = vm
        .ssh("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
        .await?
        .success()?;
    let folder = context.dir().join(".ssh");
    std::fs::create_dir_all(&folder)?;
    let line = format!("[127.0.0.1]:{} {key}\n", vm.ssh_port());
    std::fs::write(folder.join("known_hosts"), line)?;
    context.hospes(&["ready", "bare"]).await?.expect_exit(0)?;
    Ok(())
}

/// What `trust --check` shows; it pins nothing.
async fn keys(context: &Context) -> Result<Value> {
    context
        .hospes(&["trust", "web", "--check", "--json"])
        .await?
        .json()
}

async fn renew_host_key(vm: &Vm) -> Result<()> {
    let renewed = vm.agent_exec(NEW_HOST_KEY).await?;
    ensure!(renewed.code == Some(0), "{}", renewed.stderr);
    Ok(())
}

async fn fingerprint(vm: &Vm) -> Result<String> {
    let printed = vm
        .ssh("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
        .await?
        .success()?;
    printed
        .split(' ')
        .nth(1)
        .map(str::to_owned)
        .context("ssh-keygen printed no fingerprint")
}

pub(super) async fn other_machine(context: Context) -> Result<()> {
    let web = context.vm(VmSpec::new("web")).await?;
    let other = context.vm(VmSpec::new("other").fresh()).await?;
    let port = |vm: &Vm| format!("port = {}\n", vm.ssh_port());
    context.configure_with(&hospes_toml(&[&web]).replace(&port(&web), &port(&other)))?;
    let boots = (Boot::of(&web).await?, Boot::of(&other).await?);
    context.step("the other one presents the same host key");
    let check = context.hospes(&["check", "web", "--json"]).await?.json()?;
    let evidence = text(&check["guests"][0]["identity"]["different"]["evidence"]);
    ensure!(
        evidence.contains(boots.0.id()) && evidence.contains(boots.1.id()),
        "{check}"
    );
    let outcome = refused_restart(&context).await?;
    ensure!(
        refusal_reasons(&outcome).contains(&"other-machine".to_owned()),
        "{outcome}"
    );
    context.step("the other one presents another host key");
    renew_host_key(&other).await?;
    let outcome = refused_restart(&context).await?;
    ensure!(
        outcome.to_string().contains("host key refused"),
        "{outcome}"
    );
    boots.0.goes_on(&web).await?;
    boots.1.goes_on(&other).await
}

async fn refused_restart(context: &Context) -> Result<Value> {
    let run = context
        .hospes(&["restart", "web", "--json"])
        .await?
        .expect_exit(3)?;
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == "refused", "{outcome}");
    Ok(outcome)
}

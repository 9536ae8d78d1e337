//! Our agent on a real virtio port: nothing blocks it, and one client does not spoil the next.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::scenario::Context;
use crate::vm::{Vm, VmSpec};

/// What users call dead is an agent that leaves a ping unanswered for seconds. Emulated, with two
/// machines on two processors, a tenth of a second is quick.
const QUICK: Duration = Duration::from_secs(2);

pub(super) async fn never_blocked(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.step("a password helper that hangs");
    let helper = "printf '#!/bin/sh\\nsleep 20\\n' >/usr/local/sbin/chpasswd; \
                  chmod +x /usr/local/sbin/chpasswd; mkdir -p /run/systemd/system/qemu-guest-agent.service.d; \
                  printf '[Service]\\nEnvironment=PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin\\n' \
                  >/run/systemd/system/qemu-guest-agent.service.d/path.conf; \
                  systemctl daemon-reload; systemctl restart qemu-guest-agent";
    vm.ssh(helper).await?.success()?;
    ensure!(vm.agent_pings(Duration::from_secs(30)).await, "no answer");
    let password = json!({"username": "plain", "password": "c2VjcmV0", "crypted": false});
    let forgotten = vm
        .agent_command_within(
            "guest-set-user-password",
            password,
            Duration::from_millis(500),
        )
        .await;
    ensure!(forgotten.is_err(), "the helper did not hang: {forgotten:?}");
    for _ in 0..5 {
        let asked = Instant::now();
        ensure!(vm.agent_pings(QUICK).await, "the helper blocks the channel");
        context.step(format!("answered in {:.0?}", asked.elapsed()));
    }
    half_a_request(&context, &vm).await
}

async fn half_a_request(context: &Context, vm: &Vm) -> Result<()> {
    context.step("half a request of a client that goes away");
    for part in [
        &b"{\"execute\": \"guest-info\", \"argum"[..],
        b"{\"execute\": \"guest-get-host-name\", \"id\": \"",
        b"[[[[",
        b"{\"execute\": \"guest-exec\", \"arguments\": {\"path\": \"/bin/sh\", \"arg\": [\"-c\", \"",
    ] {
        vm.agent_send(part).await?;
        let name = vm.agent_command("guest-get-host-name", json!({})).await?;
        ensure!(name["host-name"].is_string(), "{name}");
    }
    Ok(())
}

pub(super) async fn idle(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    ensure!(vm.agent_pings(Duration::from_secs(5)).await, "no answer");
    let switches =
        "cat /proc/$(pgrep -x hospes-agent)/task/*/status | awk '/ctxt/ {n += $2} END {print n}'";
    context.step("ten seconds without a host at the port");
    let script = format!("sleep 2; a=$({switches}); sleep 10; b=$({switches}); echo $((b - a))");
    let count: u64 = vm.ssh(&script).await?.success()?.trim().parse()?;
    ensure!(count == 0, "woken {count} times");
    let memory = "awk '/VmRSS/ {print $2}' /proc/$(pgrep -x hospes-agent)/status";
    let kib: u64 = vm.ssh(memory).await?.success()?.trim().parse()?;
    context.step(format!("resident: {kib} KiB"));
    Ok(())
}

/// Commands that change a guest, seen from inside the guest.
pub(super) async fn changes(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.step("time");
    let hour_ago = "date -d '1 hour ago' +%s000000000";
    let then: i64 = vm.ssh(hour_ago).await?.success()?.trim().parse()?;
    vm.agent_command("guest-set-time", json!({ "time": then }))
        .await?;
    let off: i64 = vm
        .ssh(&format!("echo $(( $(date +%s) - {then} / 1000000000 ))"))
        .await?
        .success()?
        .trim()
        .parse()?;
    ensure!((0..60).contains(&off), "the clock is {off} s off");
    vm.agent_command("guest-set-time", json!({})).await?;
    context.step("password");
    let password = json!({"username": "plain", "password": "bmV3LXNlY3JldA==", "crypted": false});
    vm.agent_command("guest-set-user-password", password)
        .await?;
    let hash = vm
        .ssh("getent shadow plain | cut -d: -f2")
        .await?
        .success()?;
    ensure!(hash.starts_with('$'), "no password is set: {hash}");
    context.step("SSH keys");
    let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGfl1v8Yd0m0Tt2kqk1vXo5xWJ6aQf0q7rV9d3sZ1abc lab";
    vm.agent_command(
        "guest-ssh-add-authorized-keys",
        json!({"username": "plain", "keys": [key]}),
    )
    .await?;
    let keys = json!({"username": "plain"});
    let keys = vm
        .agent_command("guest-ssh-get-authorized-keys", keys)
        .await?;
    let keys = keys["keys"].as_array().context("no keys")?;
    ensure!(keys.iter().any(|one| one == key), "{keys:?}");
    vm.agent_command(
        "guest-ssh-remove-authorized-keys",
        json!({"username": "plain", "keys": [key]}),
    )
    .await?;
    let left = vm
        .ssh("cat ~plain/.ssh/authorized_keys; stat -c '%U %a' ~plain/.ssh/authorized_keys")
        .await?;
    ensure!(!left.stdout.contains("AAAAIGfl1v8"), "{}", left.stdout);
    ensure!(left.stdout.contains("plain 600"), "{}", left.stdout);
    context.step("trim");
    let trimmed = vm.agent_command("guest-fstrim", json!({})).await?;
    ensure!(trimmed["paths"].as_array().is_some(), "{trimmed}");
    context.step("suspend and shutdown");
    let log = "journalctl -u qemu-guest-agent --no-pager -o cat";
    vm.agent_send(b"{\"execute\": \"guest-sync\", \"arguments\": {\"id\": 1}}{\"execute\": \"guest-shutdown\", \"arguments\": {\"mode\": \"nonsense\"}}").await?;
    // Whether soon or after it has given up the replies that nobody took.
    vm.agent_command("guest-ping", json!({})).await?;
    vm.ssh(log).await?.success()?;
    Ok(())
}

/// A guest is its own host on the loopback of vsock.
pub(super) async fn vsock(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    let listen = "modprobe vsock_loopback && systemd-run --quiet --unit=hospes-vsock \
                  hospes-agent qemu-ga --method=vsock-listen --path=1:1234 \
                  --statedir=/run/hospes-vsock";
    vm.ssh(listen).await?.success()?;
    context.step("two clients, one after the other");
    // A client of vsock(7) in the Perl that every Debian has: family 40, port 1234, address 1.
    let client = r#"socket(S, 40, 1, 0); $to = pack("SSLLx4", 40, 0, 1234, 1);
                    for (1..50) { last if $open = connect(S, $to); select(undef, undef, undef, 0.2) }
                    die $! unless $open;
                    syswrite(S, q({"execute": "guest-sync", "arguments": {"id": 7}}));
                    alarm 20; print scalar <S>"#;
    for _ in 0..2 {
        let reply = vm.ssh(&format!("perl -e '{client}'")).await?.success()?;
        let reply: serde_json::Value = serde_json::from_str(reply.trim())?;
        ensure!(reply == json!({"return": 7}), "{reply}");
    }
    vm.ssh("systemctl stop hospes-vsock").await?.success()?;
    Ok(())
}

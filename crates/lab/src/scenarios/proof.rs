//! What several scenarios plant in a guest, and how they read what became of it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::scenario::{Context, HospesRun};
use crate::vm::{Vm, hospes_toml};

/// A service that keeps the guest from going down for as long as `ExecStop=` takes. Ordered after
/// SSH and the agent: they are stopped once it is, and answer until then. In `/run`, so that the
/// next boot does not have it.
const HOLDING_UNIT: &str = "/run/systemd/system/holding.service";
const LET_GO: &str = "/run/let-go";

/// The boot that the lab's own SSH finds.
pub(super) async fn boot_id(vm: &Vm) -> Result<String> {
    vm.ssh("cat /proc/sys/kernel/random/boot_id")
        .await?
        .success()
}

/// Configures the only guest, with other deadlines than the usual ones.
pub(super) fn configure(context: &Context, vm: &Vm, deadlines: &[(&str, &str)]) -> Result<()> {
    let mut text = hospes_toml(&[vm]);
    text += &format!("\n[guest.{}.deadlines]\n", vm.name());
    for (key, value) in deadlines {
        text += &format!("{key} = \"{value}\"\n");
    }
    context.configure_with(&text)
}

/// Makes every shutdown and reboot of this boot wait until `stop`, a shell command, has ended.
pub(super) async fn hold_shutdown(vm: &Vm, stop: &str) -> Result<()> {
    let unit = format!(
        "[Unit]\nAfter=ssh.service qemu-guest-agent.service systemd-networkd.service dbus.service\n\
         [Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n\
         ExecStop=/bin/sh -c '{stop}'\nTimeoutStopSec=infinity\n"
    );
    let script = format!(
        "cat > {HOLDING_UNIT} <<'UNIT'\n{unit}UNIT\nsystemctl daemon-reload && systemctl start holding"
    );
    vm.ssh(&script).await?.success()?;
    Ok(())
}

/// A command for [`hold_shutdown`] that ends when [`let_go`] says so.
pub(super) fn until_let_go() -> String {
    format!("until [ -e {LET_GO} ]; do sleep 1; done")
}

/// Lets a guest that is held go down.
pub(super) async fn let_go(vm: &Vm) -> Result<()> {
    vm.ssh(&format!("touch {LET_GO}")).await?.success()?;
    Ok(())
}

/// The pid of the machine's QEMU.
pub(super) fn qemu(vm: &Vm) -> Result<i32> {
    vm.pid().context("no QEMU runs")
}

/// Fails unless the same QEMU still runs the same boot.
pub(super) async fn untouched(vm: &Vm, process: i32, boot: &str) -> Result<()> {
    ensure!(qemu(vm)? == process, "QEMU is another process");
    ensure!(
        vm.run_state().await? == "running",
        "the machine does not run"
    );
    let now = boot_id(vm).await?;
    ensure!(now == boot, "the boot was {boot} and is {now}");
    Ok(())
}

/// Fails unless the guest powered itself off: the kernel says so on its console as the last thing.
pub(super) fn powered_off_by_itself(vm: &Vm) -> Result<()> {
    let console = std::fs::read(vm.dir().join("serial.log")).context("no console")?;
    let console = String::from_utf8_lossy(&console);
    ensure!(
        console.contains("reboot: Power down"),
        "no clean end:\n{}",
        vm.log_tail()
    );
    Ok(())
}

/// The session of a process (proc(5), `stat`, field 6); 0 where its leader is outside this PID namespace.
pub(super) fn session_of(process: i32) -> Result<i32> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).context("the process has ended")?;
    // The name in parentheses may hold anything, spaces and parentheses too.
    let (_, fields) = stat.rsplit_once(')').context("no process name")?;
    let session = fields.split_whitespace().nth(3).context("no session")?;
    session.parse().with_context(|| path)
}

/// The reasons of a refusal, by their tags.
pub(super) fn refusal_reasons(outcome: &Value) -> Vec<String> {
    let reasons = outcome["refusal"]["reasons"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    reasons
        .iter()
        .map(|reason| text(&reason["reason"]))
        .collect()
}

/// The record of run `id`.
pub(super) async fn record(context: &Context, id: &str) -> Result<Value> {
    context
        .hospes(&["runs", "show", id, "--json"])
        .await?
        .expect_exit(0)?
        .json()
}

/// The results of a run's steps of one kind: null where none was recorded.
pub(super) fn steps(record: &Value, effect: &str) -> Vec<Value> {
    let steps = record["steps"].as_array().cloned().unwrap_or_default();
    let of_kind = steps.into_iter().filter(|step| step["effect"] == effect);
    of_kind.map(|mut step| step["result"].take()).collect()
}

/// Fails unless `run` proved that boot `old` ended and that the guest now runs the new one.
pub(super) async fn proved(run: &HospesRun, vm: &Vm, word: &str, old: &str) -> Result<()> {
    let outcome = run.outcome()?;
    ensure!(outcome["outcome"] == word, "{outcome}");
    ensure!(text(&outcome["proof"]["old"]) == old, "{outcome}");
    let now = boot_id(vm).await?;
    ensure!(now != old, "the boot id is the same");
    ensure!(text(&outcome["proof"]["new"]) == now, "{outcome}");
    Ok(())
}

/// A duration in a document.
pub(super) fn duration(value: &Value) -> Duration {
    Duration::from_secs(value["secs"].as_u64().unwrap_or_default())
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

//! Both agents in one guest, one of them running.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::usage::figure;
use crate::vm::Vm;

/// The unit of an agent in the guest, and the command that starts it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    pub(super) unit: &'static str,
    start: &'static str,
}

/// The unit that Debian's package brings.
pub(super) const STOCK: Service = Service {
    unit: "qemu-guest-agent",
    start: "systemctl start qemu-guest-agent",
};

/// Ours, with the command line of the other.
pub(super) const OURS: Service = Service {
    unit: "bench-agent",
    start: "systemd-run --quiet --collect --unit=bench-agent \
            --property=RuntimeDirectory=bench-agent \
            /usr/local/sbin/hospes-agent qemu-ga -t /run/bench-agent",
};

/// Where [`OURS`] expects the program.
pub(super) const PROGRAM: &str = "/usr/local/sbin/hospes-agent";

/// What an agent used while no host asked for anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// In bytes.
    pub(super) resident: u64,
    /// The most so far, in bytes.
    pub(super) peak: u64,
    /// In ten seconds.
    pub(super) wake_ups: u64,
}

const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

impl Service {
    /// Stops both agents, starts this one and waits until it answers.
    pub(super) async fn switch_to(self, vm: &Vm) -> Result<()> {
        let (stock, ours, start) = (STOCK.unit, OURS.unit, self.start);
        let script = format!("systemctl stop {stock}; systemctl stop {ours} 2>&-; {start}");
        vm.ssh(&script).await?.success()?;
        let begun = Instant::now();
        while !vm.agent_pings(Duration::from_secs(5)).await {
            let waited = begun.elapsed();
            ensure!(waited < ANSWERS_WITHIN, "{} does not answer", self.unit);
        }
        Ok(())
    }

    /// Watches it for ten seconds, after three in which the last host's leaving is dealt with.
    pub(super) async fn usage(self, vm: &Vm) -> Result<Usage> {
        let told = vm.ssh(&watch(self.unit)).await?.success()?;
        usage(&told).with_context(|| format!("of {} the guest told: {told}", self.unit))
    }
}

fn watch(unit: &str) -> String {
    format!(
        "pid=$(systemctl show --property=MainPID --value {unit})\n\
         switches() {{ cat /proc/$pid/task/*/status \
           | awk '/ctxt_switches:/ {{ n += $2 }} END {{ print n }}'; }}\n\
         sleep 3; before=$(switches); sleep 10; after=$(switches)\n\
         echo \"wake-ups: $((after - before))\"\n\
         cat /proc/$pid/smaps_rollup /proc/$pid/status"
    )
}

fn usage(told: &str) -> Result<Usage> {
    Ok(Usage {
        resident: figure(told, "Rss:")? * 1024,
        peak: figure(told, "VmHWM:")? * 1024,
        wake_ups: figure(told, "wake-ups:")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_guest_tells_is_read() {
        let seen = usage("wake-ups: 103\nRss:  4096 kB\nName: qemu-ga\nVmHWM:\t 4608 kB").unwrap();
        assert_eq!((seen.wake_ups, seen.resident), (103, 4096 * 1024));
        assert_eq!(seen.peak, 4608 * 1024);
    }
}

//! Results about what disks and processors did.

use serde::Serialize;

/// What a disk did (`GuestDiskStatsInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DiskStatistics {
    /// Its name (`sda1`).
    pub name: String,
    /// The major number of its device.
    pub major: u64,
    /// The minor number of its device.
    pub minor: u64,
    /// Its counters.
    pub stats: DiskCounters,
}

/// The counters of `/proc/diskstats` (`GuestDiskStats`); those that the kernel lacks are absent.
/// Sectors have 512 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DiskCounters {
    /// Sectors read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_sectors: Option<u64>,
    /// Reads completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_ios: Option<u64>,
    /// Reads merged into others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_merges: Option<u64>,
    /// Sectors written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_sectors: Option<u64>,
    /// Writes completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_ios: Option<u64>,
    /// Writes merged into others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_merges: Option<u64>,
    /// Sectors discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discard_sectors: Option<u64>,
    /// Discards completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discard_ios: Option<u64>,
    /// Discards merged into others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discard_merges: Option<u64>,
    /// Flushes completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush_ios: Option<u64>,
    /// Milliseconds spent reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_ticks: Option<u64>,
    /// Milliseconds spent writing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_ticks: Option<u64>,
    /// Milliseconds spent discarding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discard_ticks: Option<u64>,
    /// Milliseconds spent flushing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush_ticks: Option<u64>,
    /// Requests in flight now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ios_pgr: Option<u64>,
    /// Milliseconds in which any request was in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ticks: Option<u64>,
    /// Milliseconds that all requests together took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_ticks: Option<u64>,
}

/// What a processor did (`GuestCpuStats`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum CpuStatistics {
    /// As Linux counts.
    Linux(LinuxCpuStatistics),
}

/// Milliseconds that a processor spent (`GuestLinuxCpuStats`); kinds that the kernel lacks are
/// absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LinuxCpuStatistics {
    /// Its number.
    pub cpu: i64,
    /// In programs.
    pub user: u64,
    /// In programs of low priority.
    pub nice: u64,
    /// In the kernel.
    pub system: u64,
    /// With nothing to do.
    pub idle: u64,
    /// With nothing to do while a disk worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iowait: Option<u64>,
    /// In interrupts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub irq: Option<u64>,
    /// In soft interrupts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub softirq: Option<u64>,
    /// Taken by the hypervisor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal: Option<u64>,
    /// In guests of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<u64>,
    /// In guests of low priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guestnice: Option<u64>,
}

/// How many processes ran or waited, averaged (`GuestLoadAverage`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LoadAverage {
    /// Over one minute.
    pub load1m: f64,
    /// Over five minutes.
    pub load5m: f64,
    /// Over fifteen minutes.
    pub load15m: f64,
}

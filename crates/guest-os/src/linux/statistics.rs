//! What disks and processors did: `/proc/diskstats`, `/proc/stat`, `/proc/loadavg` (proc(5)).
#![allow(unsafe_code, reason = "sysconf(3) knows how long a tick is")]

use qga::results::statistics::{
    CpuStatistics, DiskCounters, DiskStatistics, LinuxCpuStatistics, LoadAverage,
};

use super::kernel_file;
use crate::{Error, Result};

/// Every disk and partition (`guest-get-diskstats`).
///
/// # Errors
/// When `/proc/diskstats` cannot be read.
pub fn disk_statistics() -> Result<Vec<DiskStatistics>> {
    let table = text("/proc/diskstats")?;
    Ok(table.lines().filter_map(disk).collect())
}

/// Every processor that is online (`guest-get-cpustats`).
///
/// # Errors
/// When `/proc/stat` cannot be read.
pub fn cpu_statistics() -> Result<Vec<CpuStatistics>> {
    let table = text("/proc/stat")?;
    let ticks = ticks_per_second();
    let processors = table.lines().filter_map(|line| processor(line, ticks));
    Ok(processors.map(CpuStatistics::Linux).collect())
}

/// The load average (`guest-get-load`).
///
/// # Errors
/// When `/proc/loadavg` cannot be read.
pub fn load() -> Result<LoadAverage> {
    let line = text("/proc/loadavg")?;
    load_average(&line).ok_or(Error::Unsupported("load average"))
}

fn text(path: &str) -> Result<String> {
    let content = kernel_file::read(path)
        .map_err(|error| Error::os(format_args!("open(\"{path}\")"), error))?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// `254 0 vda 97576 26167 7136642 42379 ...`
fn disk(line: &str) -> Option<DiskStatistics> {
    let mut fields = line.split_ascii_whitespace();
    let major = fields.next()?.parse().ok()?;
    let minor = fields.next()?.parse().ok()?;
    let name = fields.next()?.to_owned();
    let counts = fields
        .map_while(|field| field.parse().ok())
        .collect::<Vec<_>>();
    Some(DiskStatistics {
        name,
        major,
        minor,
        stats: counters(&counts)?,
    })
}

/// The columns of `Documentation/admin-guide/iostats.rst`. Older kernels have fewer, and of a
/// partition very old ones four of another meaning.
fn counters(counts: &[u64]) -> Option<DiskCounters> {
    if let [read_ios, read_sectors, write_ios, write_sectors] = counts {
        return Some(DiskCounters {
            read_ios: Some(*read_ios),
            read_sectors: Some(*read_sectors),
            write_ios: Some(*write_ios),
            write_sectors: Some(*write_sectors),
            ..DiskCounters::default()
        });
    }
    let basic = counts.len() >= 11;
    let count = |index: usize| counts.get(index).copied().filter(|_| basic);
    let discards = counts.len() >= 15;
    let discard = |index: usize| count(index).filter(|_| discards);
    let flushes = counts.len() >= 17;
    let flush = |index: usize| count(index).filter(|_| flushes);
    (counts.len() > 4).then(|| DiskCounters {
        read_ios: count(0),
        read_merges: count(1),
        read_sectors: count(2),
        read_ticks: count(3),
        write_ios: count(4),
        write_merges: count(5),
        write_sectors: count(6),
        write_ticks: count(7),
        ios_pgr: count(8),
        total_ticks: count(9),
        weight_ticks: count(10),
        discard_ios: discard(11),
        discard_merges: discard(12),
        discard_sectors: discard(13),
        discard_ticks: discard(14),
        flush_ios: flush(15),
        flush_ticks: flush(16),
    })
}

/// `cpu0 721600 1 69679 406309 2714 0 1572 1662 2 0`. The sum of all (`cpu`) is none.
fn processor(line: &str, ticks_per_second: u64) -> Option<LinuxCpuStatistics> {
    let mut fields = line.strip_prefix("cpu")?.split_ascii_whitespace();
    let first = line.as_bytes().get(3)?;
    let cpu = first
        .is_ascii_digit()
        .then(|| fields.next())??
        .parse()
        .ok()?;
    let mut next = || {
        let ticks: u64 = fields.next()?.parse().ok()?;
        Some(ticks.saturating_mul(1000) / ticks_per_second)
    };
    Some(LinuxCpuStatistics {
        cpu,
        user: next()?,
        nice: next()?,
        system: next()?,
        idle: next()?,
        iowait: next(),
        irq: next(),
        softirq: next(),
        steal: next(),
        guest: next(),
        guestnice: next(),
    })
}

fn ticks_per_second() -> u64 {
    // SAFETY: reads a number, no memory.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    // 100 on every machine of today; what the kernel would say is never 0.
    u64::try_from(ticks)
        .ok()
        .filter(|ticks| *ticks > 0)
        .unwrap_or(100)
}

/// `0.20 0.18 0.12 1/80 11206`
fn load_average(line: &str) -> Option<LoadAverage> {
    let mut fields = line.split_ascii_whitespace();
    let mut next = || {
        fields
            .next()?
            .parse::<f64>()
            .ok()
            .filter(|load| load.is_finite())
    };
    Some(LoadAverage {
        load1m: next()?,
        load5m: next()?,
        load15m: next()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json, to_value};

    use super::*;

    fn read(line: &str) -> Option<Value> {
        disk(line).map(|disk| to_value(disk).expect("JSON"))
    }

    #[test]
    fn a_disk_has_the_counters_that_its_kernel_knows() {
        let line = " 254   1 vda1 1 2 3 4 5 6 7 8 9 10 11";
        let basic = json!({
            "read-ios": 1, "read-merges": 2, "read-sectors": 3, "read-ticks": 4, "write-ios": 5,
            "write-merges": 6, "write-sectors": 7, "write-ticks": 8, "ios-pgr": 9,
            "total-ticks": 10, "weight-ticks": 11,
        });
        let expected = json!({"name": "vda1", "major": 254, "minor": 1, "stats": basic});
        assert_eq!(read(line), Some(expected));

        let discards = read(&format!("{line} 12 13 14 15")).expect("a disk");
        let stats = &discards["stats"];
        assert_eq!(stats["discard-ios"], 12);
        assert_eq!(stats["discard-merges"], 13);
        assert_eq!(stats["discard-sectors"], 14);
        assert_eq!(stats["discard-ticks"], 15);
        assert_eq!(stats.get("flush-ios"), None);

        let flushes = read(&format!("{line} 12 13 14 15 16 17 18")).expect("a disk");
        assert_eq!(flushes["stats"]["flush-ios"], 16);
        assert_eq!(flushes["stats"]["flush-ticks"], 17);
    }

    #[test]
    fn an_old_partition_has_four_counters() {
        let partition = read("8 1 sda1 1 2 3 4").expect("a partition");
        let expected = json!({
            "read-ios": 1, "read-sectors": 2, "write-ios": 3, "write-sectors": 4,
        });
        assert_eq!(partition["stats"], expected);
    }

    #[test]
    fn a_line_with_too_little_is_no_disk() {
        for line in [
            "",
            "8",
            "8 1",
            "8 1 sda",
            "8 1 sda 1 2 3",
            "x 1 sda 1 2 3 4",
            "8 1 sda a b",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        let part = read("8 1 sda 1 2 3 4 5").expect("a disk");
        assert_eq!(part["stats"], json!({}));
    }

    #[test]
    fn ticks_become_milliseconds() {
        let processor = processor("cpu12 1 2 3 4 5 6 7 8 9 10", 100).expect("a processor");
        let value = to_value(CpuStatistics::Linux(processor)).expect("JSON");
        let expected = json!({
            "type": "linux", "cpu": 12, "user": 10, "nice": 20, "system": 30, "idle": 40,
            "iowait": 50, "irq": 60, "softirq": 70, "steal": 80, "guest": 90, "guestnice": 100,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn only_single_processors_count() {
        for line in [
            "cpu  1 2 3 4 5",
            "cpu",
            "cpux 1 2 3 4",
            "intr 1 2",
            "cpu0 1 2 3",
            "",
        ] {
            assert_eq!(processor(line, 100), None, "{line}");
        }
        let old = processor("cpu0 1 2 3 4", 250).expect("a processor");
        assert_eq!((old.user, old.iowait), (4, None));
        let huge = processor(&format!("cpu0 {} 2 3 4", u64::MAX), 100).expect("a processor");
        assert!(huge.user > 0);
    }

    #[test]
    fn a_load_average_has_three_numbers() {
        let load = load_average("0.20 0.18 1.5 1/80 11206\n").expect("a load");
        assert_eq!((load.load1m, load.load5m, load.load15m), (0.2, 0.18, 1.5));
        for line in ["", "0.1 0.2", "a b c", "nan inf 1"] {
            assert_eq!(load_average(line), None);
        }
    }

    #[test]
    fn this_machine_tells_all_three() {
        assert!(!cpu_statistics().expect("processors").is_empty());
        disk_statistics().expect("disks");
        assert!(load().expect("load").load1m >= 0.0);
    }
}

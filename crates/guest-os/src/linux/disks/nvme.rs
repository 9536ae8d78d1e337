//! The SMART log of an NVMe disk (NVM Express base specification, log page 2).
#![allow(unsafe_code, reason = "the command goes to the controller by an ioctl")]

use std::mem::size_of;

use qga::results::storage::NvmeSmart;
use rustix::fs::{Mode, OFlags, open};
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

/// The size of the log in bytes.
pub(super) const LOG_SIZE: usize = 512;

/// The log of the controller behind a node; nothing for who may not ask, or from a controller
/// that does not tell.
pub(super) fn smart(node: &str) -> Option<NvmeSmart> {
    let file = open(node, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut log = [0_u8; LOG_SIZE];
    let mut command = AdminCommand::read_smart(&mut log);
    // SAFETY: the opcode belongs to the command's type; the command points to a buffer of the
    // length that it names, which lives until after the call.
    unsafe {
        let call = Updater::<{ ADMIN_COMMAND }, AdminCommand>::new(&mut command);
        ioctl(&file, call).ok()?;
    }
    Some(decode(&log))
}

const ADMIN_COMMAND: Opcode = opcode::read_write::<AdminCommand>(b'N', 0x41);

/// `struct nvme_passthru_cmd` of `linux/nvme_ioctl.h`.
#[repr(C)]
#[derive(Default)]
struct AdminCommand {
    opcode: u8,
    flags: u8,
    reserved: u16,
    namespace: u32,
    cdw2: u32,
    cdw3: u32,
    metadata: u64,
    address: u64,
    metadata_length: u32,
    data_length: u32,
    cdw10: u32,
    cdw11: u32,
    cdw12: u32,
    cdw13: u32,
    cdw14: u32,
    cdw15: u32,
    /// 0: the driver's own limit. A shorter one would reset a slow controller.
    timeout: u32,
    result: u32,
}

const _: () = assert!(size_of::<AdminCommand>() == 72);

impl AdminCommand {
    const GET_LOG_PAGE: u8 = 2;
    const SMART: u32 = 2;
    const EVERY_NAMESPACE: u32 = u32::MAX;
    /// Asynchronous events that the kernel waits for stay pending.
    const RETAIN_EVENTS: u32 = 1 << 15;

    fn read_smart(log: &mut [u8; LOG_SIZE]) -> Self {
        let words = LOG_SIZE as u32 / 4;
        Self {
            opcode: Self::GET_LOG_PAGE,
            namespace: Self::EVERY_NAMESPACE,
            address: log.as_mut_ptr().expose_provenance() as u64,
            data_length: LOG_SIZE as u32,
            cdw10: Self::SMART | Self::RETAIN_EVENTS | (words - 1) << 16,
            ..Self::default()
        }
    }
}

/// Reads the log's fields. Numbers are little-endian.
pub(super) fn decode(log: &[u8; LOG_SIZE]) -> NvmeSmart {
    let half = |offset: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&log[offset..offset + 8]);
        u64::from_le_bytes(bytes)
    };
    NvmeSmart {
        critical_warning: log[0],
        temperature: u16::from_le_bytes([log[1], log[2]]),
        available_spare: log[3],
        available_spare_threshold: log[4],
        percentage_used: log[5],
        data_units_read_lo: half(32),
        data_units_read_hi: half(40),
        data_units_written_lo: half(48),
        data_units_written_hi: half(56),
        host_read_commands_lo: half(64),
        host_read_commands_hi: half(72),
        host_write_commands_lo: half(80),
        host_write_commands_hi: half(88),
        controller_busy_time_lo: half(96),
        controller_busy_time_hi: half(104),
        power_cycles_lo: half(112),
        power_cycles_hi: half(120),
        power_on_hours_lo: half(128),
        power_on_hours_hi: half(136),
        unsafe_shutdowns_lo: half(144),
        unsafe_shutdowns_hi: half(152),
        media_errors_lo: half(160),
        media_errors_hi: half(168),
        number_of_error_log_entries_lo: half(176),
        number_of_error_log_entries_hi: half(184),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_specification_puts_them() {
        let mut log = [0_u8; LOG_SIZE];
        (log[0], log[1], log[2], log[3], log[4], log[5]) = (1, 0x43, 0x01, 100, 10, 7);
        for half in 0..20 {
            log[32 + 8 * half] = u8::try_from(half + 1).expect("small");
        }
        let smart = decode(&log);
        assert_eq!((smart.critical_warning, smart.temperature), (1, 323));
        assert_eq!(
            (smart.available_spare, smart.available_spare_threshold),
            (100, 10)
        );
        assert_eq!(smart.percentage_used, 7);
        let value = serde_json::to_value(smart).expect("JSON");
        let order = [
            "data-units-read",
            "data-units-written",
            "host-read-commands",
            "host-write-commands",
            "controller-busy-time",
            "power-cycles",
            "power-on-hours",
            "unsafe-shutdowns",
            "media-errors",
            "number-of-error-log-entries",
        ];
        for (index, name) in order.iter().enumerate() {
            assert_eq!(value[format!("{name}-lo")], 2 * index + 1);
            assert_eq!(value[format!("{name}-hi")], 2 * index + 2);
        }
    }

    #[test]
    fn what_is_no_nvme_disk_has_no_log() {
        assert_eq!(smart("/dev/null"), None);
        assert_eq!(smart("/dev/nonexistent"), None);
    }

    #[test]
    fn the_command_asks_for_the_whole_log() {
        let command = AdminCommand::read_smart(&mut [0; LOG_SIZE]);
        assert_eq!(command.cdw10, 0x007f_8002);
        assert_eq!((command.opcode, command.data_length), (2, 512));
    }
}

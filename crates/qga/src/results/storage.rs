//! Results about disks and file systems.

use serde::Serialize;

/// A mounted file system (`GuestFilesystemInfo`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Filesystem {
    /// Its block device's name (`sda1`, `dm-0`); on Windows its volume's
    /// (`\\?\Volume{...}\`).
    pub name: String,
    /// Where it is mounted first (`/`, `C:\`).
    pub mountpoint: String,
    /// `ext4`, `xfs`, `NTFS`, ...
    #[serde(rename = "type")]
    pub fs_type: String,
    /// Bytes in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_bytes: Option<u64>,
    /// Bytes that an ordinary user may use, the used ones among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// Bytes that root may use, or on Windows who has no quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes_privileged: Option<u64>,
    /// The disks that carry it; empty when none is known.
    pub disk: Vec<DiskAddress>,
}

/// A disk or partition (`GuestDiskInfo`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Disk {
    /// Its node (`/dev/sda`, `\\.\PhysicalDrive0`).
    pub name: String,
    /// Whether it is a partition; Windows lists none.
    pub partition: bool,
    /// On Linux, the nodes that it lies on: a partition's disk, a logical volume's physical volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<String>>,
    /// Where it is attached; disks of hardware only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<DiskAddress>,
    /// On Linux, the device mapper's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its health.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smart: Option<DiskSmart>,
}

/// Where a disk is attached (`GuestDiskAddress`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DiskAddress {
    /// Its controller.
    pub pci_controller: PciAddress,
    /// How it is attached.
    pub bus_type: DiskBusType,
    /// Which bus of its controller.
    pub bus: i64,
    /// Which target of the bus.
    pub target: i64,
    /// Which unit of the target.
    pub unit: i64,
    /// udev's `ID_SERIAL`; on Windows the serial number that the disk tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its node (`/dev/sda`, `\\.\PhysicalDrive0`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev: Option<String>,
    /// On s390x, its subchannel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ccw_address: Option<CcwAddress>,
}

/// How a disk is attached (`GuestDiskBusType`), as far as our guests tell: from `Ieee1394` on,
/// Windows alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskBusType {
    /// Parallel ATA.
    Ide,
    /// SCSI, also behind virtio.
    Scsi,
    /// A virtio block device.
    Virtio,
    /// USB storage.
    Usb,
    /// Serial ATA.
    Sata,
    /// NVMe.
    Nvme,
    /// None of the others.
    Unknown,
    /// IEEE 1394.
    Ieee1394,
    /// Serial storage architecture.
    Ssa,
    /// Fibre Channel.
    Fibre,
    /// A RAID controller.
    Raid,
    /// iSCSI.
    Iscsi,
    /// Serial attached SCSI.
    Sas,
    /// An SD card.
    Sd,
    /// A multimedia card.
    Mmc,
    /// A virtual bus.
    Virtual,
    /// A file (VHD).
    FileBackedVirtual,
}

/// A PCI function (`GuestPCIAddress`); -1 where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PciAddress {
    /// Domain.
    pub domain: i64,
    /// Bus.
    pub bus: i64,
    /// Slot.
    pub slot: i64,
    /// Function.
    pub function: i64,
}

impl PciAddress {
    /// The address of what is on no PCI bus.
    pub const UNKNOWN: Self = Self {
        domain: -1,
        bus: -1,
        slot: -1,
        function: -1,
    };
}

/// A channel device of s390x (`GuestCCWAddress`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CcwAddress {
    /// The channel subsystem image.
    pub cssid: i64,
    /// The subchannel set.
    pub ssid: i64,
    /// The subchannel.
    pub subchno: i64,
    /// The device.
    pub devno: i64,
}

/// A disk's health (`GuestDiskSmart`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DiskSmart {
    /// Of an NVMe disk.
    Nvme(NvmeSmart),
}

/// The SMART log of an NVMe disk (`GuestNVMeSmart`; NVM Express base specification, log page 2).
/// Counters of 128 bits come as a low and a high half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NvmeSmart {
    /// Bits of what is critical; 0: nothing.
    pub critical_warning: u8,
    /// Kelvin.
    pub temperature: u16,
    /// Percent of the spare blocks that are left.
    pub available_spare: u8,
    /// Percent of spare blocks below which the disk warns.
    pub available_spare_threshold: u8,
    /// Percent of the disk's life that is used; may pass 100.
    pub percentage_used: u8,
    /// Read, in thousands of 512 bytes.
    pub data_units_read_lo: u64,
    /// High half.
    pub data_units_read_hi: u64,
    /// Written, in thousands of 512 bytes.
    pub data_units_written_lo: u64,
    /// High half.
    pub data_units_written_hi: u64,
    /// Read commands.
    pub host_read_commands_lo: u64,
    /// High half.
    pub host_read_commands_hi: u64,
    /// Write commands.
    pub host_write_commands_lo: u64,
    /// High half.
    pub host_write_commands_hi: u64,
    /// Minutes in which the controller was busy.
    pub controller_busy_time_lo: u64,
    /// High half.
    pub controller_busy_time_hi: u64,
    /// Times it was switched on.
    pub power_cycles_lo: u64,
    /// High half.
    pub power_cycles_hi: u64,
    /// Hours it was on.
    pub power_on_hours_lo: u64,
    /// High half.
    pub power_on_hours_hi: u64,
    /// Times it lost power without warning.
    pub unsafe_shutdowns_lo: u64,
    /// High half.
    pub unsafe_shutdowns_hi: u64,
    /// Errors of the medium.
    pub media_errors_lo: u64,
    /// High half.
    pub media_errors_hi: u64,
    /// Entries that its error log ever had.
    pub number_of_error_log_entries_lo: u64,
    /// High half.
    pub number_of_error_log_entries_hi: u64,
}

/// What trimming a file system brought (`GuestFilesystemTrimResult`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrimResult {
    /// Its mount point.
    pub path: String,
    /// Bytes discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trimmed: Option<i64>,
    /// The smallest range in bytes that was discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// Why nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The result of `guest-fstrim` (`GuestFilesystemTrimResponse`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrimResponse {
    /// One a file system.
    pub paths: Vec<TrimResult>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn buses_are_called_as_in_the_schema() {
        use DiskBusType::*;
        for (bus, name) in [
            (Ide, "ide"),
            (Scsi, "scsi"),
            (Virtio, "virtio"),
            (Usb, "usb"),
            (Sata, "sata"),
            (Nvme, "nvme"),
            (Unknown, "unknown"),
            (Ieee1394, "ieee1394"),
            (Ssa, "ssa"),
            (Fibre, "fibre"),
            (Raid, "raid"),
            (Iscsi, "iscsi"),
            (Sas, "sas"),
            (Sd, "sd"),
            (Mmc, "mmc"),
            (Virtual, "virtual"),
            (FileBackedVirtual, "file-backed-virtual"),
        ] {
            assert_eq!(serde_json::to_value(bus).expect("a word"), json!(name));
        }
    }
}

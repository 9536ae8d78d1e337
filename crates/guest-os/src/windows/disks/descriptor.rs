//! What a driver says of its disk: `STORAGE_DEVICE_DESCRIPTOR` and its relatives, from bytes.

use qga::results::storage::DiskBusType;
use windows_sys::Win32::Storage::FileSystem as bus;

/// A disk as its driver describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) bus_type: DiskBusType,
    pub(super) serial: Option<String>,
}

/// Where a unit is on its controller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) bus: i64,
    pub(super) target: i64,
    pub(super) unit: i64,
}

impl Descriptor {
    /// Reads a `STORAGE_DEVICE_DESCRIPTOR` with what follows it.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        /// `SerialNumberOffset`, from the beginning of the structure; 0: there is none.
        const SERIAL: usize = 24;
        const BUS: usize = 28;
        let serial = match number(bytes, SERIAL)? as usize {
            0 => None,
            offset => bytes.get(offset..).and_then(text),
        };
        Some(Self {
            bus_type: bus_type(number(bytes, BUS)?.cast_signed()),
            serial,
        })
    }
}

impl Unit {
    /// Reads a `SCSI_ADDRESS`.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        // Length and port come before.
        let [bus, target, unit] = *bytes.get(5..8)? else {
            return None;
        };
        Some(Self {
            bus: bus.into(),
            target: target.into(),
            unit: unit.into(),
        })
    }
}

/// The disk's number in a `STORAGE_DEVICE_NUMBER`.
pub(super) fn disk_number(bytes: &[u8]) -> Option<u32> {
    number(bytes, 4)
}

/// The numbers of the disks in a `VOLUME_DISK_EXTENTS`, each once.
pub(super) fn disk_numbers(bytes: &[u8]) -> Vec<u32> {
    const FIRST: usize = 8;
    /// Of a `DISK_EXTENT`, which begins with its disk's number.
    const SIZE: usize = 24;
    let count = number(bytes, 0).unwrap_or(0) as usize;
    let extents = bytes.get(FIRST..).unwrap_or_default().chunks_exact(SIZE);
    let mut numbers = Vec::new();
    for disk in extents.take(count).filter_map(|extent| number(extent, 0)) {
        if !numbers.contains(&disk) {
            numbers.push(disk);
        }
    }
    numbers
}

fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// A text that ends with a zero, without the blanks that drivers pad it with.
fn text(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|byte| *byte == 0).next()?.trim_ascii();
    (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
}

fn bus_type(number: bus::STORAGE_BUS_TYPE) -> DiskBusType {
    match number {
        bus::BusTypeScsi => DiskBusType::Scsi,
        bus::BusTypeAtapi | bus::BusTypeAta => DiskBusType::Ide,
        bus::BusType1394 => DiskBusType::Ieee1394,
        bus::BusTypeSsa => DiskBusType::Ssa,
        bus::BusTypeFibre => DiskBusType::Fibre,
        bus::BusTypeUsb => DiskBusType::Usb,
        bus::BusTypeRAID => DiskBusType::Raid,
        bus::BusTypeiScsi => DiskBusType::Iscsi,
        bus::BusTypeSas => DiskBusType::Sas,
        bus::BusTypeSata => DiskBusType::Sata,
        bus::BusTypeSd => DiskBusType::Sd,
        bus::BusTypeMmc => DiskBusType::Mmc,
        bus::BusTypeVirtual => DiskBusType::Virtual,
        bus::BusTypeFileBackedVirtual => DiskBusType::FileBackedVirtual,
        bus::BusTypeNvme => DiskBusType::Nvme,
        _ => DiskBusType::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(bus: u32, serial_offset: u32, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 24];
        bytes.extend(serial_offset.to_le_bytes());
        bytes.extend(bus.to_le_bytes());
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn a_descriptor_tells_bus_and_serial() {
        use DiskBusType::{Ide, Nvme, Scsi, Unknown};
        for (bytes, bus_type, serial) in [
            (
                descriptor(1, 32, b"  drive-scsi0 \0x"),
                Scsi,
                Some("drive-scsi0"),
            ),
            (descriptor(3, 33, b"-QM00001"), Ide, Some("QM00001")),
            (descriptor(17, 0, b"none\0"), Nvme, None),
            (descriptor(17, 32, b"   \0"), Nvme, None),
            (descriptor(99, 4000, b"far"), Unknown, None),
            (descriptor(0, u32::MAX, b""), Unknown, None),
        ] {
            let read = Descriptor::read(&bytes).expect("a whole structure");
            assert_eq!(read.bus_type, bus_type);
            assert_eq!(read.serial.as_deref(), serial);
        }
        assert_eq!(Descriptor::read(&[0; 31]), None);
        assert_eq!(Descriptor::read(&[]), None);
    }

    #[test]
    fn a_unit_is_read_from_its_address() {
        let unit = Unit::read(&[8, 0, 0, 0, 2, 1, 3, 4]).expect("an address");
        assert_eq!((unit.bus, unit.target, unit.unit), (1, 3, 4));
        assert_eq!(Unit::read(&[8, 0, 0, 0, 2]), None);
    }

    #[test]
    fn each_disk_of_a_volume_is_told_once() {
        let mut bytes = 4_u32.to_le_bytes().to_vec();
        bytes.extend([0; 4]);
        for disk in [3_u32, 0, 3] {
            bytes.extend(disk.to_le_bytes());
            bytes.extend([0; 20]);
        }
        assert_eq!(disk_numbers(&bytes), [3, 0]);
        bytes[0] = 1;
        assert_eq!(disk_numbers(&bytes), [3]);
        assert!(disk_numbers(&bytes[..20]).is_empty());
        assert!(disk_numbers(&[]).is_empty());
        assert_eq!(disk_number(&[7, 0, 0, 0, 5, 0, 0, 0]), Some(5));
        assert_eq!(disk_number(&[7, 0, 0, 0]), None);
    }
}

//! Where a disk is attached.

use std::ffi::{OsStr, OsString};
use std::io;

use qga::results::storage::{DiskAddress, DiskBusType, PciAddress};
use windows_sys::Win32::Devices::Properties::{
    DEVPKEY_Device_Address, DEVPKEY_Device_BusNumber, DEVPKEY_Device_EnumeratorName,
};
use windows_sys::Win32::System::Ioctl::GUID_DEVINTERFACE_DISK;

use super::descriptor::Descriptor;
use super::drive::Drive;
use crate::windows::device_tree::{Node, interfaces};

/// The disks that are there.
pub(in crate::windows) struct Disks(Vec<Disk>);

struct Disk {
    number: u32,
    /// By which it can be opened.
    path: OsString,
}

impl Disks {
    /// Finds them. One that does not answer is left out.
    pub(in crate::windows) fn find() -> io::Result<Self> {
        let paths = interfaces(&GUID_DEVINTERFACE_DISK)?;
        let disk = |path: OsString| {
            let number = Drive::open(&path).ok()?.number().ok()??;
            Some(Disk { number, path })
        };
        let mut disks: Vec<_> = paths.into_iter().filter_map(disk).collect();
        disks.sort_by_key(|disk| disk.number);
        Ok(Self(disks))
    }

    /// Their numbers, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|disk| disk.number)
    }

    /// Where a disk is attached; `None` for one that cannot be asked.
    pub(in crate::windows) fn address(&self, number: u32) -> Option<DiskAddress> {
        let disk = self.0.iter().find(|disk| disk.number == number)?;
        let drive = Drive::open(&disk.path).ok()?;
        let Descriptor { bus_type, serial } = drive.descriptor().unwrap_or(Descriptor {
            bus_type: DiskBusType::Unknown,
            serial: None,
        });
        let unit = drive.unit().unwrap_or_default();
        Some(DiskAddress {
            pci_controller: controller(&disk.path).unwrap_or(PciAddress::UNKNOWN),
            bus_type,
            bus: unit.bus,
            target: unit.target,
            unit: unit.unit,
            serial,
            dev: Some(name(number)),
            ccw_address: None,
        })
    }
}

/// The disk's name.
pub(super) fn name(number: u32) -> String {
    format!(r"\\.\PhysicalDrive{number}")
}

/// The controller of a disk, when it is a PCI function.
fn controller(disk: &OsStr) -> Option<PciAddress> {
    let controller = Node::of_interface(disk)?.parent()?;
    let enumerator = controller
        .property(&DEVPKEY_Device_EnumeratorName)?
        .text()?;
    if !enumerator.eq_ignore_ascii_case("PCI") {
        return None;
    }
    let bus = controller.property(&DEVPKEY_Device_BusNumber)?.number()?;
    let address = controller.property(&DEVPKEY_Device_Address)?.number()?;
    Some(pci_address(bus, address))
}

/// Windows keeps the domain above the bus's eight bits, and slot and function in one number.
fn pci_address(bus: u32, address: u32) -> PciAddress {
    PciAddress {
        domain: (bus >> 8).into(),
        bus: (bus & 0xff).into(),
        slot: (address >> 16).into(),
        function: (address & 0xffff).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pci_function_is_read_from_two_numbers() {
        for (bus, address, expected) in [
            (0, 0x0005_0000, (0, 0, 5, 0)),
            (0, 0x001f_0002, (0, 0, 31, 2)),
            (0x0001_0003, 0, (0x100, 3, 0, 0)),
        ] {
            let pci = pci_address(bus, address);
            assert_eq!((pci.domain, pci.bus, pci.slot, pci.function), expected);
        }
    }
}

//! Device drivers (`guest-get-devices`).

use qga::results::devices::{Device, DeviceId, PciDeviceId};
use windows_sys::Win32::Devices::Properties::{
    DEVPKEY_Device_DriverDate, DEVPKEY_Device_DriverVersion, DEVPKEY_NAME,
};

use super::device_tree::{Node, instances};
use crate::{Error, Result};

/// Whose PCI devices are virtual ones: virtio's, and QEMU's own.
const VENDORS: [u16; 2] = [0x1af4, 0x1b36];

/// The drivers of the machine's virtual devices. A device without a name is left out.
///
/// # Errors
/// When Windows does not tell.
pub fn devices() -> Result<Vec<Device>> {
    let instances =
        instances("PCI").map_err(|error| Error::os("failed to get device tree", error))?;
    let device = |instance: std::ffi::OsString| {
        let id = pci_id(instance.to_str()?)?;
        let is_virtual = VENDORS.contains(&id.vendor_id);
        is_virtual.then(|| device(Node::of(&instance)?, id))?
    };
    Ok(instances.into_iter().filter_map(device).collect())
}

fn device(node: Node, id: PciDeviceId) -> Option<Device> {
    let date = node.property(&DEVPKEY_Device_DriverDate);
    let version = node.property(&DEVPKEY_Device_DriverVersion);
    Some(Device {
        driver_name: node.property(&DEVPKEY_NAME)?.text()?,
        driver_date: date.and_then(|date| date.moment()?.unix_ns()),
        driver_version: version.and_then(|version| version.text()),
        id: Some(DeviceId::Pci(id)),
    })
}

/// The numbers in the name of a PCI device's instance
/// (`PCI\VEN_1AF4&DEV_1003&SUBSYS_00031AF4&REV_00\3&13C0B0C5&0&28`).
fn pci_id(instance: &str) -> Option<PciDeviceId> {
    let (vendor, rest) = hexadecimal(instance, r"PCI\VEN_")?;
    let (device, rest) = hexadecimal(rest, "&DEV_")?;
    (rest.is_empty() || rest.starts_with(['&', '\\'])).then_some(PciDeviceId {
        vendor_id: vendor,
        device_id: device,
    })
}

/// Four digits behind a prefix, which may be in either case, and the rest.
fn hexadecimal<'a>(text: &'a str, prefix: &str) -> Option<(u16, &'a str)> {
    let (before, text) = text.split_at_checked(prefix.len())?;
    let (digits, rest) = text.split_at_checked(4)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let is_ours = is_number && before.eq_ignore_ascii_case(prefix);
    let number = u16::from_str_radix(digits, 16).ok()?;
    is_ours.then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_tell_vendor_and_device() {
        for (instance, expected) in [
            (
                r"PCI\VEN_1AF4&DEV_1003&SUBSYS_00031AF4&REV_00\3&13C0B0C5&0&28",
                Some((0x1af4, 0x1003)),
            ),
            (r"PCI\VEN_1af4&DEV_10EF\1", Some((0x1af4, 0x10ef))),
            (r"pci\ven_8086&dev_2922", Some((0x8086, 0x2922))),
            (r"PCI\VEN_1AF4&DEV_10031&SUBSYS_0", None),
            (r"PCI\VEN_1AF4&DEV_+003&SUBSYS_0", None),
            (r"PCI\VEN_1AF4", None),
            (r"PCI\VEN_1AFä&DEV_1003", None),
            (r"USB\VID_0627&PID_0001\28754", None),
            ("", None),
        ] {
            let id = pci_id(instance).map(|id| (id.vendor_id, id.device_id));
            assert_eq!(id, expected, "{instance}");
        }
    }

    #[test]
    fn a_machine_without_virtual_devices_has_an_empty_list() {
        devices().expect("a list");
    }
}

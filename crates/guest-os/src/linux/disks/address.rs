//! Where a disk is attached, read from the directories that lead to it in sysfs.

use qga::results::storage::{CcwAddress, DiskAddress, DiskBusType, PciAddress};

use super::sysfs::BlockDevice;

/// The address of a disk or partition of hardware; `None` when nothing is known of it.
///
/// `bus`, `target` and `unit` follow QEMU's agent, since libvirt compares them with its own
/// numbers of the drives: which of the three is filled depends on the controller.
pub(in crate::linux) fn address(device: &BlockDevice<'_>) -> Option<DiskAddress> {
    let node = device.node();
    let mut address = DiskAddress {
        pci_controller: PciAddress::UNKNOWN,
        bus_type: DiskBusType::Unknown,
        bus: 0,
        target: 0,
        unit: 0,
        serial: node.as_ref().and_then(|node| device.serial(node.device)),
        dev: node.map(|node| node.path),
        ccw_address: None,
    };
    let known = locate(device, &mut address);
    (known || address.dev.is_some()).then_some(address)
}

/// Fills in where the disk is; whether that is known.
fn locate(device: &BlockDevice<'_>, address: &mut DiskAddress) -> bool {
    let segments = device.segments();
    if let Some(root) = segments.iter().position(|segment| is_pci_root(segment)) {
        return behind_pci(device, &segments, root, address).is_some();
    }
    if segments
        .get(1)
        .is_some_and(|segment| segment.starts_with("css"))
    {
        address.ccw_address = subchannel(&segments);
        if address.ccw_address.is_none() {
            return false;
        }
    }
    behind_virtio(&segments, address) || address.ccw_address.is_some()
}

/// The controllers whose disks have an address of a known form.
enum Controller {
    /// `ata_piix`: a bus a host, a unit a target.
    Ide,
    /// `ahci`: a unit a port.
    Sata,
    /// `sym53c8xx`: a unit a target.
    Sym53c8xx,
    /// `virtio-pci`: a disk, or a SCSI host with a unit a logical unit.
    Virtio,
    /// `nvme`.
    Nvme,
    /// `xhci_hcd`, `ehci-pci`.
    Usb,
}

impl Controller {
    fn of_driver(driver: &str) -> Option<Self> {
        Some(match driver {
            "ata_piix" => Self::Ide,
            "ahci" => Self::Sata,
            "sym53c8xx" => Self::Sym53c8xx,
            "virtio-pci" => Self::Virtio,
            "nvme" => Self::Nvme,
            "xhci_hcd" | "ehci-pci" => Self::Usb,
            _ => return None,
        })
    }
}

fn behind_pci(
    device: &BlockDevice<'_>,
    segments: &[&str],
    root: usize,
    address: &mut DiskAddress,
) -> Option<()> {
    let (pci, controller) = pci_controller(device, segments, root)?;
    address.pci_controller = pci;
    let scsi = scsi(segments);
    match controller {
        Controller::Ide => {
            let (scsi, bus) = (scsi?, port(device, segments)?);
            (address.bus_type, address.bus) = (DiskBusType::Ide, bus);
            address.unit = scsi.target;
        }
        Controller::Sata => {
            scsi?;
            (address.unit, address.bus_type) = (port(device, segments)?, DiskBusType::Sata);
        }
        Controller::Sym53c8xx => {
            (address.unit, address.bus_type) = (scsi?.target, DiskBusType::Scsi);
        }
        Controller::Virtio => match scsi {
            Some(scsi) => (address.unit, address.bus_type) = (scsi.unit, DiskBusType::Scsi),
            None => address.bus_type = DiskBusType::Virtio,
        },
        Controller::Nvme => address.bus_type = DiskBusType::Nvme,
        Controller::Usb => address.bus_type = DiskBusType::Usb,
    }
    Some(())
}

/// The first function below the root, behind any bridges, that is a known controller.
fn pci_controller(
    device: &BlockDevice<'_>,
    segments: &[&str],
    root: usize,
) -> Option<(PciAddress, Controller)> {
    for (index, segment) in segments.iter().enumerate().skip(root + 1) {
        let pci = pci_function(segment)?;
        let driver = device.driver(index);
        if let Some(controller) = driver.and_then(|driver| Controller::of_driver(&driver)) {
            return Some((pci, controller));
        }
    }
    None
}

/// A virtio device on no PCI bus (s390x channels, memory-mapped).
fn behind_virtio(segments: &[&str], address: &mut DiskAddress) -> bool {
    if !segments.iter().any(|segment| segment.starts_with("virtio")) {
        return false;
    }
    address.bus_type = DiskBusType::Virtio;
    if let Some(scsi) = scsi(segments) {
        address.bus_type = DiskBusType::Scsi;
        (address.bus, address.target, address.unit) = (scsi.channel, scsi.target, scsi.unit);
    }
    true
}

/// `pci0000:00`.
fn is_pci_root(segment: &str) -> bool {
    let numbers = segment
        .strip_prefix("pci")
        .and_then(|rest| rest.split_once(':'));
    numbers.is_some_and(|(domain, bus)| hex(domain).is_some() && hex(bus).is_some())
}

/// `0000:00:1f.2`.
fn pci_function(segment: &str) -> Option<PciAddress> {
    let (domain, rest) = segment.split_once(':')?;
    let (bus, rest) = rest.split_once(':')?;
    let (slot, function) = rest.split_once('.')?;
    Some(PciAddress {
        domain: hex(domain)?,
        bus: hex(bus)?,
        slot: hex(slot)?,
        function: hex(function)?,
    })
}

/// A logical unit's place behind its host.
struct Scsi {
    channel: i64,
    target: i64,
    unit: i64,
}

/// `target2:0:1` and below it `2:0:1:0`.
fn scsi(segments: &[&str]) -> Option<Scsi> {
    let target = segments
        .iter()
        .position(|segment| segment.starts_with("target"))?;
    let mut numbers = segments.get(target + 1)?.split(':').skip(1).map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Scsi {
        channel: next()?,
        target: next()?,
        unit: next()?,
    })
}

/// Which of its controller's ATA ports, or else SCSI hosts, counted from the lowest number.
fn port(device: &BlockDevice<'_>, segments: &[&str]) -> Option<i64> {
    ["ata", "host"].into_iter().find_map(|kind| {
        let number = |name: &str| name.strip_prefix(kind)?.parse::<u32>().ok();
        let own = segments
            .iter()
            .position(|segment| number(segment).is_some())?;
        let mut numbers: Vec<u32> = device
            .siblings(own)
            .iter()
            .filter_map(|name| number(name))
            .collect();
        numbers.sort_unstable();
        let index = numbers.binary_search(&number(segments[own])?).ok()?;
        i64::try_from(index).ok()
    })
}

/// `devices/css0/0.0.0001/0.0.abcd`: the subchannel, then the device on it.
fn subchannel(segments: &[&str]) -> Option<CcwAddress> {
    let mut place = segments.get(2)?.split('.').map(hex);
    let mut next = || place.next()?;
    Some(CcwAddress {
        cssid: next()?,
        ssid: next()?,
        subchno: next()?,
        devno: hex(segments.get(3)?.splitn(3, '.').nth(2)?)?,
    })
}

fn hex(digits: &str) -> Option<i64> {
    u32::from_str_radix(digits, 16).ok().map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tree::Tree;
    use super::*;
    use crate::linux::mounts::Device;

    const NUMBERS: &str = "8:0";
    const DEVICE: Device = Device { major: 8, minor: 0 };
    const ROOT: &str = "devices/pci0000:00";

    fn of(tree: &Tree, path: &str) -> Option<DiskAddress> {
        tree.block(NUMBERS, path);
        let sysfs = tree.sysfs();
        let device = sysfs.device(DEVICE).expect("the device");
        address(&device)
    }

    fn pci(bus: i64, slot: i64, function: i64) -> PciAddress {
        PciAddress {
            domain: 0,
            bus,
            slot,
            function,
        }
    }

    /// What the drives of QEMU's controllers look like in a guest.
    #[test]
    fn each_controller_fills_its_own_numbers() {
        use DiskBusType::{Ide, Nvme, Sata, Scsi, Unknown, Usb, Virtio};
        let table = [
            (
                "virtio-pci",
                "0000:00:05.0/virtio1/block/vda",
                (Virtio, 0, 0),
                pci(0, 5, 0),
            ),
            (
                "virtio-pci",
                "0000:00:05.0/virtio1/block/vda/vda1",
                (Virtio, 0, 0),
                pci(0, 5, 0),
            ),
            (
                "virtio-pci",
                "0000:00:05.0/virtio3/host2/target2:0:0/2:0:0:7/block/sda",
                (Scsi, 0, 7),
                pci(0, 5, 0),
            ),
            (
                "ahci",
                "0000:00:1f.2/ata5/host4/target4:0:0/4:0:0:0/block/sdb",
                (Sata, 0, 2),
                pci(0, 0x1f, 2),
            ),
            (
                "ata_piix",
                "0000:00:01.1/ata4/host1/target1:0:1/1:0:1:0/block/sr0",
                (Ide, 1, 1),
                pci(0, 1, 1),
            ),
            (
                "sym53c8xx",
                "0000:00:06.0/host0/target0:0:3/0:0:3:0/block/sda",
                (Scsi, 0, 3),
                pci(0, 6, 0),
            ),
            (
                "nvme",
                "0000:00:07.0/nvme/nvme0/nvme0n1",
                (Nvme, 0, 0),
                pci(0, 7, 0),
            ),
            (
                "xhci_hcd",
                "0000:00:08.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdc",
                (Usb, 0, 0),
                pci(0, 8, 0),
            ),
            (
                "ahci",
                "0000:00:1f.2/ata5/block/sdb",
                (Unknown, 0, 0),
                pci(0, 0x1f, 2),
            ),
            (
                "megaraid_sas",
                "0000:00:09.0/host0/target0:2:0/0:2:0:0/block/sda",
                (Unknown, 0, 0),
                PciAddress::UNKNOWN,
            ),
        ];
        for (driver, path, (bus_type, bus, unit), controller) in table {
            let tree = Tree::new();
            let function = format!("{ROOT}/{}", &path[..12]);
            tree.driver(&function, driver);
            for port in ["ata3", "ata4", "ata10"] {
                tree.file(&format!("{function}/{port}/uevent"), "");
            }
            let address = of(&tree, &format!("{ROOT}/{path}")).expect("an address");
            assert_eq!(address.bus_type, bus_type, "{path}");
            assert_eq!(
                (address.bus, address.target, address.unit),
                (bus, 0, unit),
                "{path}"
            );
            assert_eq!(address.pci_controller, controller, "{path}");
            assert_eq!(address.ccw_address, None);
        }
    }

    #[test]
    fn a_controller_behind_bridges_is_found() {
        let tree = Tree::new();
        tree.driver(&format!("{ROOT}/0000:00:1c.0"), "pcieport");
        tree.driver(&format!("{ROOT}/0000:00:1c.0/0000:01:00.0"), "virtio-pci");
        let path = format!("{ROOT}/0000:00:1c.0/0000:01:00.0/virtio0/block/vda");
        let address = of(&tree, &path).expect("an address");
        assert_eq!(address.pci_controller, pci(1, 0, 0));
        assert_eq!(address.bus_type, DiskBusType::Virtio);
    }

    #[test]
    fn a_pci_root_below_a_platform_device_counts() {
        let tree = Tree::new();
        let root = "devices/platform/4010000000.pcie/pci0000:00/0000:00:02.0";
        tree.driver(root, "virtio-pci");
        let address = of(&tree, &format!("{root}/virtio1/block/vda")).expect("an address");
        assert_eq!(address.pci_controller, pci(0, 2, 0));
    }

    #[test]
    fn channel_devices_have_a_subchannel() {
        let tree = Tree::new();
        let path = "devices/css0/0.1.0002/0.0.abcd/virtio2/block/vda";
        let address = of(&tree, path).expect("an address");
        let expected = CcwAddress {
            cssid: 0,
            ssid: 1,
            subchno: 2,
            devno: 0xabcd,
        };
        assert_eq!(address.ccw_address, Some(expected));
        assert_eq!(address.bus_type, DiskBusType::Virtio);
        assert_eq!(address.pci_controller, PciAddress::UNKNOWN);
    }

    #[test]
    fn virtio_without_pci_keeps_channel_and_target() {
        let tree = Tree::new();
        let path =
            "devices/platform/a003e00.virtio_mmio/virtio0/host0/target0:1:2/0:1:2:3/block/sda";
        let address = of(&tree, path).expect("an address");
        assert_eq!(address.bus_type, DiskBusType::Scsi);
        assert_eq!((address.bus, address.target, address.unit), (1, 2, 3));
    }

    #[test]
    fn another_disk_has_a_node_and_a_serial_number() {
        let tree = Tree::new();
        tree.udev(NUMBERS, "E:ID_SERIAL=0x1234\n");
        let address = of(&tree, "devices/platform/mmc/block/mmcblk0").expect("an address");
        assert_eq!(address.bus_type, DiskBusType::Unknown);
        assert_eq!(address.dev.as_deref(), Some("/dev/mmcblk0"));
        assert_eq!(address.serial.as_deref(), Some("0x1234"));
    }

    #[test]
    fn names_that_look_like_addresses_and_are_none_do_no_harm() {
        for text in [
            "",
            ":",
            "0000:00",
            "0000:00:1f",
            "x:0:0.0",
            "0:0:0.",
            "1:2:3.99999999999",
        ] {
            assert_eq!(pci_function(text), None, "{text}");
        }
        for text in ["pci", "pci:", "pcix:0", "pci_bus"] {
            assert!(!is_pci_root(text), "{text}");
        }
        for path in [
            "target",
            "target0:0:0",
            "target0:0:0/0:0",
            "target0:0:0/a:b:c:d",
        ] {
            assert!(
                scsi(&path.split('/').collect::<Vec<_>>()).is_none(),
                "{path}"
            );
        }
        for path in ["devices/css0", "devices/css0/0.0", "devices/css0/0.0.1/0.0"] {
            assert_eq!(
                subchannel(&path.split('/').collect::<Vec<_>>()),
                None,
                "{path}"
            );
        }
    }
}

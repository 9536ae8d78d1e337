//! The list of disks (`guest-get-disks`).

use qga::results::storage::{Disk, DiskAddress, DiskBusType, DiskSmart, NvmeSmart};

use super::address::address;
use super::nvme;
use super::sysfs::{BlockDevice, Sysfs};
use crate::{Error, Result};

/// Every disk that has a size, with its partitions (`guest-get-disks`). The last of `/sys/block`
/// comes first, and a disk's partitions before it, as QEMU's agent lists them.
///
/// # Errors
/// When `/sys` is not there.
pub fn disks() -> Result<Vec<Disk>> {
    list(&Sysfs::system(), nvme::smart)
}

fn list(sysfs: &Sysfs, smart: impl Fn(&str) -> Option<NvmeSmart>) -> Result<Vec<Disk>> {
    let devices = sysfs
        .disks()
        .map_err(|error| Error::os("Can't open directory \"/sys/block\"", error))?;
    let mut disks = Vec::with_capacity(devices.len());
    for device in devices.iter().filter(|device| device.has_size()) {
        let Some(disk) = disk(device, &smart) else {
            continue;
        };
        let name = disk.name.clone();
        disks.push(disk);
        let partitions = device.partitions();
        disks.extend(
            partitions
                .iter()
                .filter_map(|device| partition(device, &name)),
        );
    }
    disks.reverse();
    Ok(disks)
}

/// A disk that has a node; what cannot be read of it is left out.
fn disk(device: &BlockDevice, smart: impl Fn(&str) -> Option<NvmeSmart>) -> Option<Disk> {
    let name = device.node()?.path;
    let address = (!device.is_virtual()).then(|| address(device)).flatten();
    let health = match &address {
        Some(DiskAddress { bus_type, .. }) if *bus_type == DiskBusType::Nvme => smart(&name),
        _ => None,
    };
    Some(Disk {
        partition: false,
        dependencies: dependencies(device),
        alias: device.mapper_name(),
        smart: health.map(DiskSmart::Nvme),
        name,
        address,
    })
}

fn dependencies(device: &BlockDevice) -> Option<Vec<String>> {
    let below = device.slaves()?;
    let mut nodes: Vec<String> = below
        .iter()
        .filter_map(|device| device.node())
        .map(|node| node.path)
        .collect();
    nodes.reverse();
    Some(nodes)
}

fn partition(device: &BlockDevice, disk: &str) -> Option<Disk> {
    Some(Disk {
        name: device.node()?.path,
        partition: true,
        dependencies: Some(vec![disk.to_owned()]),
        address: None,
        alias: None,
        smart: None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::sysfs::tree::Tree;
    use super::*;

    const VDA: &str = "devices/pci0000:00/0000:00:05.0/virtio1/block/vda";
    const NVME: &str = "devices/pci0000:00/0000:00:06.0/nvme/nvme0/nvme0n1";

    fn by_name(tree: &Tree) -> BTreeMap<String, Disk> {
        let disks = list(&tree.sysfs(), |_| None).expect("a listing");
        disks
            .into_iter()
            .map(|disk| (disk.name.clone(), disk))
            .collect()
    }

    fn machine() -> Tree {
        let tree = Tree::new();
        tree.disk("254:0", VDA);
        tree.driver("devices/pci0000:00/0000:00:05.0", "virtio-pci");
        tree.part("254:1", VDA, "vda1");
        tree.part("254:2", VDA, "vda2");
        tree.disk("253:0", "devices/virtual/block/dm-0");
        tree.file("devices/virtual/block/dm-0/dm/name", "debian-root\n");
        tree.link(
            "devices/virtual/block/dm-0/slaves/vda2",
            "../../../../pci0000:00/0000:00:05.0/virtio1/block/vda/vda2",
        );
        tree.disk("7:0", "devices/virtual/block/loop0");
        tree.file("devices/virtual/block/loop0/size", "0\n");
        tree
    }

    #[test]
    fn disks_partitions_and_logical_volumes_name_what_they_lie_on() {
        let disks = by_name(&machine());
        let names: Vec<&str> = disks.keys().map(String::as_str).collect();
        assert_eq!(names, ["/dev/dm-0", "/dev/vda", "/dev/vda1", "/dev/vda2"]);

        let volume = &disks["/dev/dm-0"];
        assert_eq!(volume.alias.as_deref(), Some("debian-root"));
        assert_eq!(volume.dependencies, Some(vec!["/dev/vda2".to_owned()]));
        assert_eq!(volume.address, None);

        let disk = &disks["/dev/vda"];
        assert_eq!((disk.partition, disk.alias.as_deref()), (false, None));
        assert_eq!(disk.dependencies, Some(Vec::new()));
        let address = disk.address.as_ref().expect("an address");
        assert_eq!(address.bus_type, DiskBusType::Virtio);

        let partition = &disks["/dev/vda1"];
        assert!(partition.partition);
        assert_eq!(partition.dependencies, Some(vec!["/dev/vda".to_owned()]));
        assert_eq!(partition.address, None);
    }

    #[test]
    fn only_an_nvme_disk_is_asked_for_its_health() {
        let tree = machine();
        tree.disk("259:0", NVME);
        tree.driver("devices/pci0000:00/0000:00:06.0", "nvme");
        tree.part("259:1", NVME, "nvme0n1p1");
        let log = nvme::decode(&[7; nvme::LOG_SIZE]);
        let asked = |name: &str| {
            assert_eq!(name, "/dev/nvme0n1");
            Some(log)
        };
        let disks = list(&tree.sysfs(), asked).expect("a listing");
        let found: Vec<_> = disks.iter().filter(|disk| disk.smart.is_some()).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].smart, Some(DiskSmart::Nvme(log)));
        assert!(disks.iter().any(|disk| disk.name == "/dev/nvme0n1p1"));
    }

    #[test]
    fn partitions_come_before_their_disk() {
        let disks = list(&machine().sysfs(), |_| None).expect("a listing");
        let position = |name| disks.iter().position(|disk| disk.name == name);
        assert!(position("/dev/vda1") < position("/dev/vda"));
        assert!(position("/dev/vda2") < position("/dev/vda"));
    }

    #[test]
    fn a_machine_without_sysfs_is_an_error() {
        let sysfs = Sysfs::at("/nonexistent".into(), "/nonexistent".into());
        let error = list(&sysfs, |_| None).expect_err("no directory");
        assert!(
            error
                .to_string()
                .starts_with("Can't open directory \"/sys/block\": ")
        );
    }
}

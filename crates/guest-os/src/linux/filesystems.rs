//! The mounted file systems (`guest-get-fsinfo`).

use std::path::Path;

use qga::results::storage::{DiskAddress, Filesystem};
use rustix::fs::statvfs;

use super::disks::address;
use super::disks::sysfs::Sysfs;
use super::mounts::{Device, Mount, local};
use crate::Result;

/// The [`local`] file systems, the latest mount first.
///
/// # Errors
/// When `/proc` is not there.
pub fn filesystems() -> Result<Vec<Filesystem>> {
    let sysfs = Sysfs::system();
    let mounts = local()?;
    Ok(mounts
        .into_iter()
        .rev()
        .map(|mount| filesystem(mount, &sysfs))
        .collect())
}

fn filesystem(mount: Mount, sysfs: &Sysfs) -> Filesystem {
    let space = Space::of(&mount.mountpoint);
    let (name, disk) = carriers(mount.device, sysfs);
    Filesystem {
        name,
        mountpoint: mount.mountpoint.to_string_lossy().into_owned(),
        fs_type: mount.fs_type,
        used_bytes: space.as_ref().map(|space| space.used),
        total_bytes: space.as_ref().map(|space| space.total),
        total_bytes_privileged: space.as_ref().map(|space| space.privileged),
        disk,
    }
}

/// The name of a device and the disks under it, the last one first. A container may see the mount
/// and not the device: it has no other name than its numbers then.
fn carriers(device: Device, sysfs: &Sysfs) -> (String, Vec<DiskAddress>) {
    let stack = sysfs.stack(device);
    let name = stack
        .first()
        .map_or_else(|| device.to_string(), |top| top.name());
    let real = stack.iter().rev().filter(|device| !device.is_virtual());
    (name, real.filter_map(address).collect())
}

/// Bytes of a file system.
struct Space {
    used: u64,
    total: u64,
    privileged: u64,
}

impl Space {
    fn of(mountpoint: &Path) -> Option<Self> {
        let blocks = statvfs(mountpoint).ok()?;
        let used = blocks.f_blocks.saturating_sub(blocks.f_bfree);
        let bytes = |count: u64| count.saturating_mul(blocks.f_frsize);
        Some(Self {
            used: bytes(used),
            total: bytes(used.saturating_add(blocks.f_bavail)),
            privileged: bytes(blocks.f_blocks),
        })
    }
}

#[cfg(test)]
mod tests {
    use qga::results::storage::DiskBusType;

    use super::*;
    use crate::linux::disks::sysfs::tree::Tree;

    const ROOT: &str = "devices/pci0000:00";

    /// RAID 1 of a partition on each of two disks, with LVM on top.
    fn machine() -> Tree {
        let tree = Tree::new();
        for (slot, numbers, disk) in [(5, "8:1", "sda"), (6, "8:17", "sdb")] {
            let function = format!("{ROOT}/0000:00:0{slot}.0");
            let unit = format!("{function}/virtio1/host0/target0:0:0/0:0:0:1/block/{disk}");
            tree.driver(&function, "virtio-pci");
            tree.block(numbers, &format!("{unit}/{disk}1"));
            let up = "../../../../pci0000:00";
            let below = unit.strip_prefix(ROOT).expect("below the root");
            tree.link(
                &format!("devices/virtual/block/md0/slaves/{disk}1"),
                &format!("{up}{below}/{disk}1"),
            );
            tree.udev(numbers, &format!("E:ID_SERIAL=disk-{disk}\n"));
        }
        tree.block("9:0", "devices/virtual/block/md0");
        tree.block("253:0", "devices/virtual/block/dm-0");
        tree.link("devices/virtual/block/dm-0/slaves/md0", "../../md0");
        tree
    }

    fn mount(device: (u32, u32), mountpoint: &Path) -> Mount {
        Mount {
            device: Device {
                major: device.0,
                minor: device.1,
            },
            source: "/dev/any".into(),
            mountpoint: mountpoint.into(),
            fs_type: "ext4".into(),
            options: "rw".into(),
            super_options: "rw".into(),
        }
    }

    #[test]
    fn a_volume_on_a_raid_lies_on_every_disk_of_it() {
        let found = filesystem(mount((253, 0), Path::new("/")), &machine().sysfs());
        assert_eq!(
            (found.name.as_str(), found.mountpoint.as_str()),
            ("dm-0", "/")
        );
        let mut disks: Vec<_> = found
            .disk
            .iter()
            .map(|disk| (disk.dev.as_deref(), disk.serial.as_deref()))
            .collect();
        disks.sort_unstable();
        let expected = [
            (Some("/dev/sda1"), Some("disk-sda")),
            (Some("/dev/sdb1"), Some("disk-sdb")),
        ];
        assert_eq!(disks, expected);
        let scsi = |disk: &DiskAddress| disk.bus_type == DiskBusType::Scsi && disk.unit == 1;
        assert!(found.disk.iter().all(scsi));
    }

    #[test]
    fn space_adds_up() {
        let found = filesystem(mount((253, 0), Path::new("/")), &machine().sysfs());
        assert!(found.used_bytes <= found.total_bytes);
        assert!(found.total_bytes <= found.total_bytes_privileged);
        assert!(found.total_bytes_privileged > Some(0));
    }

    #[test]
    fn a_device_that_sysfs_does_not_show_goes_by_its_numbers() {
        let found = filesystem(
            mount((8, 99), Path::new("/nonexistent")),
            &machine().sysfs(),
        );
        assert_eq!(found.name, "8:99");
        assert!(found.disk.is_empty());
        assert_eq!((found.used_bytes, found.total_bytes), (None, None));
    }
}

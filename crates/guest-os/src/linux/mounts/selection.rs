//! Which mounts are shown, trimmed and frozen.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::table::Entry;
use super::{Device, Mount, order, table};
use crate::linux::disks::sysfs::Sysfs;
use crate::linux::kernel_file;
use crate::{Error, Result};

const TABLE: &str = "/proc/self/mountinfo";

/// Every mount that the agent sees, as the kernel lists them.
///
/// # Errors
/// When `/proc` is not there.
pub fn mounts() -> Result<Vec<Mount>> {
    Ok(table::entries(&content()?)
        .map(|entry| entry.mount(entry.device))
        .collect())
}

/// The file systems on block devices, each once at its first mount point, as the kernel lists
/// them. These and no others are shown, trimmed and frozen.
///
/// A network mount is recognised by the table alone and never touched: it may hang. ZFS is not
/// among them: it has no block device of its own and cannot be frozen (`FIFREEZE`) or trimmed
/// (`FITRIM`) by its mount point.
///
/// # Errors
/// When `/proc` is not there.
pub fn local() -> Result<Vec<Mount>> {
    Ok(local_of(&content()?, node_device))
}

/// The [`local`] file systems in the order in which they must be frozen: the latest mount first,
/// and one that lives in a file (through a loop device) always before the one that holds the
/// file. The other way round the kernel would wait for ever to write the inner one out.
///
/// # Errors
/// When `/proc` is not there.
pub fn freezable() -> Result<Vec<Mount>> {
    Ok(freezable_of(&content()?, node_device, &Sysfs::system()))
}

fn content() -> Result<Vec<u8>> {
    kernel_file::read(TABLE)
        .map_err(|error| Error::os(format_args!("failed to open mtab file: '{TABLE}'"), error))
}

fn local_of(table: &[u8], node_device: impl Fn(&Path) -> Option<Device>) -> Vec<Mount> {
    let mut found: Vec<Mount> = Vec::new();
    for entry in table::entries(table) {
        let Some(device) = block_device(&entry, &node_device) else {
            continue;
        };
        if !entry.unlinked() && found.iter().all(|mount| mount.device != device) {
            found.push(entry.mount(device));
        }
    }
    found
}

fn freezable_of(
    table: &[u8],
    node_device: impl Fn(&Path) -> Option<Device>,
    sysfs: &Sysfs,
) -> Vec<Mount> {
    order::innermost_first(local_of(table, &node_device), |device| {
        let files = sysfs.backing_files(device);
        let holders = files.iter().filter_map(|file| table::holder(table, file));
        holders
            .filter_map(|entry| block_device(&entry, &node_device))
            .collect()
    })
}

/// The block device under a mount, if there is one. btrfs shows a made-up number: its device is
/// the one that was mounted.
fn block_device(
    entry: &Entry<'_>,
    node_device: impl Fn(&Path) -> Option<Device>,
) -> Option<Device> {
    match entry.device.major {
        0 if entry.fs_type == b"btrfs" => node_device(&entry.source()),
        0 => None,
        _ => Some(entry.device),
    }
}

/// The numbers of a block device's node.
fn node_device(node: &Path) -> Option<Device> {
    let metadata = node.is_absolute().then(|| node.metadata().ok())??;
    let number = metadata.rdev();
    metadata.file_type().is_block_device().then(|| Device {
        major: rustix::fs::major(number),
        minor: rustix::fs::minor(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::disks::sysfs::tree::Tree;

    /// Two disks, a bind mount, btrfs subvolumes, a hanging network mount and what has no device.
    const MACHINE: &[u8] = b"\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
28 27 0:40 / /mnt/nas rw - nfs4 server:/export rw,hard
29 27 0:41 / /mnt/share rw - cifs //server/share rw
30 27 8:17 / /srv rw,relatime - xfs /dev/sdb1 rw
31 27 254:0 /var/lib/data /data rw,relatime - ext4 /dev/vda rw
32 27 0:50 /@ /home rw - btrfs /dev/sdc rw,subvol=/@
33 32 0:50 /@old /home/old rw - btrfs /dev/sdc rw,subvol=/@old
34 27 0:51 / /gone rw - btrfs /dev/missing rw
35 27 0:52 / /tank rw - zfs tank/data rw
36 27 8:33 / /mnt/x//deleted rw - ext4 /dev/sdc1 rw
37 27 0:44 / /run/merged rw - overlay overlay rw
";

    fn nodes(node: &Path) -> Option<Device> {
        (node == Path::new("/dev/sdc")).then_some(Device {
            major: 8,
            minor: 32,
        })
    }

    fn shown(mounts: &[Mount]) -> Vec<String> {
        let shown = |mount: &Mount| format!("{} {}", mount.device, mount.mountpoint.display());
        mounts.iter().map(shown).collect()
    }

    #[test]
    fn local_file_systems_are_those_on_block_devices_each_once() {
        let local = local_of(MACHINE, nodes);
        assert_eq!(shown(&local), ["254:0 /", "8:17 /srv", "8:32 /home"]);
    }

    #[test]
    fn the_latest_mount_is_frozen_first() {
        let tree = Tree::new();
        let freezable = freezable_of(MACHINE, nodes, &tree.sysfs());
        assert_eq!(shown(&freezable), ["8:32 /home", "8:17 /srv", "254:0 /"]);
    }

    #[test]
    fn a_file_system_in_a_file_is_frozen_before_the_one_that_holds_the_file() {
        // A new mount namespace lists by tree, not by age: what lies under /a comes before /srv.
        let table = b"\
1 0 254:0 / / rw - ext4 /dev/vda rw
2 1 8:1 / /a rw - ext4 /dev/sda1 rw
3 2 7:3 / /a/image rw - ext4 /dev/loop3 rw
4 2 253:0 / /a/secret rw - ext4 /dev/mapper/secret rw
5 1 8:2 / /srv rw - ext4 /dev/sda2 rw
";
        let tree = Tree::new();
        tree.block("7:3", "devices/virtual/block/loop3");
        tree.file(
            "devices/virtual/block/loop3/loop/backing_file",
            "/srv/disk image\n",
        );
        tree.block("259:1", "devices/virtual/block/loop4/loop4p1");
        tree.file(
            "devices/virtual/block/loop4/loop/backing_file",
            "/srv/other\n",
        );
        tree.block("253:0", "devices/virtual/block/dm-0");
        tree.link(
            "devices/virtual/block/dm-0/slaves/loop4p1",
            "../../loop4/loop4p1",
        );
        let freezable = freezable_of(table, |_| None, &tree.sysfs());
        let expected = [
            "253:0 /a/secret",
            "7:3 /a/image",
            "8:2 /srv",
            "8:1 /a",
            "254:0 /",
        ];
        assert_eq!(shown(&freezable), expected);
    }

    #[test]
    fn this_machine_has_mounts_and_each_local_one_is_frozen_once() {
        let all = mounts().expect("/proc is mounted");
        assert!(all.iter().any(|mount| mount.fs_type == "proc"));
        let table = content().expect("/proc is mounted");
        let mut local = shown(&local_of(&table, node_device));
        let mut freezable = shown(&freezable_of(&table, node_device, &Sysfs::system()));
        local.sort_unstable();
        freezable.sort_unstable();
        assert_eq!(local, freezable);
    }
}

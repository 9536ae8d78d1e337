//! Block devices in sysfs (`Documentation/ABI/testing/sysfs-block` of the kernel) and in udev's
//! database.

use std::ffi::OsStr;
use std::fs::{DirEntry, read_dir, read_link};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::linux::kernel_file;
use crate::linux::mounts::Device;

/// Devices below one another that are looked at for one file system: more than any machine has,
/// few enough to end.
const DEVICES: usize = 256;

/// Where block devices are described.
pub(in crate::linux) struct Sysfs {
    root: PathBuf,
    udev: PathBuf,
}

/// A block device: its own directory in sysfs, no link.
pub(in crate::linux) struct BlockDevice<'a> {
    sysfs: &'a Sysfs,
    directory: PathBuf,
    /// Its numbers, where they are known without a look.
    known: Option<Device>,
}

/// A device's node.
pub(in crate::linux) struct Node {
    pub(in crate::linux) device: Device,
    /// `/dev/sda`.
    pub(in crate::linux) path: String,
}

impl Sysfs {
    /// The running system's.
    pub(in crate::linux) fn system() -> Self {
        Self::at("/sys".into(), "/run/udev/data".into())
    }

    /// One in folders of its own.
    pub(in crate::linux) fn at(root: PathBuf, udev: PathBuf) -> Self {
        Self { root, udev }
    }

    /// The device with these numbers.
    pub(in crate::linux) fn device(&self, device: Device) -> Option<BlockDevice<'_>> {
        let directory = self.root.join("dev/block");
        let link = directory.join(device.to_string());
        let mut found = self.linked(&directory, &link)?;
        found.known = Some(device);
        Some(found)
    }

    /// Every disk, in the order of the directory.
    pub(in crate::linux) fn disks(&self) -> io::Result<Vec<BlockDevice<'_>>> {
        let directory = self.root.join("block");
        let links = read_dir(&directory)?.flatten().filter(is_link);
        Ok(links
            .filter_map(|entry| self.linked(&directory, &entry.path()))
            .collect())
    }

    /// A device and all that it lies on, from the top down, each once.
    pub(in crate::linux) fn stack(&self, top: Device) -> Vec<BlockDevice<'_>> {
        let mut found: Vec<BlockDevice<'_>> = Vec::new();
        let mut open: Vec<_> = self.device(top).into_iter().collect();
        while let Some(device) = open.pop() {
            let known = found.iter().any(|one| one.directory == device.directory);
            if known || found.len() == DEVICES {
                continue;
            }
            if device.is_virtual() {
                // Last in, first out: the first one below is looked at next.
                open.extend(device.slaves().unwrap_or_default().into_iter().rev());
            }
            found.push(device);
        }
        found
    }

    /// The files that hold a device's bytes: those behind the loop devices that it lies on.
    pub(in crate::linux) fn backing_files(&self, device: Device) -> Vec<PathBuf> {
        self.stack(device)
            .iter()
            .filter_map(BlockDevice::backing_file)
            .collect()
    }

    fn linked(&self, directory: &Path, link: &Path) -> Option<BlockDevice<'_>> {
        Some(BlockDevice {
            sysfs: self,
            directory: followed(directory, &read_link(link).ok()?),
            known: None,
        })
    }
}

impl<'a> BlockDevice<'a> {
    /// Its name (`sda1`).
    pub(in crate::linux) fn name(&self) -> String {
        let name = self.directory.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Whether the kernel made it (loop, device mapper, RAID) rather than a bus.
    pub(in crate::linux) fn is_virtual(&self) -> bool {
        let own = self.directory.strip_prefix(&self.sysfs.root);
        own.is_ok_and(|path| path.starts_with("devices/virtual/block"))
    }

    /// Its node, by the kernel's own naming.
    pub(in crate::linux) fn node(&self) -> Option<Node> {
        if let Some(device) = self.known {
            let path = format!("/dev/{}", self.name().replace('!', "/"));
            return Some(Node { device, path });
        }
        let event = kernel_file::read(self.directory.join("uevent")).ok()?;
        let field = |key| value(&event, key);
        Some(Node {
            device: Device {
                major: field("MAJOR=")?.parse().ok()?,
                minor: field("MINOR=")?.parse().ok()?,
            },
            path: format!("/dev/{}", field("DEVNAME=")?),
        })
    }

    /// What udev found out about its serial number; nothing where udev does not run.
    pub(in crate::linux) fn serial(&self, device: Device) -> Option<String> {
        let record = kernel_file::read(self.sysfs.udev.join(format!("b{device}"))).ok()?;
        value(&record, "E:ID_SERIAL=").filter(|serial| !serial.is_empty())
    }

    /// The device mapper's name for it.
    pub(in crate::linux) fn mapper_name(&self) -> Option<String> {
        let name = self
            .name()
            .starts_with("dm-")
            .then(|| self.directory.join("dm/name"))?;
        kernel_file::line(name).ok().filter(|name| !name.is_empty())
    }

    /// Whether it has any sectors: a loop device without a file and an empty drive have none.
    pub(in crate::linux) fn has_size(&self) -> bool {
        kernel_file::line(self.directory.join("size")).is_ok_and(|sectors| sectors != "0")
    }

    /// The devices right below it; `None` when it cannot have any.
    pub(in crate::linux) fn slaves(&self) -> Option<Vec<BlockDevice<'a>>> {
        let directory = self.directory.join("slaves");
        let links = read_dir(&directory).ok()?.flatten().filter(is_link);
        Some(
            links
                .filter_map(|entry| self.sysfs.linked(&directory, &entry.path()))
                .collect(),
        )
    }

    /// Its partitions: `sda1` of `sda`, `nvme0n1p1` of `nvme0n1`.
    pub(in crate::linux) fn partitions(&self) -> Vec<BlockDevice<'a>> {
        let disk = self.name();
        let entries = read_dir(&self.directory).into_iter().flatten().flatten();
        entries
            .filter(|entry| is_partition(&disk, &entry.file_name()))
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| Self {
                sysfs: self.sysfs,
                directory: entry.path(),
                known: None,
            })
            .collect()
    }

    /// The directories from `devices` down to its own.
    pub(in crate::linux) fn segments(&self) -> Vec<&str> {
        let own = self.directory.strip_prefix(&self.sysfs.root);
        let components = own.unwrap_or(&self.directory).components();
        components
            .filter_map(|component| component.as_os_str().to_str())
            .collect()
    }

    /// The driver of the device at a segment.
    pub(in crate::linux) fn driver(&self, segment: usize) -> Option<String> {
        let link = read_link(self.above(segment).join("driver")).ok()?;
        Some(link.file_name()?.to_string_lossy().into_owned())
    }

    /// The names beside a segment, itself among them.
    pub(in crate::linux) fn siblings(&self, segment: usize) -> Vec<String> {
        let directory = self.above(segment);
        let beside = directory.parent().and_then(|parent| read_dir(parent).ok());
        let names = beside.into_iter().flatten().flatten();
        names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }

    fn above(&self, segment: usize) -> PathBuf {
        let segments = self.segments();
        let path = segments.iter().take(segment + 1);
        path.fold(self.sysfs.root.clone(), |path, segment| path.join(segment))
    }

    /// The file behind a loop device or one of its partitions.
    fn backing_file(&self) -> Option<PathBuf> {
        let own = self.is_virtual().then_some(self.directory.as_path())?;
        let disks = [Some(own), own.parent()];
        disks
            .into_iter()
            .flatten()
            .find_map(|disk| kernel_file::line(disk.join("loop/backing_file")).ok())
            .map(PathBuf::from)
    }
}

/// The value of a line that starts with a key.
fn value(record: &[u8], key: &str) -> Option<String> {
    let mut lines = record.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(key.as_bytes()))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// sysfs links are relative and lead through no other link: no need to ask the kernel again.
fn followed(directory: &Path, link: &Path) -> PathBuf {
    let mut path = directory.to_path_buf();
    for component in link.components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::RootDir => path = PathBuf::from("/"),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
    path
}

fn is_link(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_symlink())
}

fn is_partition(disk: &str, name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.strip_prefix(disk));
    let number = number.map(|number| number.strip_prefix('p').unwrap_or(number));
    number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
}

/// A sysfs of a test's own.
#[cfg(test)]
pub(in crate::linux) mod tree {
    use std::fs::{create_dir_all, write};
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    pub(in crate::linux) struct Tree(TempDir);

    impl Tree {
        pub(in crate::linux) fn new() -> Self {
            Self(TempDir::new().expect("a folder"))
        }

        pub(in crate::linux) fn sysfs(&self) -> Sysfs {
            Sysfs::at(self.0.path().join("sys"), self.0.path().join("udev"))
        }

        pub(in crate::linux) fn file(&self, path: &str, content: &str) {
            self.put(&format!("sys/{path}"), content);
        }

        /// A line in udev's record of a device.
        pub(in crate::linux) fn udev(&self, numbers: &str, content: &str) {
            self.put(&format!("udev/b{numbers}"), content);
        }

        pub(in crate::linux) fn link(&self, path: &str, target: &str) {
            let path = self.0.path().join("sys").join(path);
            create_dir_all(path.parent().expect("a folder")).expect("made");
            symlink(target, path).expect("linked");
        }

        /// A device that is found by its numbers.
        pub(in crate::linux) fn block(&self, numbers: &str, path: &str) {
            let (major, minor) = numbers.split_once(':').expect("two numbers");
            let name = path.rsplit('/').next().expect("a name");
            let event = format!("MAJOR={major}\nMINOR={minor}\nDEVNAME={name}\n");
            self.file(&format!("{path}/uevent"), &event);
            self.link(&format!("dev/block/{numbers}"), &format!("../../{path}"));
        }

        /// A disk that is found by its numbers and in the list.
        pub(in crate::linux) fn disk(&self, numbers: &str, path: &str) {
            self.block(numbers, path);
            self.file(&format!("{path}/size"), "2048\n");
            let slaves = self.0.path().join("sys").join(path).join("slaves");
            create_dir_all(slaves).expect("made");
            let name = path.rsplit('/').next().expect("a name");
            self.link(&format!("block/{name}"), &format!("../{path}"));
        }

        pub(in crate::linux) fn part(&self, numbers: &str, disk: &str, name: &str) {
            self.block(numbers, &format!("{disk}/{name}"));
        }

        pub(in crate::linux) fn driver(&self, path: &str, driver: &str) {
            let target = format!("../../../bus/any/drivers/{driver}");
            self.link(&format!("{path}/driver"), &target);
        }

        fn put(&self, path: &str, content: &str) {
            let path = self.0.path().join(path);
            create_dir_all(path.parent().expect("a folder")).expect("made");
            write(path, content).expect("written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tree::Tree;
    use super::*;

    const MD: Device = Device { major: 9, minor: 0 };

    #[test]
    fn partitions_are_told_by_their_names() {
        let table = [
            ("sda", "sda1", true),
            ("sda", "sda12", true),
            ("sda", "sda", false),
            ("sda", "sdap", false),
            ("sda", "sdap1", true),
            ("sda", "sdab1", false),
            ("sda", "size", false),
            ("nvme0n1", "nvme0n1p1", true),
            ("cciss!c0d0", "cciss!c0d0p1", true),
        ];
        for (disk, name, expected) in table {
            assert_eq!(is_partition(disk, OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_stack_lists_each_device_once_and_a_circle_ends() {
        let tree = Tree::new();
        tree.block("9:0", "devices/virtual/block/md0");
        tree.block("253:0", "devices/virtual/block/dm-0");
        tree.link("devices/virtual/block/md0/slaves/dm-0", "../../dm-0");
        tree.link("devices/virtual/block/dm-0/slaves/md0", "../../md0");
        let sysfs = tree.sysfs();
        let names: Vec<String> = sysfs.stack(MD).iter().map(BlockDevice::name).collect();
        assert_eq!(names, ["md0", "dm-0"]);
    }

    #[test]
    fn a_stack_is_bounded() {
        let tree = Tree::new();
        tree.block("9:0", "devices/virtual/block/md0");
        for number in 0..2 * DEVICES {
            let link = format!("devices/virtual/block/md0/slaves/sd{number}");
            tree.link(&link, &format!("../../../../platform/sd{number}"));
        }
        assert_eq!(tree.sysfs().stack(MD).len(), DEVICES);
    }

    #[test]
    fn udev_gives_the_serial_number() {
        let tree = Tree::new();
        tree.block("9:0", "devices/virtual/block/md0");
        let sysfs = tree.sysfs();
        let device = sysfs.device(MD).expect("the device");
        assert_eq!(device.serial(MD), None);
        tree.udev(
            "9:0",
            "S:disk/by-id/x\nI:123\nE:ID_SERIAL_SHORT=no\nE:ID_SERIAL=drive one\n",
        );
        assert_eq!(device.serial(MD).as_deref(), Some("drive one"));
        tree.udev("9:0", "E:ID_SERIAL=\n");
        assert_eq!(device.serial(MD), None);
    }
}

//! What goes into an image. Changing anything here makes a new one.

use anyhow::Result;

use super::Distribution;
use crate::cache;

pub(super) const ESSENTIAL: &str = include_str!("../../image/essential.sh");
pub(super) const DISK: &str = include_str!("../../image/disk.sh");

/// What tells one image from another.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) distribution: Distribution,
    pub(super) name: &'static str,
    pub(super) suite: &'static str,
    pub(super) disk_size: &'static str,
    pub(super) customize: &'static str,
    pub(super) packages: &'static [&'static str],
    /// What the repository for guests has besides the image's packages; none: there is no repository.
    pub(super) peers: Option<&'static [&'static str]>,
}

/// No `libpam-systemd`: a user manager for each SSH login costs seconds under emulation.
const DEBIAN: Recipe = Recipe {
    distribution: Distribution::Debian,
    name: "Debian",
    suite: "bookworm",
    disk_size: "2G",
    customize: include_str!("../../image/customize.sh"),
    packages: &[
        "dbus",
        "e2fsprogs",
        "initramfs-tools",
        "iproute2",
        "kmod",
        "linux-image-cloud-amd64",
        "openssh-server",
        "procps",
        "qemu-guest-agent",
        "sudo",
        "systemd-sysv",
        "udev",
        "zstd",
    ],
    peers: Some(&["google-guest-agent"]),
};

const UBUNTU: Recipe = Recipe {
    distribution: Distribution::Ubuntu,
    name: "Ubuntu",
    suite: "noble",
    disk_size: "2G",
    customize: concat!(
        include_str!("../../image/customize.sh"),
        include_str!("../../image/ubuntu.sh")
    ),
    packages: &[
        "dbus",
        "e2fsprogs",
        "initramfs-tools",
        "iproute2",
        "kmod",
        "linux-image-virtual",
        "needrestart",
        "openssh-server",
        "procps",
        "qemu-guest-agent",
        "sudo",
        "systemd-sysv",
        "udev",
        "update-notifier-common",
        "zstd",
    ],
    peers: None,
};

/// What Ansible's apt module and hospes need of a Debian that shares this machine's kernel. It has no disk.
pub(super) const TREE: Recipe = Recipe {
    distribution: Distribution::Debian,
    name: "Debian",
    suite: "bookworm",
    disk_size: "",
    customize: include_str!("../../image/endpoint.sh"),
    packages: &["openssh-server", "procps", "python3", "python3-apt"],
    peers: None,
};

/// Documentation and translations would double the disk that every scenario copies.
pub(super) const DPKG_OPTIONS: &[&str] = &[
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
];

impl Recipe {
    pub(super) const fn of(distribution: Distribution) -> &'static Self {
        match distribution {
            Distribution::Debian => &DEBIAN,
            Distribution::Ubuntu => &UBUNTU,
        }
    }

    pub(super) async fn hash(&self) -> Result<String> {
        let parts = [self.suite, self.disk_size, ESSENTIAL, self.customize, DISK];
        let peers = self.peers.unwrap_or_default();
        let lists = [self.packages, peers, DPKG_OPTIONS].map(|list| list.join(","));
        cache::short_hash(&format!("{}\n{}", parts.join("\n"), lists.join("\n"))).await
    }
}

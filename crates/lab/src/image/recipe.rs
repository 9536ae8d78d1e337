//! What goes into the image. Changing anything here makes a new image.

use anyhow::Result;

use crate::cache;

pub(super) const SUITE: &str = "bookworm";
pub(super) const DISK_SIZE: &str = "2G";
pub(super) const ESSENTIAL: &str = include_str!("../../image/essential.sh");
pub(super) const CUSTOMIZE: &str = include_str!("../../image/customize.sh");
pub(super) const DISK: &str = include_str!("../../image/disk.sh");

/// No `libpam-systemd`: a user manager for each SSH login costs seconds under emulation.
pub(super) const PACKAGES: &[&str] = &[
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
];

/// Only in the repository: scenarios install them.
pub(super) const PEERS: &[&str] = &["google-guest-agent"];

/// Documentation and translations would double the disk that every scenario copies.
pub(super) const DPKG_OPTIONS: &[&str] = &[
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
];

pub(super) async fn hash() -> Result<String> {
    let parts = [SUITE, DISK_SIZE, ESSENTIAL, CUSTOMIZE, DISK];
    let lists = [PACKAGES, PEERS, DPKG_OPTIONS].map(|list| list.join(","));
    cache::short_hash(&format!("{}\n{}", parts.join("\n"), lists.join("\n"))).await
}

//! What the project's commands need of the system: package, how to see that it is there, and why.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// One package of Debian and Ubuntu.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) why: &'static str,
    proof: Proof,
}

/// What shows that a package is there, whoever installed it.
#[derive(Debug, Clone, Copy)]
enum Proof {
    Program(&'static str),
    File(&'static str),
    Python(&'static str),
    /// At this path, and not older than the workspace asks for.
    Cargo(&'static str),
}

/// Debian keeps programs for administrators in folders that ordinary users do not have in their path.
const ADMINISTRATION: [&str; 2] = ["/usr/sbin", "/sbin"];

use Proof::{Cargo, File, Program, Python};

pub(super) const PACKAGES: &[Package] = &[
    package("gcc", Program("cc"), "compiles the bundled SQLite and ring"),
    package(
        "libc6-dev",
        File("/usr/include/stdio.h"),
        "C headers for the same",
    ),
    package("g++", Program("c++"), "compiles libFuzzer"),
    package(
        "qemu-system-x86",
        Program("qemu-system-x86_64"),
        "runs the lab's virtual machines",
    ),
    package("qemu-utils", Program("qemu-img"), "makes their disks"),
    package(
        "mmdebstrap",
        Program("mmdebstrap"),
        "installs Debian into the guest image",
    ),
    package(
        "uidmap",
        Program("newuidmap"),
        "lets an ordinary user do so",
    ),
    package(
        "fakeroot",
        Program("fakeroot"),
        "keeps owners of files on the way into the image",
    ),
    package(
        "debian-archive-keyring",
        File("/usr/share/keyrings/debian-archive-keyring.gpg"),
        "verifies the packages of the image",
    ),
    package(
        "e2fsprogs",
        Program("mke2fs"),
        "makes the image's file system",
    ),
    package(
        "openssh-client",
        Program("ssh-keygen"),
        "keys and agent for the lab and the tests of SSH",
    ),
    package(
        "openssh-server",
        Program("sshd"),
        "a real server for the tests of SSH (Debian also starts its service)",
    ),
    package(
        "qemu-guest-agent",
        Program("qemu-ga"),
        "a real agent for the tests of its protocol (its service stays off)",
    ),
    package(
        "python3-venv",
        Python("import venv, ensurepip"),
        "holds the lab's Ansible and clients of Proxmox VE, apart from the system",
    ),
];

/// What every package of hospes is made with.
pub(super) const PACKING: &[Package] = &[package(
    "dpkg",
    Program("dpkg-deb"),
    "makes the .deb packages",
)];

/// What links programs against an old glibc.
pub(super) const LINKING: &[Package] = &[
    package("python3", Program("python3"), "runs the linker, ziglang"),
    package(
        "python3-venv",
        Python("import venv, ensurepip"),
        "installs it into the target folder, and nowhere else",
    ),
];

/// What the packages of Fedora, RHEL and SUSE are made with.
pub(super) const RPM: &[Package] = &[package(
    "rpm",
    Program("rpmbuild"),
    "makes the .rpm packages",
)];

/// What builds the guest's programs for Windows.
pub(super) const WINDOWS: &[Package] = &[
    package(
        "rustc-web",
        File("/usr/bin/rustc"),
        "compiles for Windows, beside the Rust that runs this",
    ),
    package("cargo-web", Cargo("/usr/bin/cargo"), "drives it"),
    package(
        "rust-web-src",
        File("/usr/lib/rustlib/src/rust/library/std/Cargo.toml"),
        "the standard library, which is compiled along",
    ),
    package(
        "gcc-mingw-w64-x86-64-win32",
        Program("x86_64-w64-mingw32-gcc"),
        "links for Windows and compiles ring",
    ),
];

/// What reads them.
pub(super) const WINDOWS_LINTS: &[Package] = &[package(
    "rust-web-clippy",
    File("/usr/bin/cargo-clippy"),
    "lints what is for Windows",
)];

/// What runs them.
pub(super) const WINE: &[Package] = &[
    package(
        "wine64",
        File("/usr/lib/wine/wine64"),
        "runs what was built",
    ),
    package("wine", Program("wine"), "starts it"),
];

const fn package(name: &'static str, proof: Proof, why: &'static str) -> Package {
    Package { name, why, proof }
}

/// Those of `wanted` that this machine lacks.
pub(super) fn missing(wanted: &[Package]) -> Vec<Package> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(ADMINISTRATION.map(PathBuf::from))
        .collect();
    wanted
        .iter()
        .filter(|package| !package.is_there(&folders))
        .copied()
        .collect()
}

impl Package {
    fn is_there(&self, folders: &[PathBuf]) -> bool {
        match self.proof {
            Program(name) => folders.iter().any(|folder| folder.join(name).is_file()),
            File(path) => Path::new(path).is_file(),
            Python(code) => process::succeeds(Command::new("python3").args(["-c", code])),
            Cargo(path) => process::output(Command::new(path).arg("--version"))
                .is_ok_and(|told| is_new_enough(&told, env!("CARGO_PKG_RUST_VERSION"))),
        }
    }
}

/// Whether cargo, which told `cargo 1.96.0 (...)`, is of the version `wanted` or newer.
fn is_new_enough(told: &str, wanted: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        version
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect()
    };
    let version = told.split_whitespace().nth(1).unwrap_or_default();
    numbers(version) >= numbers(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_seen_by_its_program_or_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tool"), "").unwrap();
        let folders = [folder.path().to_owned()];
        assert!(package("p", Program("tool"), "").is_there(&folders));
        assert!(!package("p", Program("other"), "").is_there(&folders));
        assert!(!package("p", File("/no/such/file"), "").is_there(&folders));
    }

    #[test]
    fn an_old_compiler_does_not_count() {
        for (told, expected) in [
            ("cargo 1.96.0 (0b1123a48 2026-04-14)", true),
            ("cargo 1.89.0", true),
            ("cargo 2.0.0", true),
            ("cargo 1.65.0", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(told, "1.89"), expected, "{told}");
        }
    }
}

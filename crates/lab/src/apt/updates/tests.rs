//! The archives under this machine's own apt, which is given a guest's directories.

use std::path::PathBuf;
use std::process::Stdio;

use patch::preview::{Preview, WithheldReason};
use patch::{Scope, Script, preview};
use tempfile::TempDir;
use tokio::process::Command;

use super::*;
use crate::command;

const LOOK: std::time::Duration = std::time::Duration::from_secs(60);

/// What apt takes for the guest: it never sees this machine's packages.
struct Guest {
    room: TempDir,
    updates: Updates,
}

impl Guest {
    /// A guest with every package of the older set.
    async fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        let updates = Updates::serve(&room.path().join("archives")).await.unwrap();
        let guest = Self { room, updates };
        for dir in ["etc/preferences.d", "etc/apt.conf.d", "lists/partial"] {
            std::fs::create_dir_all(guest.path(dir)).unwrap();
        }
        let sources = guest
            .updates
            .sources_list()
            .replace("10.0.2.2", "127.0.0.1");
        std::fs::write(guest.path("etc/sources.list"), sources).unwrap();
        let older = std::fs::read_to_string(guest.path("archives/main/Packages")).unwrap();
        let status = older.replace("\nVersion:", "\nStatus: install ok installed\nVersion:");
        std::fs::write(guest.path("status"), status).unwrap();
        let directory = guest.room.path().to_str().unwrap();
        let settings = format!(
            "Dir \"{directory}\";\nDir::Etc \"{directory}/etc\";\nDir::State \"{directory}\";\n\
             Dir::State::status \"{directory}/status\";\nDir::Cache \"{directory}\";\n\
             Dir::Log \"{directory}\";\nAPT::Architecture \"amd64\";\nAPT::Architectures {{\"amd64\";}};\n\
             Acquire::Languages \"none\";\nAPT::Sandbox::User \"\";\n\
             APT::Machine-ID \"0123456789abcdef0123456789abcdef\";\n"
        );
        std::fs::write(guest.path("apt.conf"), settings).unwrap();
        guest
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// The line of one package's state is what `apt-mark hold` changes.
    fn hold(&self, package: &str) {
        let status = std::fs::read_to_string(self.path("status")).unwrap();
        let free = format!("Package: {package}\nStatus: install ");
        assert!(status.contains(&free), "{status}");
        let held = format!("Package: {package}\nStatus: hold ");
        std::fs::write(self.path("status"), status.replace(&free, &held)).unwrap();
    }

    async fn run(&self, script: &Script) -> Vec<u8> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script.text]).stdin(Stdio::null());
        shell.env("APT_CONFIG", self.path("apt.conf"));
        shell.output().await.unwrap().stdout
    }

    async fn preview(&self) -> Preview {
        let mut apt = Command::new("apt-get");
        apt.args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]);
        command::output(apt.env("APT_CONFIG", self.path("apt.conf")))
            .await
            .unwrap();
        let script = preview::script(Scope::DistUpgrade, LOOK);
        Preview::parse(&self.run(&script).await, Scope::DistUpgrade).unwrap()
    }
}

#[tokio::test]
async fn apt_upgrades_to_the_newer_set_and_says_why_the_rest_stays() {
    let guest = Guest::new().await;
    let preview = guest.preview().await;
    assert!(
        preview.is_empty() && preview.withheld.is_empty(),
        "{preview:?}"
    );

    guest.updates.publish_newer().await.unwrap();
    guest.hold("lab-held");
    let pin = "Package: lab-pinned\nPin: version 1.0\nPin-Priority: 1001\n";
    std::fs::write(guest.path("etc/preferences.d/lab"), pin).unwrap();
    let preview = guest.preview().await;
    let mut upgraded: Vec<&str> = preview
        .upgrades
        .iter()
        .map(|one| one.package.as_str())
        .collect();
    upgraded.sort_unstable();
    let expected = [
        "lab-conf",
        "lab-fails",
        "lab-kernel",
        "lab-lib",
        "lab-slow",
        "lab-tool",
    ];
    assert_eq!(upgraded, expected);
    let mut security: Vec<&str> = preview.security().collect();
    security.sort_unstable();
    assert_eq!(security, ["lab-lib", "lab-tool"]);
    assert!(preview.installs_kernel(), "{preview:?}");
    assert!(preview.gaps.is_empty(), "{:?}", preview.gaps);
    let mut withheld: Vec<(&str, &WithheldReason)> = preview
        .withheld
        .iter()
        .map(|one| (one.package.as_str(), &one.why))
        .collect();
    withheld.sort_unstable_by_key(|(package, _)| *package);
    let pinned = WithheldReason::Pinned {
        installed: Some(1001),
        newer: Some(500),
    };
    let dependency = "lab-kept : Depends: lab-nowhere (>= 2) but it is not installable";
    let unmet = WithheldReason::Unmet {
        dependencies: vec![dependency.to_owned()],
    };
    let expected = [
        ("lab-held", &WithheldReason::Held),
        ("lab-kept", &unmet),
        ("lab-phased", &WithheldReason::Phased { percent: Some(0) }),
        ("lab-pinned", &pinned),
    ];
    assert_eq!(withheld, expected);
}

#[tokio::test]
async fn a_mended_package_takes_the_place_of_the_one_that_fails() {
    let guest = Guest::new().await;
    guest.updates.publish_newer().await.unwrap();
    guest.updates.publish_mended().await.unwrap();
    let preview = guest.preview().await;
    let fails = preview
        .upgrades
        .iter()
        .find(|one| one.package == "lab-fails");
    assert_eq!(fails.unwrap().to.to_string(), "2.1");
}

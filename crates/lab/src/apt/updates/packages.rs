//! The packages.

use anyhow::Result;
use tokio::process::Command;

use super::super::Package;
use crate::command;

const OLDER: &str = "1.0";
const NEWER: &str = "2.0";

const LIBRARY: &str = "/usr/lib/lab/liblab.so.1";

const SERVICE: &str = "[Unit]\nDescription=uses the lab's library\n[Service]\n\
    Environment=LD_PRELOAD=/usr/lib/lab/liblab.so.1\nExecStart=/bin/sleep infinity\n";

const START: &str = "systemctl daemon-reload\nsystemctl restart lab-svc.service\n";

/// As packages do whose old code stays in use: Ubuntu's way, else the file itself.
const ASK_FOR_REBOOT: &str = r#"notify=/usr/share/update-notifier/notify-reboot-required
if [ "$1" = configure ] && [ -n "$2" ]; then
  if [ -x "$notify" ]; then "$notify"
  else touch /run/reboot-required; echo lab-lib >>/run/reboot-required.pkgs; fi
fi
"#;

/// Tells how often it was configured, and for how many seconds, which the scenario sets.
const SLOWLY: &str = r#"echo "$1 $2" >>/var/lib/lab-slow.configured
n=20; [ -e /etc/lab-slow.seconds ] && read -r n </etc/lab-slow.seconds
i=0
while [ "$i" -lt "$n" ]; do
  i=$((i + 1)); echo "lab-slow: second $i of $n"; sleep 1
done
"#;

const FAIL: &str = "echo 'lab-fails: cannot migrate its records' >&2\nexit 1\n";

/// What guests have before.
pub(super) async fn older() -> Result<Vec<Package>> {
    Ok(vec![
        tool(OLDER),
        library(OLDER).await?,
        Package::new("lab-svc", OLDER)
            .field("Depends", "lab-lib")
            .file("/lib/systemd/system/lab-svc.service", SERVICE.as_bytes())
            .script("postinst", START),
        configured(OLDER, "colour = green\n"),
        Package::new("lab-held", OLDER),
        Package::new("lab-pinned", OLDER),
        Package::new("lab-kept", OLDER),
        Package::new("lab-phased", OLDER),
        Package::new("lab-kernel", OLDER),
        Package::new("lab-slow", OLDER),
        Package::new("lab-fails", OLDER),
    ])
}

/// What the main archive offers later.
pub(super) fn newer() -> Vec<Package> {
    vec![
        configured(NEWER, "colour = blue\n"),
        Package::new("lab-held", NEWER),
        Package::new("lab-pinned", NEWER),
        Package::new("lab-kept", NEWER).field("Depends", "lab-nowhere (>= 2)"),
        Package::new("lab-phased", NEWER).field("Phased-Update-Percentage", "0"),
        Package::new("lab-kernel", NEWER).field("Depends", "linux-image-99.0.0-1-cloud-amd64"),
        Package::new("linux-image-99.0.0-1-cloud-amd64", "99.0")
            .file("/boot/vmlinuz-99.0.0-1-cloud-amd64", b"boots nothing\n"),
        Package::new("lab-slow", NEWER).script("postinst", SLOWLY),
        Package::new("lab-fails", NEWER).script("postinst", FAIL),
    ]
}

/// What the security archive offers later.
pub(super) async fn security() -> Result<Vec<Package>> {
    let library = library(NEWER).await?;
    Ok(vec![
        tool(NEWER),
        library.script("postinst", ASK_FOR_REBOOT),
    ])
}

/// The `lab-fails` that does not fail.
pub(super) fn mended() -> Package {
    Package::new("lab-fails", "2.1")
}

fn tool(version: &'static str) -> Package {
    let script = format!("#!/bin/sh\necho {version}\n");
    Package::new("lab-tool", version).program("/usr/bin/lab-tool", &script)
}

fn configured(version: &'static str, settings: &str) -> Package {
    Package::new("lab-conf", version).conffile("/etc/lab.conf", settings)
}

async fn library(version: &'static str) -> Result<Package> {
    let code = shared_object(version).await?;
    Ok(Package::new("lab-lib", version)
        .native()
        .file(LIBRARY, &code))
}

/// A library that any program can load: it needs no other, not even libc. With code: needrestart looks
/// at no other files.
async fn shared_object(version: &str) -> Result<Vec<u8>> {
    let work = tempfile::tempdir()?;
    let path = work.path().join("liblab.so.1");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-nostdlib", "-fPIC", "-x", "c", "-", "-o"])
        .arg(&path);
    let source = format!("const char *lab_version(void) {{ return \"{version}\"; }}\n");
    command::output_with_input(&mut cc, &source).await?;
    Ok(std::fs::read(path)?)
}

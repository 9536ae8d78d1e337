//! A machine of the lab as a node.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::vm::Vm;

const COROSYNC: &str = include_str!("corosync.sh");
const HA_MANAGER: &str = include_str!("ha-manager.sh");

/// The host as its machines see it.
const GATEWAY: &str = "10.0.2.2";

const UNIT: &str = "[Unit]
Description=The cluster's membership
After=systemd-networkd.service

[Service]
ExecStart=/usr/local/sbin/lab-corosync
KillMode=mixed
Restart=always

[Install]
WantedBy=multi-user.target
";

/// Makes a machine the node `name`, which reaches its cluster at `port`.
pub(in crate::proxmox) async fn install(vm: &Vm, name: &str, port: u16) -> Result<()> {
    let identity = format!("NODE={name}\nCLUSTER={GATEWAY}\nPORT={port}\n");
    let files = [
        ("/etc/lab-node", "0644", identity.as_str()),
        ("/usr/local/sbin/lab-corosync", "0755", COROSYNC),
        ("/usr/sbin/ha-manager", "0755", HA_MANAGER),
        ("/etc/systemd/system/lab-corosync.service", "0644", UNIT),
    ];
    let mut script = String::from("set -e\n");
    for (path, mode, text) in files {
        script += &format!("cat >{path} <<'LAB-END'\n{text}LAB-END\nchmod {mode} {path}\n");
    }
    script += &format!(
        "hostnamectl set-hostname {name} || echo {name} >/etc/hostname\n\
         systemctl daemon-reload\nsystemctl enable --now lab-corosync.service\n"
    );
    let made = vm.ssh(&script).await?.success();
    made.with_context(|| format!("the machine does not become node {name}"))?;
    Ok(())
}

/// What its apt would upgrade, as of its last refresh.
pub(in crate::proxmox) async fn updates(vm: &Vm) -> Result<Vec<Value>> {
    let simulated = vm.ssh("apt-get --simulate --quiet dist-upgrade").await?;
    let lines = simulated.success()?;
    Ok(lines.lines().filter_map(update).collect())
}

/// `Inst libc6 [2.36-9] (2.36-10 Debian:12/stable [amd64]) []`
fn update(line: &str) -> Option<Value> {
    let (package, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
    let (before, after) = rest.split_once('(')?;
    let mut words = after.split_whitespace();
    let mut update = json!({
        "Package": package, "Version": words.next()?, "Title": package, "Description": "",
        "Arch": "amd64", "Section": "misc", "Priority": "optional",
        "Origin": words.next().and_then(|origin| origin.split(':').next()).unwrap_or("unknown"),
    });
    if let Some(from) = before
        .trim()
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'))
    {
        update["OldVersion"] = json!(from);
    }
    Some(update)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_would_install_is_an_update_with_its_old_version() {
        let line = "Inst lab-tool [1.0] (1.1 lab:1/lab [all])";
        let found = update(line).unwrap();
        assert_eq!(
            (
                &found["Package"],
                &found["OldVersion"],
                &found["Version"],
                &found["Origin"]
            ),
            (
                &json!("lab-tool"),
                &json!("1.0"),
                &json!("1.1"),
                &json!("lab")
            )
        );
        assert!(
            update("Inst lab-new (1.1 lab:1/lab [all])")
                .unwrap()
                .get("OldVersion")
                .is_none()
        );
        assert_eq!(update("Conf lab-tool (1.1 lab:1/lab [all])"), None);
    }
}

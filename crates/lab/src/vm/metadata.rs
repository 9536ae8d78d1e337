//! The network card of a machine that is served metadata: a network of its own, on which nothing
//! but the metadata address answers.
//!
//! ```text
//! guest ── 169.254.169.254:80 ── guestfwd ── `hospes metadata connect SOCKET` ── metadata service
//! ```
//!
//! Machines that start from the snapshot, which has no such card, get it plugged in while they run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::argv;
use super::machine::Vm;

/// How a guest's requests for metadata reach the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The program that passes each connection on.
    pub hospes: PathBuf,
    /// The guest's socket of the service; it need not be there yet.
    pub socket: PathBuf,
}

const ID: &str = "metadata";
const NETWORK: &str = "169.254.169.0/24";
/// The same place whether it is plugged in or there from the beginning: behind all others.
const SLOT: &str = "0x1e";
/// 52:54:00 is QEMU's. The network holds one guest, so all may have the same.
const MAC: &str = "52:54:00:a9:fe:a9";

impl Metadata {
    /// QEMU's arguments for a machine that has the card from the beginning.
    pub(super) fn argv(&self) -> Vec<String> {
        let forward = argv::escaped(&self.forward());
        let netdev = format!("user,id={ID},net={NETWORK},restrict=on,guestfwd={forward}");
        let device = format!("virtio-net-pci,netdev={ID},mac={MAC},addr={SLOT}");
        vec!["-netdev".into(), netdev, "-device".into(), device]
    }

    /// Adds the card to a running machine.
    pub(super) async fn plug_in(&self, vm: &Vm) -> Result<()> {
        let netdev = json!({
            "type": "user", "id": ID, "net": NETWORK, "restrict": true,
            "guestfwd": [{"str": self.forward()}],
        });
        let device = json!({"driver": "virtio-net-pci", "netdev": ID, "mac": MAC, "addr": SLOT});
        for (command, arguments) in [("netdev_add", netdev), ("device_add", device)] {
            vm.qmp(command, arguments)
                .await
                .context("cannot plug in the network card for metadata")?;
        }
        Ok(())
    }

    /// Runs a process for each connection, so that several requests may hang at once.
    fn forward(&self) -> String {
        let command = [quoted(&self.hospes), quoted(&self.socket)];
        let [hospes, socket] = command;
        format!("tcp:169.254.169.254:80-cmd:{hospes} metadata connect {socket}")
    }
}

/// A path as one word of a shell's command line.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_option_and_the_command_line_in_it() {
        let metadata = Metadata {
            hospes: "/a b/hospes".into(),
            socket: "/c,d/it's.sock".into(),
        };
        let [netdev, device] = [1, 3].map(|at| metadata.argv()[at].clone());
        assert!(
            netdev.ends_with(r"-cmd:'/a b/hospes' metadata connect '/c,,d/it'\''s.sock'"),
            "{netdev}"
        );
        assert!(netdev.contains("restrict=on"), "{netdev}");
        assert!(device.contains("netdev=metadata"), "{device}");
    }
}

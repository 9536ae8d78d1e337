//! Whether KVM really runs guests here, or QEMU must emulate.
//!
//! `/dev/kvm` may open and its guests hang all the same (nested virtualisation that is half there), so the
//! question is answered by a guest: a boot sector that writes to QEMU's debug-exit port.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::command::not_started;

/// What executes the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The kernel's virtual machines.
    Kvm,
    /// QEMU's emulation: slow, works everywhere.
    Tcg,
}

static CHOSEN: OnceCell<Accelerator> = OnceCell::const_new();

/// TCG answers in 0.1 s; a machine under load gets its time, a hanging guest never answers.
const DEADLINE: Duration = Duration::from_secs(5);
const DEBUG_EXIT: u16 = 0x501;
const WORD: u8 = 0x10;
/// isa-debug-exit ends QEMU with `(value << 1) | 1`.
const EXPECTED_EXIT: i32 = ((WORD as i32) << 1) | 1;

impl Accelerator {
    /// KVM if a guest answers under it, else TCG; found out once a process.
    ///
    /// # Errors
    /// QEMU cannot be started, or not even its emulation answers.
    pub async fn choose() -> Result<Self> {
        CHOSEN.get_or_try_init(probe_all).await.copied()
    }

    /// QEMU's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

async fn probe_all() -> Result<Accelerator> {
    if Path::new("/dev/kvm").exists() && answers(Accelerator::Kvm).await? {
        return Ok(Accelerator::Kvm);
    }
    if answers(Accelerator::Tcg).await? {
        return Ok(Accelerator::Tcg);
    }
    bail!(
        "QEMU starts, but a guest of 512 bytes does not answer within {DEADLINE:?}, with KVM or without"
    )
}

async fn answers(accelerator: Accelerator) -> Result<bool> {
    let work = tempfile::tempdir().context("cannot create a temporary directory")?;
    let disk = work.path().join("probe.raw");
    std::fs::write(&disk, boot_sector()).context("cannot write the probe's boot sector")?;
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args([
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-m",
        "16",
    ])
    .args(["-machine", &format!("pc,accel={}", accelerator.name())])
    .args([
        "-device",
        &format!("isa-debug-exit,iobase={DEBUG_EXIT:#x},iosize=1"),
    ])
    .args([
        "-drive",
        &format!("file={},format=raw,if=ide,readonly=off", disk.display()),
    ])
    .stdin(Stdio::null())
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .kill_on_drop(true);
    let mut child = qemu
        .spawn()
        .with_context(|| not_started("qemu-system-x86_64"))?;
    match tokio::time::timeout(DEADLINE, child.wait()).await {
        Ok(status) => Ok(status?.code() == Some(EXPECTED_EXIT)),
        Err(_hangs) => {
            let _ = child.start_kill();
            Ok(false)
        }
    }
}

/// `mov al, WORD; mov dx, DEBUG_EXIT; out dx, al; hlt; jmp` back to `hlt`, and the BIOS's signature.
fn boot_sector() -> [u8; 512] {
    let [low, high] = DEBUG_EXIT.to_le_bytes();
    let code = [0xb0, WORD, 0xba, low, high, 0xee, 0xf4, 0xeb, 0xfd];
    let mut sector = [0; 512];
    sector[..code.len()].copy_from_slice(&code);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_emulation_answers() {
        assert!(answers(Accelerator::Tcg).await.unwrap());
    }
}

//! Whether KVM really runs guests here, or QEMU must emulate.
//!
//! `/dev/kvm` may open and its guests hang all the same, or crawl: nested virtualisation that is half there
//! needs seconds where emulation needs a tenth of one. So the question is answered by guests: a boot sector
//! that writes to QEMU's debug-exit port, emulated first, and under KVM in about the same time.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

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

/// TCG answers in 0.1 s; a machine under load gets its time.
const EMULATED_WITHIN: Duration = Duration::from_secs(20);
/// A KVM worth having answers as soon as TCG does: most of that time is QEMU's own start.
const SLACK: Duration = Duration::from_secs(1);
const AT_MOST_TIMES_EMULATED: u32 = 3;
const QEMU: &str = "qemu-system-x86_64";
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
    let Some(emulated) = answers(Accelerator::Tcg, EMULATED_WITHIN).await? else {
        bail!(
            "QEMU starts, but an emulated guest of 512 bytes does not answer within {EMULATED_WITHIN:?}"
        )
    };
    let deadline = SLACK + emulated * AT_MOST_TIMES_EMULATED;
    let kvm =
        Path::new("/dev/kvm").exists() && answers(Accelerator::Kvm, deadline).await?.is_some();
    Ok(if kvm {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    })
}

/// After what time a guest answered, if it did within `deadline`.
async fn answers(accelerator: Accelerator, deadline: Duration) -> Result<Option<Duration>> {
    let work = tempfile::tempdir().context("cannot create a temporary directory")?;
    let disk = work.path().join("probe.raw");
    std::fs::write(&disk, boot_sector()).context("cannot write the probe's boot sector")?;
    let started = Instant::now();
    let mut child = probe(accelerator, &disk)
        .spawn()
        .with_context(|| not_started(QEMU))?;
    match tokio::time::timeout(deadline, child.wait()).await {
        Ok(status) => Ok((status?.code() == Some(EXPECTED_EXIT)).then(|| started.elapsed())),
        Err(_hangs) => Ok(None),
    }
}

fn probe(accelerator: Accelerator, disk: &Path) -> Command {
    let mut qemu = Command::new(QEMU);
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
        &format!("file={},format=raw,if=ide", disk.display()),
    ])
    .stdin(Stdio::null())
    .stdout(Stdio::null())
    .stderr(Stdio::null())
    .kill_on_drop(true);
    qemu
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
        assert!(
            answers(Accelerator::Tcg, EMULATED_WITHIN)
                .await
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn a_guest_that_does_not_answer_in_time_is_no_guest() {
        assert_eq!(
            answers(Accelerator::Tcg, Duration::from_millis(1))
                .await
                .unwrap(),
            None
        );
    }
}

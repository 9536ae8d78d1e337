use super::*;
use crate::settings::RebootPolicy::{Always, IfRequired, Never};
use crate::wire::Frame;

const BATCH: &str = "[main] systemd detected\nNEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: 6.1.0-18-amd64\n\
    NEEDRESTART-KEXP: 6.1.0-21-amd64\nNEEDRESTART-KSTA: 3\nNEEDRESTART-UCSTA: 2\n\
    NEEDRESTART-UCCUR: 0x071a\nNEEDRESTART-UCEXP: 0x071b\nNEEDRESTART-SVC: cron.service\n\
    NEEDRESTART-SVC: ssh.service\nNEEDRESTART-SESS: root @ session #3\nNEEDRESTART-CONT: LXC web1\n";

fn frame<'a>(kind: &'a str, body: &'a str) -> Frame<'a> {
    Frame {
        kind,
        status: "0",
        body: body.as_bytes(),
    }
}

#[test]
fn a_pinned_kernel_is_the_one_that_the_next_boot_brings() {
    let kernels = "6.8.4-2-pve\n6.8.12-4-pve\n";
    let newer = BATCH.replace("UCSTA: 2", "UCSTA: 1");
    for (running, pinned, wanted) in [
        ("6.8.4-2-pve", "6.8.4-2-pve", 0),
        ("6.8.12-4-pve", "6.8.4-2-pve", 1),
        ("6.8.4-2-pve", "6.5.0-1-pve", 1),
    ] {
        let frames = [
            frame("kernel", running),
            frame("kernels", kernels),
            frame("pinned", pinned),
            frame("needrestart", &newer),
        ];
        let reasons = Signs::read(&frames).reasons();
        assert_eq!(reasons.len(), wanted, "{running} {pinned}: {reasons:?}");
    }
}

#[test]
fn needrestart_is_read_in_its_batch_form() {
    let signs = Signs::read(&[frame("needrestart", BATCH)]);
    insta::assert_json_snapshot!(signs.needrestart);
    let silent = Signs::read(&[frame("needrestart", "needrestart: command failed")]);
    assert_eq!(silent.needrestart, None);
}

/// Recorded in Ubuntu 24.04 after an upgrade: nothing about microcode, which virtual machines have not.
#[test]
fn an_ubuntu_guest_s_own_programs_are_read() {
    let batch = "NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: 6.8.0-151-generic\n\
        NEEDRESTART-KEXP: 6.8.0-151-generic\nNEEDRESTART-KSTA: 1\nNEEDRESTART-SVC: lab-svc.service\n";
    let signs = Signs::read(&[
        frame("kernel", "6.8.0-151-generic"),
        frame("kernels", "6.8.0-151-generic\n"),
        frame("marked", "lab-lib\n"),
        frame("needrestart", batch),
    ]);
    insta::assert_json_snapshot!("noble", signs);
}

#[test]
fn each_sign_is_a_reason_of_its_own() {
    let abi = BATCH
        .replace("KSTA: 3", "KSTA: 2")
        .replace("UCSTA: 2", "UCSTA: 1");
    let current = BATCH
        .replace("KSTA: 3", "KSTA: 1")
        .replace("UCSTA: 2", "UCSTA: 0");
    let both = "6.1.0-18-amd64\n6.1.0-21-amd64\n";
    let (old, new) = ("6.1.0-18-amd64", "6.1.0-21-amd64");
    for (name, frames, wanted) in [
        (
            "nothing",
            vec![frame("kernel", new), frame("kernels", both)],
            vec![],
        ),
        (
            "kernel without needrestart",
            vec![frame("kernel", old), frame("kernels", both)],
            vec!["kernel 6.1.0-18-amd64 runs, 6.1.0-21-amd64 is installed"],
        ),
        (
            "kernel by needrestart alone",
            vec![frame("kernel", old), frame("needrestart", BATCH)],
            vec![
                "kernel 6.1.0-18-amd64 runs, 6.1.0-21-amd64 is installed",
                "newer processor microcode is installed",
            ],
        ),
        (
            "rebuilt",
            vec![frame("kernel", old), frame("needrestart", &abi)],
            vec!["kernel 6.1.0-18-amd64 was replaced by a new build"],
        ),
        (
            "current",
            vec![frame("kernel", old), frame("needrestart", &current)],
            vec![],
        ),
        (
            "marked",
            vec![frame("marked", "libssl3\nlinux-image-amd64\nlibssl3\n")],
            vec!["/run/reboot-required, by libssl3, linux-image-amd64"],
        ),
        (
            "marked by nobody",
            vec![frame("marked", "")],
            vec!["/run/reboot-required is there"],
        ),
    ] {
        let reasons = Signs::read(&frames).reasons();
        let said: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        assert_eq!(said, wanted, "{name}");
    }
}

#[test]
fn the_policy_and_the_state_of_packages_decide() {
    let asked = vec![RebootReason::Microcode];
    for (policy, is_asked, changed, settled, wanted) in [
        (Never, true, true, true, "owed Policy"),
        (Never, false, true, true, "no"),
        (IfRequired, true, false, true, "reboot"),
        (IfRequired, false, true, true, "no"),
        (IfRequired, true, true, false, "owed Unsettled"),
        (Always, false, true, true, "reboot"),
        (Always, false, false, true, "no"),
        (Always, true, false, true, "reboot"),
        (Always, false, true, false, "owed Unsettled"),
    ] {
        let reasons = if is_asked { asked.clone() } else { Vec::new() };
        let said = match decide(policy, reasons, Circumstances { changed, settled }) {
            Decision::Reboot { .. } => "reboot".to_owned(),
            Decision::Owed { why, .. } => format!("owed {why:?}"),
            Decision::NotNeeded => "no".to_owned(),
        };
        assert_eq!(said, wanted, "{policy:?} {is_asked} {changed} {settled}");
    }
}

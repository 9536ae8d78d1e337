use proptest::prelude::*;

use super::{MAX_ROUNDS, Probe, ProbeStep};
use crate::fixture::{answer, frame, healthy};
use crate::{PORT_DEVICE, Via};

fn framed(frames: &[String]) -> Vec<u8> {
    format!("@hospes-probe 1 0\n\n{}@end 0 0\n\n", frames.concat()).into_bytes()
}

#[test]
fn the_first_answer_yields_the_facts_of_a_debian_guest() {
    let facts = healthy();
    assert!(facts.as_root && facts.port_in_guest == Some(true));
    assert_eq!(
        facts.marks.macs.len(),
        1,
        "an all-zero address tells no machine"
    );
    assert_eq!(facts.uptime.map(|uptime| uptime.as_secs()), Some(4711));
    assert_eq!(
        facts.agent_unit.as_deref(),
        Some("qemu-guest-agent.service")
    );
    assert_eq!(
        facts.units[PORT_DEVICE].words("Wants"),
        ["qemu-guest-agent.service"]
    );
    assert_eq!(
        facts.units["qemu-guest-agent.service"].words("WantedBy"),
        [PORT_DEVICE]
    );
    assert_eq!(facts.packages.as_ref().map(|p| p.len()), Some(1));
    assert_eq!(facts.jobs.as_deref(), Some(&[] as &[String]));
    assert_eq!(facts.files.len(), 4);
    assert!(facts.gaps.is_empty(), "{:?}", facts.gaps);
}

#[test]
fn what_a_unit_names_is_asked_for_next() {
    let mut probe = Probe::new(Via::Ssh);
    let show = "Id=qemu-guest-agent.service\nNames=qemu-guest-agent.service\nLoadState=loaded\n\
                OnFailure=it's.service emergency.target\nFragmentPath=/etc/a b\n\
                ExecStop={ path=/opt/x ; argv[]=/opt/x y ; ignore_errors=no ; }\n";
    let step = probe.handle(&framed(&[frame("units", "0", show)])).unwrap();
    let ProbeStep::Run(script) = step else {
        panic!("{step:?}")
    };
    assert!(
        script.contains(r"'it'\''s.service'"),
        "quoted for the shell"
    );
    assert!(script.contains("'/opt/x'") && !script.contains("emergency.target"));
    assert!(script.contains("for p in '/etc/a' 'b'") || script.contains("for p in '/etc/a'"));
}

#[test]
fn an_endless_chain_ends_with_a_gap() {
    let mut probe = Probe::new(Via::Ssh);
    let unit = |at: u32| {
        let name = if at == 0 {
            "qemu-guest-agent".to_owned()
        } else {
            format!("u{at}")
        };
        let show = format!(
            "Id={name}.service\nNames={name}.service\nLoadState=loaded\nOnFailure=u{}.service\n",
            at + 1
        );
        framed(&[frame("units", "0", &show)])
    };
    for round in 0..u32::from(MAX_ROUNDS) - 1 {
        assert!(matches!(
            probe.handle(&unit(round)).unwrap(),
            ProbeStep::Run(_)
        ));
    }
    let ProbeStep::Done(facts) = probe.handle(&unit(u32::from(MAX_ROUNDS) - 1)).unwrap() else {
        panic!("more than {MAX_ROUNDS} rounds");
    };
    assert!(
        facts.gaps.iter().any(|gap| gap.contains("u5.service")),
        "{:?}",
        facts.gaps
    );
}

#[test]
fn names_that_cannot_be_asked_for_safely_become_gaps() {
    let mut probe = Probe::new(Via::Ssh);
    let show = "Id=qemu-guest-agent.service\nLoadState=loaded\n\
                ExecStop={ path=x ; argv[]=relative/x ; ignore_errors=no ; }\n\
                DropInPaths=\"/etc/a\tb.conf\"\n";
    let ProbeStep::Done(facts) = probe.handle(&framed(&[frame("units", "0", show)])).unwrap()
    else {
        panic!("asked for it");
    };
    assert_eq!(facts.gaps.len(), 2, "{:?}", facts.gaps);
}

#[test]
fn what_was_cut_or_denied_is_a_gap_and_what_failed_is_absent() {
    let mut probe = Probe::new(Via::Ssh);
    let frames = [
        frame("units", "cut", "Id=a.service\n"),
        frame("denied", "0", "/opt/secret.sh"),
        frame("jobs", "1", ""),
        frame("dpkg", "2", "dpkg-query: error"),
        frame("rpm", "1", "package qemu-guest-agent is not installed"),
        frame("boot-id", "1", ""),
        frame("state", "0", "Failed to connect to bus"),
    ];
    let ProbeStep::Done(facts) = probe.handle(&framed(&frames)).unwrap() else {
        panic!()
    };
    assert_eq!(facts.gaps.len(), 2, "{:?}", facts.gaps);
    assert_eq!((facts.jobs, facts.packages), (None, None));
    assert_eq!((facts.marks.boot_id, facts.system_state), (None, None));
}

#[test]
fn rpm_tells_what_is_and_what_is_not_installed() {
    let mut probe = Probe::new(Via::Ssh);
    let text = "qemu-guest-agent\tinstall ok installed\t9.1-2.el9\n\
                package hospes-agent is not installed";
    let ProbeStep::Done(facts) = probe.handle(&framed(&[frame("rpm", "1", text)])).unwrap() else {
        panic!()
    };
    assert_eq!(
        facts.packages.unwrap()["qemu-guest-agent"].version,
        "9.1-2.el9"
    );
}

#[test]
fn an_answer_over_the_limit_is_refused() {
    let mut probe = Probe::new(Via::Ssh);
    let huge = vec![b'x'; Probe::OUTPUT_LIMIT + 1];
    assert!(probe.handle(&huge).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_taken_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Probe::new(Via::Channel).handle(&bytes);
        let mut body = b"@hospes-probe 1 0\n\n".to_vec();
        body.extend(bytes);
        let _ = Probe::new(Via::Channel).handle(&body);
    }

    #[test]
    fn a_damaged_answer_is_taken_without_a_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut bytes = answer();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let mut probe = Probe::new(Via::Ssh);
        for _ in 0..=MAX_ROUNDS {
            if let Ok(ProbeStep::Done(facts)) = probe.handle(&bytes) {
                let _ = crate::plan(&crate::fixture::check(*facts));
                return Ok(());
            }
        }
    }

    #[test]
    fn any_shell_text_is_read_without_a_panic(text in "[a-z#'\"`$(){};|&<>\\\\\n =./-]{0,200}") {
        let _ = crate::hooks::power_actions(&text);
        let _ = crate::hooks::unit_file::settings(&text);
        let _ = crate::hooks::written(&text);
        let _ = crate::hooks::shown(&text);
    }
}

#[test]
fn more_units_or_files_than_can_be_judged_are_gaps() {
    let units: String = (0..2_000)
        .map(|at| format!("Id=u{at}.service\nLoadState=loaded\n\n"))
        .collect();
    let mut probe = Probe::new(Via::Ssh);
    let files = (0..2_000).map(|at| frame("empty", "0", &format!("/x{at}")));
    let frames: Vec<String> = files.chain([frame("units", "0", &units)]).collect();
    let ProbeStep::Done(facts) = probe.handle(&framed(&frames)).unwrap() else {
        panic!()
    };
    let wanted = ["too many files to judge", "too many units to judge"];
    assert!(
        wanted.iter().all(|gap| facts.gaps.contains(*gap)),
        "{:?}",
        facts.gaps
    );
}

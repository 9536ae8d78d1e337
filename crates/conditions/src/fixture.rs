//! A healthy Debian 12 guest for tests: the texts of its real package (qemu-guest-agent 7.2) and
//! `systemctl show` as systemd 252 prints it.

use crate::{
    ChannelAnswers, ChannelDevice, ChannelReport, Check, FreezeStatus, GuestFacts, NodeName,
    Observation, Probe, ProbeStep, RunState, Sightings, SshSighting, Timestamp, Via, assess,
};

pub(crate) const UNIT: &str = "qemu-guest-agent.service";
pub(crate) const VENDOR_UNIT: &str = "/lib/systemd/system/qemu-guest-agent.service";
pub(crate) const DROP_IN: &str = "/etc/systemd/system/qemu-guest-agent.service.d/hook.conf";
pub(crate) const PRERM: &str = "/var/lib/dpkg/info/qemu-guest-agent.prerm";
pub(crate) const RULE: &str = "/lib/udev/rules.d/60-qemu-guest-agent.rules";

const FILES: [(&str, &str); 4] = [
    (
        VENDOR_UNIT,
        include_str!("fixtures/qemu-guest-agent.service"),
    ),
    (RULE, include_str!("fixtures/60-qemu-guest-agent.rules")),
    (
        "/var/lib/dpkg/info/qemu-guest-agent.postinst",
        include_str!("fixtures/postinst"),
    ),
    (PRERM, include_str!("fixtures/prerm")),
];

/// One frame as the probe's script prints it.
pub(crate) fn frame(kind: &str, status: &str, body: &str) -> String {
    format!("@{kind} {status} {}\n{body}\n", body.len())
}

/// The answer to the first script.
pub(crate) fn answer() -> Vec<u8> {
    let sizes: Vec<String> = FILES
        .iter()
        .map(|(p, t)| format!("{:5} {p}", t.len()))
        .collect();
    let texts: String = FILES.iter().map(|(_, text)| *text).collect();
    [
        "Linux web1, last login yesterday\n@hospes-probe 1 0\n\n".to_owned(),
        frame("boot-id", "0", "8d0e5f1e-1111-4222-8333-94444444444a"),
        frame("host", "0", "web1"),
        frame("uptime", "0", "4711.25 9000.00"),
        frame("uid", "0", "0"),
        frame("macs", "0", "52:54:00:12:34:56\n00:00:00:00:00:00\n"),
        frame("port", "0", "yes"),
        frame("state", "0", "running"),
        frame("jobs", "0", "No jobs running."),
        frame(
            "dpkg",
            "1",
            "qemu-guest-agent\tinstall ok installed\t1:7.2+dfsg-7+deb12u18",
        ),
        frame("units", "0", include_str!("fixtures/show.txt")),
        frame("units", "0", ""),
        frame("sizes", &FILES.len().to_string(), &sizes.join("\n")),
        frame("content", "0", &texts),
        "@end 0 0\n\n".to_owned(),
    ]
    .concat()
    .into_bytes()
}

/// What the probe makes of it.
pub(crate) fn healthy() -> GuestFacts {
    let mut probe = Probe::new(Via::Ssh);
    let mut step = probe.handle(&answer()).unwrap();
    while let ProbeStep::Run(_) = step {
        step = probe.handle(b"@hospes-probe 1 0\n\n@end 0 0\n\n").unwrap();
    }
    let ProbeStep::Done(facts) = step else {
        unreachable!()
    };
    *facts
}

/// A complete, healthy look at that guest.
pub(crate) fn sightings(facts: GuestFacts) -> Sightings {
    Sightings {
        observation: Observation {
            guest: "web1".parse().unwrap(),
            node: NodeName::new("pve1"),
            run_state: RunState::Running,
            lock: None,
            channel_device: ChannelDevice::Present {
                opened_by_guest: Some(true),
            },
            cluster: None,
            evidence: "query-status: running".to_owned(),
            at: Timestamp::from_millis(1_772_366_400_000),
        },
        channel: ChannelReport::Answered(Box::new(ChannelAnswers {
            version: "7.2.22".to_owned(),
            enabled: ["guest-ping".to_owned(), "guest-shutdown".to_owned()].into(),
            freeze: Some(FreezeStatus::Thawed),
            marks: facts.marks.clone(),
            ping_us: 44,
        })),
        ssh: SshSighting::Read(facts.marks.clone()),
        shell: Ok(facts),
        started: Timestamp::from_millis(1_772_366_400_000),
        finished: Timestamp::from_millis(1_772_366_402_000),
    }
}

/// The check of such facts.
pub(crate) fn check(facts: GuestFacts) -> Check {
    assess(sightings(facts))
}

/// Sets a property of the agent's unit.
pub(crate) fn set(facts: &mut GuestFacts, unit: &str, key: &str, value: &str) {
    let unit = facts.units.entry(unit.to_owned()).or_default();
    unit.properties
        .insert(key.to_owned(), vec![value.to_owned()]);
}

/// Adds a file.
pub(crate) fn add(facts: &mut GuestFacts, path: &str, text: &str) {
    let file = crate::FileFacts {
        text: text.to_owned(),
        truncated: false,
    };
    facts.files.insert(path.to_owned(), file);
}

/// A loaded unit that does nothing.
pub(crate) fn add_unit(facts: &mut GuestFacts, unit: &str, properties: &[(&str, &str)]) {
    let plain = [
        ("Id", unit),
        ("Names", unit),
        ("LoadState", "loaded"),
        ("ActiveState", "inactive"),
        ("NeedDaemonReload", "no"),
    ];
    for (key, value) in plain.iter().chain(properties) {
        set(facts, unit, key, value);
    }
}

/// A command line as `systemctl show` prints it.
pub(crate) fn printed(argv: &str) -> String {
    let path = argv.split(' ').next().unwrap_or("");
    format!(
        "{{ path={path} ; argv[]={argv} ; ignore_errors=no ; start_time=[n/a] ; \
         stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }}"
    )
}

#[test]
fn the_fixture_is_a_healthy_guest() {
    let check = check(healthy());
    assert!(check.is_healthy(), "{:#?}", check.verdicts());
    assert!(crate::plan(&check).is_empty());
}

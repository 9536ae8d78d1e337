//! What a check sees of the simulated guest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use conditions::{
    ChannelAnswers, ChannelDevice, ChannelReport, FreezeStatus, GuestFacts, GuestId, MachineMarks,
    Observation, PORT_DEVICE, PackageFacts, RunState, Sightings, SilenceReason, SshSighting,
    Timestamp, UnitFacts, Unreadable, UnreadableReason, Via,
};

use crate::guest::Guest;

const UNIT: &str = "qemu-guest-agent.service";

pub(crate) fn observation(guest: &Guest) -> Observation {
    Observation {
        guest: name(),
        node: guest.node(),
        run_state: guest.run_state(),
        lock: guest.locked.then(|| "backup".to_owned()),
        channel_device: ChannelDevice::Present {
            opened_by_guest: Some(guest.agent_alive),
        },
        evidence: String::new(),
        at: guest.now,
    }
}

/// All that a check of `guest` sees; what cannot be read is absent or silent.
pub(crate) fn of(guest: &Guest, started: Timestamp, finished: Timestamp) -> Sightings {
    let by_ssh = guest.answers() && guest.sshd_alive;
    let by_channel = guest.answers() && guest.agent_alive;
    let unreadable = || Unreadable::new(UnreadableReason::Unreachable, "no route");
    let via = if by_ssh { Via::Ssh } else { Via::Channel };
    Sightings {
        observation: observation(guest),
        channel: if by_channel {
            answers(guest)
        } else {
            silence(guest)
        },
        shell: if by_ssh || by_channel {
            Ok(facts(guest, via))
        } else {
            Err(unreadable())
        },
        ssh: match by_ssh {
            true => SshSighting::Read(marks(guest)),
            false => SshSighting::Unreadable(unreadable()),
        },
        started,
        finished,
    }
}

fn name() -> GuestId {
    "web1".parse().expect("a name")
}

fn marks(guest: &Guest) -> MachineMarks {
    MachineMarks {
        boot_id: Some(guest.boot_id()),
        macs: BTreeSet::from(["52:54:00:12:34:56".to_owned()]),
        host_name: Some("web1".to_owned()),
    }
}

fn answers(guest: &Guest) -> ChannelReport {
    ChannelReport::Answered(Box::new(ChannelAnswers {
        version: "7.2.22".to_owned(),
        enabled: BTreeSet::from(["guest-shutdown".to_owned(), "guest-exec".to_owned()]),
        freeze: Some(FreezeStatus::Thawed),
        marks: marks(guest),
        ping_us: 100,
    }))
}

fn silence(guest: &Guest) -> ChannelReport {
    let reason = match guest.run_state() {
        RunState::Stopped => SilenceReason::GuestStopped,
        _ => SilenceReason::TimedOut,
    };
    ChannelReport::Silent {
        reason,
        evidence: "no answer".to_owned(),
    }
}

fn facts(guest: &Guest, via: Via) -> GuestFacts {
    let package = PackageFacts {
        status: "install ok installed".to_owned(),
        version: "1:7.2".to_owned(),
    };
    let active = if guest.agent_alive {
        ("active", "running")
    } else {
        ("inactive", "dead")
    };
    let mut agent = vec![
        ("Id", UNIT),
        ("LoadState", "loaded"),
        ("ActiveState", active.0),
        ("SubState", active.1),
        ("UnitFileState", "static"),
        ("NeedDaemonReload", "no"),
        ("Job", ""),
        ("SuccessAction", "none"),
        ("FailureAction", "none"),
        ("StartLimitAction", "none"),
        ("JobTimeoutAction", "none"),
        ("OnFailure", ""),
        ("OnSuccess", ""),
        ("BoundBy", ""),
        ("RequiredBy", ""),
        ("ConsistsOf", ""),
        ("PropagatesStopTo", ""),
        ("TriggeredBy", ""),
        ("ExecStart", START),
    ];
    if guest.hooked {
        agent.push(("ExecStopPost", HOOK));
    }
    let port = [
        ("LoadState", "loaded"),
        ("ActiveState", "active"),
        ("Wants", UNIT),
    ];
    let state = if guest.is_stopping() {
        "stopping"
    } else {
        "running"
    };
    GuestFacts {
        as_root: true,
        marks: marks(guest),
        uptime: Some(guest.uptime()),
        system_state: Some(state.to_owned()),
        packages: Some(BTreeMap::from([("qemu-guest-agent".to_owned(), package)])),
        units: BTreeMap::from([
            (UNIT.to_owned(), unit(&agent)),
            (PORT_DEVICE.to_owned(), unit(&port)),
        ]),
        agent_unit: Some(UNIT.to_owned()),
        port_in_guest: Some(true),
        jobs: Some(Vec::new()),
        ..GuestFacts::unread(via)
    }
}

const START: &str = "{ path=/usr/sbin/qemu-ga ; argv[]=/usr/sbin/qemu-ga ; ignore_errors=no ; \
                     start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }";

const HOOK: &str = "{ path=/usr/bin/qemu-ga ; argv[]=/usr/bin/qemu-ga --shutdown ; \
                    ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; \
                    status=0/0 }";

fn unit(properties: &[(&str, &str)]) -> UnitFacts {
    let properties = properties
        .iter()
        .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]));
    UnitFacts {
        properties: properties.collect(),
    }
}

/// How long a look takes when nothing is lost.
pub(crate) const LOOK: Duration = Duration::from_millis(80);

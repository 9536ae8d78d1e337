//! Conditions 5 and 6.

use super::{seen, silent, state};
use crate::{ChannelDevice, ChannelReport, Condition, FreezeStatus, SilenceReason, State};

#[test]
fn the_port_is_needed_on_both_sides() {
    let present = ChannelDevice::Present {
        opened_by_guest: None,
    };
    let unknown = ChannelDevice::Unknown("no QMP".to_owned());
    for (device, in_guest, answers, expected) in [
        (&present, Some(true), true, State::Healthy),
        (&present, Some(false), true, State::Failed),
        (&present, None, true, State::Healthy),
        (&present, None, false, State::Unknown),
        (&ChannelDevice::Absent, Some(true), true, State::Failed),
        (&unknown, Some(true), true, State::Unknown),
        (&unknown, Some(false), true, State::Failed),
    ] {
        let check = seen(|seen| {
            seen.observation.channel_device = device.clone();
            if let Ok(facts) = &mut seen.shell {
                facts.port_in_guest = in_guest;
            }
            if !answers {
                silent(seen, SilenceReason::TimedOut);
            }
        });
        assert_eq!(
            state(&check, Condition::Port),
            expected,
            "{device:?} {in_guest:?}"
        );
    }
}

#[test]
fn the_agent_must_answer_thawed_and_able_to_shut_down() {
    for (freeze, command, expected) in [
        (Some(FreezeStatus::Thawed), "guest-shutdown", State::Healthy),
        (Some(FreezeStatus::Frozen), "guest-shutdown", State::Failed),
        (None, "guest-shutdown", State::Unknown),
        (Some(FreezeStatus::Thawed), "guest-ping", State::Failed),
        (None, "guest-ping", State::Failed),
    ] {
        let check = seen(|seen| {
            if let ChannelReport::Answered(answers) = &mut seen.channel {
                answers.freeze = freeze;
                answers.enabled = [command.to_owned()].into();
            }
        });
        assert_eq!(
            state(&check, Condition::Answers),
            expected,
            "{freeze:?} {command}"
        );
    }
    for (reason, expected) in [
        (SilenceReason::GuestStopped, State::Failed),
        (SilenceReason::NoSocket, State::Failed),
        (SilenceReason::Held, State::Unknown),
        (SilenceReason::TimedOut, State::Failed),
        (SilenceReason::Garbage, State::Failed),
        (SilenceReason::Error, State::Failed),
    ] {
        let check = seen(|seen| silent(seen, reason));
        assert_eq!(state(&check, Condition::Answers), expected, "{reason:?}");
    }
}

//! The timeline of a campaign: entries as the journal keeps them, and in words.

use conditions::Timestamp;
use journal::CampaignNote;
use patch_report::input::{Entry, What};
use plan::MemberId;
use plan::campaign::{End, HookId, Report};

/// What a report of the campaign adds to its timeline, if it adds something that is not there.
pub(super) fn of_report(report: &Report) -> Option<(Option<MemberId>, What)> {
    let text = report_told(report);
    match report {
        Report::WaveBegan(group, wave) => {
            let (group, wave) = (group.clone(), *wave);
            Some((None, What::WaveBegan { group, wave }))
        }
        Report::GroupEnded(group, None) => {
            let group = group.clone();
            Some((None, What::GroupEnded { group }))
        }
        Report::GroupEnded(_, Some(_)) | Report::Halted(_) | Report::UnknownWord(_) => {
            Some((None, What::Told { text }))
        }
        Report::WillRetry { member, .. }
        | Report::PutBack(member)
        | Report::Ended(member, End::Failed(_) | End::Down(_) | End::NotBegun(_)) => {
            Some((Some(member.clone()), What::Told { text }))
        }
        // Its run has a timeline of its own; the end of a command is told beside its beginning.
        Report::Ended(_, End::Done) | Report::HookFailed(..) => None,
    }
}

/// A report for people.
pub(crate) fn report_told(report: &Report) -> String {
    match report {
        Report::WaveBegan(group, wave) => format!("wave {wave} of `{group}` begins"),
        Report::WillRetry { member, at, reason } => {
            format!("{member}: will be tried again at {at}: {reason}")
        }
        Report::PutBack(member) => format!("{member}: was not begun, and waits for another turn"),
        Report::Ended(member, end) => format!("{member}: {}", end_told(end)),
        Report::HookFailed(id, reason) => format!("the command {id} failed: {reason}"),
        Report::GroupEnded(group, None) => format!("group `{group}` has ended"),
        Report::GroupEnded(group, Some(stop)) => {
            format!("group `{group}` has ended early: {stop}")
        }
        Report::Halted(halt) => format!("nobody else is begun: {halt}"),
        Report::UnknownWord(word) => format!("no wave waits for the word `{word}`"),
    }
}

/// How it ended for a member, for people.
pub(crate) fn end_told(end: &End) -> String {
    match end {
        End::Done => "patched".to_owned(),
        End::Failed(reason) => format!("not patched: {reason}"),
        End::Down(reason) => format!("not usable: {reason}"),
        End::NotBegun(reason) => format!("not begun: {reason}"),
    }
}

pub(super) fn hook_began(id: &HookId) -> What {
    What::HookBegan {
        hook: id.to_string(),
    }
}

pub(super) fn hook_ended(id: &HookId, result: &Result<(), String>) -> What {
    What::HookEnded {
        hook: id.to_string(),
        failure: result.as_ref().err().cloned(),
    }
}

/// A line of the timeline, as the journal keeps it.
pub(super) fn note(member: Option<&MemberId>, what: What, by: &str, at: Timestamp) -> CampaignNote {
    CampaignNote {
        member: member.map(ToString::to_string),
        text: write(what, by, at),
        at,
    }
}

/// The text of a line of the timeline.
pub(crate) fn write(what: What, by: &str, at: Timestamp) -> String {
    let by = by.to_owned();
    let entry = Entry { at, by, what };
    // Plain data is always JSON; words are better than nothing all the same.
    serde_json::to_string(&entry).unwrap_or_else(|_| told(&entry.what))
}

/// What a line of the timeline says.
pub(crate) fn entry(note: &CampaignNote) -> Entry {
    serde_json::from_str(&note.text).unwrap_or_else(|_| Entry {
        at: note.at,
        by: "hospes".to_owned(),
        what: What::Told {
            text: note.text.clone(),
        },
    })
}

/// What happened, for people.
pub(crate) fn told(what: &What) -> String {
    match what {
        What::WaveBegan { group, wave } => format!("wave {wave} of `{group}` begins"),
        What::GroupEnded { group } => format!("group `{group}` has ended"),
        What::Approved { word } => format!("the word `{word}` is said"),
        What::Paused => "nobody is begun for now".to_owned(),
        What::Resumed => "members are begun again".to_owned(),
        What::Aborted { reason } => format!("nobody else is to be begun: {reason}"),
        What::TakenUp { seen } => format!("taken up; last heard of at {seen}"),
        What::Differed { differences } => {
            format!("reality has moved: {}", differences.join("; "))
        }
        What::HookBegan { hook } => format!("the command {hook} begins"),
        What::HookEnded {
            hook,
            failure: None,
        } => format!("the command {hook} has ended"),
        What::HookEnded {
            hook,
            failure: Some(failure),
        } => format!("the command {hook} failed: {failure}"),
        What::Told { text } => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_a_foreign_one_as_text() {
        let at = Timestamp::from_millis(7);
        let what = What::HookEnded {
            hook: "after-wave web 2".to_owned(),
            failure: Some("ended with status 3".to_owned()),
        };
        let read = entry(&note(None, what.clone(), "eva", at));
        assert_eq!((read.at, &*read.by, read.what), (at, "eva", what));
        let foreign = CampaignNote {
            member: None,
            text: "{ not an entry".to_owned(),
            at,
        };
        assert_eq!(told(&entry(&foreign).what), "{ not an entry");
    }
}

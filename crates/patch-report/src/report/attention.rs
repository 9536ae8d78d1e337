//! What needs a person, and what to do next.

use std::collections::BTreeMap;

use patch::reboot::NotRebootedReason;
use plan::MemberId;
use serde::Serialize;

use super::Report;
use super::attempt::Found;
use super::complaint::Complaint;
use super::member::{Member, Standing};

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attention {
    /// What kind of thing.
    pub matter: Matter,
    /// What, and what to do about it.
    #[serde(flatten)]
    pub complaint: Complaint,
    /// Of whom; nobody, where it is of the campaign.
    pub members: Vec<MemberId>,
}

/// What kind of thing needs a person, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// Somebody is not usable.
    Down,
    /// Somebody is not patched.
    Failed,
    /// The campaign, a group or a command of the operator did not go as planned.
    Campaign,
    /// Somebody should be rebooted.
    Reboot,
    /// Somebody was not begun, or left out against the operator's wish.
    Missed,
    /// A configuration file of a package has a new version that is not in effect.
    Configuration,
}

impl Matter {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Failed => "Failed",
            Self::Campaign => "Campaign",
            Self::Reboot => "Reboot owed",
            Self::Missed => "Not patched",
            Self::Configuration => "Configuration",
        }
    }
}

#[derive(Default)]
struct List(BTreeMap<(Matter, Complaint), Vec<MemberId>>);

impl List {
    fn add(&mut self, matter: Matter, complaint: Complaint, of: Option<&MemberId>) {
        let members = self.0.entry((matter, complaint)).or_default();
        // Of one member one after the other: who said it just before said it already.
        if of.is_some_and(|of| members.last() != Some(of)) {
            members.extend(of.cloned());
        }
    }

    fn say(&mut self, matter: Matter, what: String, next: &str, of: Option<&MemberId>) {
        let next = next.to_owned();
        self.add(matter, Complaint { what, next }, of);
    }
}

/// All of it, the most urgent first; what is the same of several is told once.
pub(super) fn of(report: &Report) -> Vec<Attention> {
    let mut list = List::default();
    campaign(report, &mut list);
    for member in &report.members {
        standing(member, &mut list);
        if let Some(found) = member.found() {
            leftovers(member, found, &mut list);
        }
    }
    for left_out in &report.left_out {
        if let Some(next) = left_out.next {
            let what = left_out.reason.to_string();
            list.say(Matter::Missed, what, next, Some(&left_out.id));
        }
    }
    let found = list.0.into_iter();
    found
        .map(|((matter, complaint), members)| Attention {
            matter,
            complaint,
            members,
        })
        .collect()
}

fn campaign(report: &Report, list: &mut List) {
    let campaign = &report.campaign;
    let mut say = |what, next| list.say(Matter::Campaign, what, next, None);
    if let Some(halt) = &campaign.halt {
        let what = format!("nobody else was begun: {halt}");
        say(
            what,
            "mend what failed, then plan and apply again for the rest",
        );
    }
    for (group, stop) in report
        .groups
        .iter()
        .filter_map(|group| Some((group, group.stop.as_ref()?)))
    {
        let what = format!("group `{}` was stopped: {stop}", group.name);
        say(what, "mend that, then plan and apply again for the rest");
    }
    for hook in &campaign.hooks {
        if let Some(failure) = &hook.failure {
            let what = format!("the command `{}` failed: {failure}", hook.hook);
            say(what, "mend the command, and do by hand what it was for");
        }
    }
    let is_told = campaign
        .hooks
        .iter()
        .any(|hook| hook.failure == campaign.after_campaign);
    if let Some(failure) = campaign.after_campaign.as_ref().filter(|_| !is_told) {
        let what = format!("the command after the campaign failed: {failure}");
        say(what, "mend the command, and do by hand what it was for");
    }
    for wave in report.groups.iter().flat_map(|group| &group.waves) {
        let waits = wave.began.is_none() && wave.numbers.waiting > 0;
        let word = wave
            .approval
            .as_ref()
            .filter(|said| waits && said.at.is_none());
        if let Some(approval) = word {
            let what = format!("a wave waits for the word `{}`", approval.word);
            say(what, "say it, if what was patched before holds");
        }
    }
}

fn standing(member: &Member, list: &mut List) {
    let (matter, why) = match &member.standing {
        Standing::Down(why) => (Matter::Down, why),
        Standing::Failed(why) => (Matter::Failed, why),
        Standing::NotBegun(why) => {
            let next = "mend what stopped it, then plan and apply again";
            return list.say(Matter::Missed, why.clone(), next, Some(&member.id));
        }
        Standing::Done | Standing::UnderWay | Standing::Waiting(_) => return,
    };
    let complaints = member.found().map_or(&[][..], |found| &found.complaints);
    for complaint in complaints {
        list.add(matter, complaint.clone(), Some(&member.id));
    }
    if complaints.is_empty() {
        let next = match matter {
            Matter::Down => "look at its console, and see with `hospes ready` when it is back",
            _ => "mend that, then plan and apply again",
        };
        list.say(matter, why.clone(), next, Some(&member.id));
    }
}

fn leftovers(member: &Member, found: &Found, list: &mut List) {
    if let Some(owed) = &found.reboot_owed {
        let next = match owed.why_not {
            NotRebootedReason::Policy => "reboot it with `hospes reboot` when that suits",
            NotRebootedReason::Unsettled => {
                "mend its packages first, then reboot it with `hospes reboot`"
            }
        };
        list.say(
            Matter::Reboot,
            owed.reasons.join("; "),
            next,
            Some(&member.id),
        );
    }
    for conffile in &found.conffiles {
        let what = format!("`{}` was kept as its owner changed it", conffile.path);
        let next = format!("compare it with `{}`, then remove that", conffile.offered);
        list.add(
            Matter::Configuration,
            Complaint { what, next },
            Some(&member.id),
        );
    }
}

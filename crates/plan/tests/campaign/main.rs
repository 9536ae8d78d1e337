//! Campaigns, step by step.

use std::time::Duration;

use conditions::Timestamp;
use plan::campaign::{
    Campaign, Effect, End, Event, Halt, HookId, NotResumable, Outcome, Phase, Report, Summary,
};
use plan::{Document, Facts, Fleet, PlanFile, Standing};

const NOW: Timestamp = Timestamp::from_millis(1_774_612_800_000);

fn document(text: &str, guests: usize) -> Document {
    let file = PlanFile::read(text.as_bytes()).unwrap_or_else(|mistaken| panic!("{mistaken}"));
    let mut fleet = Fleet::default();
    let ids: Vec<plan::MemberId> = (1..=guests)
        .map(|guest| format!("g{guest}").parse().expect("of the fixture"))
        .collect();
    for id in &ids {
        let (host, standing) = (None, Standing::Ready);
        fleet.add(id.clone(), Facts { host, standing });
    }
    fleet.choose("all", ids);
    plan::plan(&file, &fleet, NOW).expect("of the fixture")
}

/// Who is begun.
fn begun(effects: &[Effect]) -> Vec<String> {
    let member = |effect: &Effect| match effect {
        Effect::Begin { member, turn } => Some(format!("{member}/{turn}")),
        _ => None,
    };
    effects.iter().filter_map(member).collect()
}

fn ended(member: &str, turn: u32, outcome: Outcome) -> Event {
    let member = member.parse().expect("of the fixture");
    Event::Ended {
        member,
        turn,
        outcome,
    }
}

fn finished(effects: &[Effect]) -> Option<&Summary> {
    effects.iter().find_map(|effect| match effect {
        Effect::Finish(summary) => Some(summary),
        _ => None,
    })
}

fn failed() -> Outcome {
    Outcome::Failed("dpkg".to_owned())
}

#[test]
fn those_under_way_count_as_if_they_failed() {
    let text = "max-failures = 1\n[group.all]\nguests = \"all\"\nmax-unavailable = 5\n";
    let (mut campaign, effects) = Campaign::begin(document(text, 5), NOW);
    assert_eq!(begun(&effects), ["g1/1", "g2/1"]);
    assert_eq!(
        begun(&campaign.step(ended("g1", 1, failed()), NOW)),
        [""; 0]
    );
    assert_eq!(
        begun(&campaign.step(ended("g2", 1, Outcome::Done), NOW)),
        ["g3/1"]
    );
    let effects = campaign.step(ended("g3", 1, failed()), NOW);
    let summary = finished(&effects).expect("it has ended");
    assert_eq!((summary.done, summary.failed, summary.not_begun), (1, 2, 2));
    assert_eq!(summary.halt, Some(Halt::Budget));
}

#[test]
fn of_a_group_whose_members_are_all_held_nothing_is_told() {
    let text = "[group.held]\nguests = \"all\"\n[group.others]\nguests = \"others\"\n\
                [[hold]]\nmember = \"g1\"\nreason = \"its owner wants it so\"\n";
    let file = PlanFile::read(text.as_bytes()).expect("of the fixture");
    let mut fleet = Fleet::default();
    for (words, id) in [("all", "g1"), ("others", "g2")] {
        let id: plan::MemberId = id.parse().expect("of the fixture");
        let (host, standing) = (None, Standing::Ready);
        fleet.add(id.clone(), Facts { host, standing });
        fleet.choose(words, vec![id]);
    }
    let document = plan::plan(&file, &fleet, NOW).expect("of the fixture");
    assert_eq!(document.groups().len(), 2);
    let (mut campaign, mut effects) = Campaign::begin(document, NOW);
    effects.extend(campaign.step(ended("g2", 1, Outcome::Done), NOW));
    assert!(finished(&effects).expect("it has ended").is_success());
    let ended = effects.iter().filter_map(|effect| match effect {
        Effect::Report(Report::GroupEnded(group, stop)) => Some((group.as_str(), stop)),
        _ => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), [("others", &None)]);
}

#[test]
fn who_is_left_unusable_takes_the_room_of_another() {
    let text = "max-failures = 5\n[group.all]\nguests = \"all\"\nmax-unavailable = 1\n";
    let (mut campaign, effects) = Campaign::begin(document(text, 3), NOW);
    assert_eq!(begun(&effects), ["g1/1"]);
    let effects = campaign.step(ended("g1", 1, Outcome::Down("gone".to_owned())), NOW);
    let summary = finished(&effects).expect("it has ended");
    assert_eq!((summary.down, summary.not_begun), (1, 2));
}

#[test]
fn a_canary_is_watched_and_the_next_wave_waits_for_its_word() {
    let text = "[group.all]\nguests = \"all\"\n\
                wave = [{ size = 1, soak = \"10m\" }, { approval = \"go\" }]\n";
    let (mut campaign, effects) = Campaign::begin(document(text, 2), NOW);
    assert_eq!(begun(&effects), ["g1/1"]);
    let effects = campaign.step(ended("g1", 1, Outcome::Done), NOW);
    let soaked = NOW + Duration::from_secs(600);
    assert!(effects.contains(&Effect::Wait(soaked)));
    let effects = campaign.step(Event::Tick, soaked);
    let ask = Effect::AskApproval {
        group: "all".to_owned(),
        wave: 2,
        word: "go".to_owned(),
    };
    assert!(effects.contains(&ask) && begun(&effects).is_empty());
    let effects = campaign.step(Event::Approved("og".to_owned()), soaked);
    assert!(effects.contains(&Effect::Report(Report::UnknownWord("og".to_owned()))));
    let effects = campaign.step(Event::Approved("go".to_owned()), soaked);
    assert_eq!(begun(&effects), ["g2/1"]);
}

#[test]
fn a_word_that_nobody_says_ends_the_campaign_at_its_deadline() {
    let text = "deadline = \"1h\"\n[group.all]\nguests = \"all\"\nwave = [{ approval = \"go\" }]\n";
    let (mut campaign, effects) = Campaign::begin(document(text, 1), NOW);
    let deadline = NOW + Duration::from_secs(3600);
    assert!(effects.contains(&Effect::Wait(deadline)));
    let effects = campaign.step(Event::Tick, deadline);
    assert_eq!(finished(&effects).unwrap().halt, Some(Halt::Deadline));
}

#[test]
fn another_try_is_another_turn_until_there_are_no_more() {
    let text = "[group.all]\nguests = \"all\"\nretries = 1\nretry-after = \"5m\"\n";
    let (mut campaign, _) = Campaign::begin(document(text, 1), NOW);
    let locked = || Outcome::Retry("the lock is held".to_owned());
    let later = NOW + Duration::from_secs(300);
    let effects = campaign.step(ended("g1", 1, locked()), NOW);
    assert!(effects.contains(&Effect::Wait(later)) && begun(&effects).is_empty());
    assert_eq!(begun(&campaign.step(Event::Tick, later)), ["g1/2"]);
    assert_eq!(
        campaign.step(ended("g1", 1, Outcome::Done), later),
        campaign.step(Event::Tick, later)
    );
    let effects = campaign.step(ended("g1", 2, locked()), later);
    assert_eq!(finished(&effects).unwrap().failed, 1);
}

#[test]
fn a_pause_begins_nobody_and_an_abort_lets_those_under_way_finish() {
    let text = "max-failures = 9\n[group.all]\nguests = \"all\"\nmax-unavailable = 1\n";
    let (mut campaign, _) = Campaign::begin(document(text, 3), NOW);
    assert!(begun(&campaign.step(Event::Paused, NOW)).is_empty());
    assert!(begun(&campaign.step(ended("g1", 1, Outcome::Done), NOW)).is_empty());
    assert_eq!(begun(&campaign.step(Event::Resumed, NOW)), ["g2/1"]);
    let effects = campaign.step(Event::Aborted("enough".to_owned()), NOW);
    assert!(finished(&effects).is_none());
    let effects = campaign.step(ended("g2", 1, Outcome::Done), NOW);
    let summary = finished(&effects).unwrap();
    assert_eq!((summary.done, summary.not_begun), (2, 1));
}

#[test]
fn nobody_is_begun_who_would_not_end_before_the_window_does() {
    // It is 12:00.
    let text = "[window.noon]\nfrom = \"11:00\"\nto = \"12:45\"\n\
                [group.all]\nguests = \"all\"\nwindows = \"noon\"\nexpected = \"30m\"\n";
    let (mut campaign, effects) = Campaign::begin(document(text, 2), NOW);
    assert_eq!(begun(&effects), ["g1/1"]);
    let late = NOW + Duration::from_secs(16 * 60);
    let effects = campaign.step(ended("g1", 1, Outcome::Done), late);
    let tomorrow = NOW + Duration::from_secs(23 * 3600);
    assert_eq!(effects.last(), Some(&Effect::Wait(tomorrow)));
    assert_eq!(begun(&campaign.step(Event::Tick, tomorrow)), ["g2/1"]);
}

#[test]
fn a_command_after_a_member_is_owed_once_it_had_a_turn() {
    let text = "[group.all]\nguests = \"all\"\nhooks = { before-member = [\"a\"], after-member = [\"b\"] }\n";
    let document = document(text, 1);
    let (campaign, _) = Campaign::begin(document.clone(), NOW);
    let id: plan::MemberId = "g1".parse().unwrap();
    let (before, after) = (
        HookId::BeforeMember(id.clone(), 1),
        HookId::AfterMember(id.clone(), 1),
    );
    let (mut campaign, effects) =
        Campaign::resume(document.clone(), campaign.saved(), NOW).unwrap();
    assert_eq!(effects[0], Effect::FollowHook(before.clone()));
    let effects = campaign.step(Event::HookEnded(before, Ok(())), NOW);
    assert_eq!(begun(&effects), ["g1/1"]);
    let (mut campaign, effects) = Campaign::resume(document, campaign.saved(), NOW).unwrap();
    assert_eq!(
        effects[0],
        Effect::Follow {
            member: id.clone(),
            turn: 1
        }
    );
    let effects = campaign.step(
        Event::NotBegun {
            member: id.clone(),
            turn: 1,
        },
        NOW,
    );
    assert!(matches!(&effects[0], Effect::BeginHook { id, outcome: None, .. } if *id == after));
    let effects = campaign.step(Event::HookEnded(after, Err("exit 1".to_owned())), NOW);
    let reason = "the command after it failed: exit 1".to_owned();
    assert!(effects.contains(&Effect::Report(Report::Ended(id, End::Failed(reason)))));
}

#[test]
fn another_document_or_one_that_does_not_fit_resumes_nothing() {
    let text = "[group.all]\nguests = \"all\"\n";
    let (campaign, _) = Campaign::begin(document(text, 2), NOW);
    let other = Campaign::resume(document(text, 3), campaign.saved(), NOW);
    assert!(matches!(other, Err(NotResumable::OtherDocument { .. })));
    let mut saved = campaign.saved();
    saved.head.groups.clear();
    let corrupt = Campaign::resume(document(text, 2), saved, NOW);
    assert!(matches!(corrupt, Err(NotResumable::Corrupt)));
    assert_eq!(campaign.head().phase, Phase::Groups);
}

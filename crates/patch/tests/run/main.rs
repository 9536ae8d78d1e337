//! The machine of a run against a guest that it cannot see but through its shell, with a
//! controller that dies at every effect.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod caller;
mod guest;

use caller::{Death, World};
use guest::{Guest, Script};
use patch::run::{Ending, Outcome};
use patch::{RebootPolicy, Settings};
use proptest::prelude::*;

fn settings() -> Settings {
    let mut settings = Settings::new("r1".parse().unwrap());
    settings.snapshot = true;
    settings.allow_mending = true;
    settings
}

fn word(outcome: &Outcome) -> String {
    let reboot = if outcome.report.reboot.is_some() {
        ", rebooted"
    } else {
        ""
    };
    let ending = match &outcome.ending {
        Ending::Patched => "patched".to_owned(),
        Ending::NothingToDo => "nothing to do".to_owned(),
        Ending::Refused { obstacles } => format!("refused: {}", obstacles[0]),
        Ending::NotBegun { reason } => format!("not begun: {reason}"),
        Ending::Incomplete { shortcomings } => format!("incomplete: {}", shortcomings[0]),
        Ending::Interrupted { reason } => format!("interrupted: {reason}"),
        other => format!("{other:?}"),
    };
    ending + reboot
}

/// Name, settings, guest, and how it ends.
type Story = (&'static str, Settings, Script, &'static str);

fn stories() -> Vec<Story> {
    let mut stories = good_stories();
    stories.extend(bad_stories());
    stories
}

fn good_stories() -> Vec<Story> {
    let policy = |reboot| Settings {
        reboot,
        ..settings()
    };
    let guest = |change: fn(&mut Script)| {
        let mut script = Script::default();
        change(&mut script);
        script
    };
    let (never, always) = (policy(RebootPolicy::Never), policy(RebootPolicy::Always));
    let (plain, kernel) = (guest(|_| ()), guest(|g| g.kernel = true));
    let nothing = guest(|g| g.upgradable = false);
    vec![
        ("plain", settings(), plain.clone(), "patched"),
        ("kernel", settings(), kernel.clone(), "patched, rebooted"),
        ("kernel, never", never, kernel, "patched"),
        ("always", always.clone(), plain, "patched, rebooted"),
        ("nothing", always, nothing, "nothing to do"),
        (
            "locked for a while",
            settings(),
            guest(|g| g.locked = 3),
            "patched",
        ),
        (
            "mended",
            settings(),
            guest(|g| g.interrupted = true),
            "patched",
        ),
        (
            "systemd refuses once",
            settings(),
            guest(|g| g.refusals = 1),
            "patched",
        ),
        ("long", settings(), guest(|g| g.looks = 400), "patched"),
    ]
}

fn bad_stories() -> Vec<Story> {
    let guest = |change: fn(&mut Script)| {
        let mut script = Script::default();
        change(&mut script);
        script
    };
    let no_mending = Settings {
        allow_mending: false,
        ..settings()
    };
    let fails_with_kernel = guest(|g| (g.status, g.kernel) = (100, true));
    vec![
        (
            "locked for long",
            settings(),
            guest(|g| g.locked = 100_000),
            "refused: apt (process 7) holds /var/lib/dpkg/lock",
        ),
        (
            "not mended",
            no_mending,
            guest(|g| g.interrupted = true),
            "refused: dpkg was interrupted: 2 entries in /var/lib/dpkg/updates",
        ),
        (
            "apt fails, with a kernel",
            settings(),
            fails_with_kernel,
            "incomplete: apt-get ended with status 100: it printed no error; read its log",
        ),
        (
            "power cut",
            settings(),
            guest(|g| g.power_cut = true),
            "interrupted: the guest went down while packages were upgraded; patch again with \
             mending, or run `dpkg --configure -a` in the guest",
        ),
        (
            "systemd refuses",
            settings(),
            guest(|g| g.refusals = 100),
            "not begun: hospes-patch-r1.service did not start: no bus; see `systemctl status \
             hospes-patch-r1.service`",
        ),
        (
            "unit fails",
            settings(),
            guest(|g| g.fails_unit = true),
            "incomplete: web.service has failed since",
        ),
    ]
}

fn check(name: &str, world: &World, outcome: &Outcome, wanted: &str) {
    assert_eq!(word(outcome), wanted, "{name}");
    assert!(
        world.guest.upgrades <= 1,
        "{name}: upgraded {} times",
        world.guest.upgrades
    );
    assert!(
        world.guest.reboots <= 1,
        "{name}: rebooted {} times",
        world.guest.reboots
    );
    let rebooted = outcome.report.reboot.is_some();
    assert_eq!(rebooted, world.guest.reboots == 1, "{name}");
    let touched = outcome.report.ran;
    assert_eq!(touched, world.guest.upgrades == 1, "{name}");
    assert!(
        !touched || outcome.report.snapshot.is_some(),
        "{name}: no snapshot before"
    );
}

#[test]
fn each_story_ends_as_told() {
    for (name, settings, script, wanted) in stories() {
        let mut world = World::new(Guest::new(script));
        let outcome = world.drive(&settings, &[]);
        check(name, &world, &outcome, wanted);
    }
}

#[test]
fn a_controller_that_dies_at_any_effect_resumes_to_the_same_end() {
    for (name, settings, script, wanted) in stories() {
        let mut world = World::new(Guest::new(script.clone()));
        world.drive(&settings, &[]);
        for number in 0..world.performed().min(60) {
            for death in [Death::Before(number), Death::After(number)] {
                let mut world = World::new(Guest::new(script.clone()));
                let outcome = world.drive(&settings, &[death]);
                check(&format!("{name}, {death:?}"), &world, &outcome, wanted);
            }
        }
    }
}

#[test]
fn an_answer_that_is_lost_changes_no_end() {
    for (name, settings, script, wanted) in stories() {
        let mut world = World::new(Guest::new(script.clone()));
        world.drive(&settings, &[]);
        for number in 0..world.performed().min(60) {
            let mut world = World::new(Guest::new(script.clone()));
            world.lost = vec![number];
            let outcome = world.drive(&settings, &[]);
            check(&format!("{name}, lost {number}"), &world, &outcome, wanted);
        }
    }
}

#[test]
fn what_ended_stays_ended() {
    let mut world = World::new(Guest::new(Script::default()));
    let first = world.drive(&settings(), &[]);
    let performed = world.performed();
    let second = world.drive(&settings(), &[]);
    assert_eq!(first, second);
    assert_eq!(
        world.performed(),
        performed + 1,
        "only the end is told again"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn many_deaths_and_lost_answers_never_upgrade_or_reboot_twice(
        story in 0_usize..15,
        deaths in proptest::collection::vec((0_u32..80, any::<bool>()), 0..12),
        lost in proptest::collection::vec(0_u32..80, 0..12),
    ) {
        let (name, settings, script, wanted) = stories().swap_remove(story);
        let mut world = World::new(Guest::new(script));
        world.lost = lost;
        let deaths: Vec<Death> = deaths
            .into_iter()
            .map(|(at, before)| if before { Death::Before(at) } else { Death::After(at) })
            .collect();
        let outcome = world.drive(&settings, &deaths);
        check(name, &world, &outcome, wanted);
    }
}

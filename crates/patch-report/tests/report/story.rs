//! A night: twelve members in three waves, one hold, a failure, a retry, reboots, packages that
//! stay, and a controller that died.

use patch::preflight::{Unsettled, Unsettlement};
use patch::preview::WithheldReason;
use patch::reboot::{Decision, NotRebootedReason, RebootReason};
use patch::result::{ChangeKind, Failure};
use patch::run::{Ending, Outcome, Shortcoming};
use patch_report::input::{Entry, Head, Try, TryOutcome, What};
use patch_report::{Input, Report};
use plan::campaign::Outcome as TurnOutcome;
use plan::{Document, Facts, Fleet, MemberId, PlanFile, Standing};

use crate::guest::{conffile, minutes, patched, proof, seconds, steps, upgraded, withheld};
use crate::world::{Course, Turn, carry_out};

const PLAN: &str = r#"
name = "monthly"
time-zone = "Europe/Berlin"
max-failures = 4
at-once = 4

[hooks]
after-campaign = ["announce"]

[window.night]
days = ["sat"]
from = "22:30"
to = "04:00"

[defaults]
windows = "night"
expected = "20m"
max-unavailable = 4
retries = 1
retry-after = "5m"

[group.web]
guests = "tag:web"
wave = [{ name = "canary", size = 2, soak = "20m" }, { size = 6, approval = "go" }]

[group.db]
guests = "tag:db"
after = "web"

[[hold]]
member = "web9"
reason = "an audit | by `ada`"
until = 2026-04-15
"#;

fn id(name: &str) -> MemberId {
    name.parse().expect("of the fixture")
}

fn document() -> Document {
    let file = PlanFile::read(PLAN.as_bytes()).unwrap_or_else(|mistaken| panic!("{mistaken}"));
    let mut fleet = Fleet::default();
    let web: Vec<MemberId> = (1..=9).map(|one| id(&format!("web{one}"))).collect();
    let db: Vec<MemberId> = (1..=4).map(|one| id(&format!("db{one}"))).collect();
    for (place, member) in web.iter().chain(&db).enumerate() {
        let host = Some(
            format!("home/pve{}", place % 3 + 1)
                .parse()
                .expect("a node"),
        );
        let standing = Standing::Ready;
        fleet.add(member.clone(), Facts { host, standing });
    }
    fleet.choose("web", web);
    fleet.choose("db", db);
    plan::plan(&file, &fleet, minutes(0)).expect("of the fixture")
}

fn course(document: &Document) -> Course {
    carry_out(document, minutes(0), |member, turn| {
        let place = member.to_string().bytes().map(u64::from).sum::<u64>() % 7;
        let usual = seconds(420 + place * 31);
        match (member.to_string().as_str(), turn) {
            ("web4", 1) => (
                seconds(200),
                TurnOutcome::Retry("the mirror does not answer".to_owned()),
            ),
            ("web6", _) => (usual, TurnOutcome::Failed("incomplete".to_owned())),
            _ => (usual, TurnOutcome::Done),
        }
    })
}

/// Its report.
pub(crate) fn report() -> Report {
    let document = document();
    let mut course = course(&document);
    let tries = course
        .turns
        .iter()
        .zip(40..)
        .map(|(turn, run)| tried(turn, run));
    let tries = tries.collect();
    let died = minutes(75);
    course.events.push(Entry {
        at: died + seconds(190),
        by: "hospes".to_owned(),
        what: What::TakenUp { seen: died },
    });
    course.events.sort_by_key(|entry| entry.at);
    let mut report = Report::of(Input {
        document: &document,
        saved: &course.saved,
        campaign: Head {
            id: "c7".to_owned(),
            operator: "grace".to_owned(),
            ended: Some(course.ended),
            as_of: course.ended + seconds(3600),
        },
        tries,
        events: course.events,
    });
    // The form of plan documents is not at stake here.
    report.campaign.seal = "sha256:5ea1".to_owned();
    report
}

fn tried(turn: &Turn, number: u64) -> Try {
    let run = format!("r{number}");
    let outcome = outcome(&run, turn, number);
    let has_rebooted = outcome.report.reboot.is_some();
    let mut steps = steps(turn, has_rebooted);
    if let Ending::NotBegun { .. } = outcome.ending {
        steps.truncate(1);
    }
    Try {
        member: turn.member.clone(),
        turn: turn.turn,
        run,
        began: turn.began,
        ended: Some(turn.ended),
        steps,
        agent: (!number.is_multiple_of(3)).then(|| "healthy".to_owned()),
        outcome: Some(TryOutcome::Guest(Box::new(outcome))),
    }
}

fn outcome(run: &str, turn: &Turn, number: u64) -> Outcome {
    let openssl = upgraded("openssl", "3.0.15-1~deb12u1", "3.0.17-1~deb12u2", true);
    let tzdata = upgraded("tzdata", "2025a-0+deb12u1", "2026a-0+deb12u1", false);
    let mut outcome = patched(run, turn, vec![openssl.clone(), tzdata]);
    match (turn.member.to_string().as_str(), turn.turn) {
        ("web1", _) => rebooted(&mut outcome, number),
        ("web3", _) => stays(&mut outcome),
        ("web4", 1) => {
            outcome = patched(run, turn, Vec::new());
            outcome.report.ran = false;
            outcome.report.upgraded = None;
            outcome.report.postcheck = None;
            outcome.ending = Ending::NotBegun {
                reason: "apt's lists cannot be refreshed: <E:> the mirror does not answer; \
                         run `apt-get update` in the guest"
                    .to_owned(),
            };
        }
        ("web6", _) => fails(&mut outcome),
        ("db1", _) => owes(&mut outcome),
        ("db2" | "db3", _) => rebooted(&mut outcome, number),
        _ => {}
    }
    outcome
}

fn rebooted(outcome: &mut Outcome, number: u64) {
    let report = &mut outcome.report;
    let (from, to) = ("6.1.0-37-amd64".to_owned(), "6.1.0-40-amd64".to_owned());
    let reasons = vec![RebootReason::NewerKernel {
        running: from,
        installed: to.clone(),
    }];
    report.decision = Some(Decision::Reboot {
        reasons,
        by_policy: false,
    });
    report.reboot = Some(proof(number, 48));
    if let Some(upgraded) = &mut report.upgraded {
        let mut kernel =
            crate::guest::upgraded(&format!("linux-image-{to}"), "", "6.1.153-1", true);
        (kernel.kind, kernel.from) = (ChangeKind::Installed, None);
        upgraded.changes.push(kernel);
    }
}

fn stays(outcome: &mut Outcome) {
    if let Some(upgraded) = &mut outcome.report.upgraded {
        let missing =
            vec!["lab-kept : Depends: nowhere (>= 2) but it is not installable".to_owned()];
        upgraded.withheld = vec![
            withheld("lab-held", "1", "2", WithheldReason::Held),
            withheld(
                "lab-kept",
                "1",
                "2",
                WithheldReason::Unmet {
                    dependencies: missing,
                },
            ),
            withheld(
                "lab-phased",
                "1",
                "2",
                WithheldReason::Phased { percent: Some(20) },
            ),
        ];
        upgraded.conffiles = vec![conffile("/etc/lab.conf")];
    }
}

fn fails(outcome: &mut Outcome) {
    let why = "installed lab-fails package post-installation script subprocess returned error exit status 1";
    let shortcomings = vec![
        Shortcoming::Package {
            package: "lab-fails".to_owned(),
            why: why.to_owned(),
        },
        Shortcoming::Command {
            name: "smoke".to_owned(),
            status: 7,
        },
    ];
    outcome.ending = Ending::Incomplete { shortcomings };
    if let Some(upgraded) = &mut outcome.report.upgraded {
        let mut broken = crate::guest::upgraded("lab-fails", "1", "2", false);
        broken.kind = ChangeKind::Broken;
        upgraded.changes.push(broken);
        upgraded.status = Some(100);
        upgraded.failures = vec![Failure {
            package: Unsettled {
                package: "lab-fails".to_owned(),
                state: Unsettlement::HalfConfigured,
            },
            why: Some(why.to_owned()),
        }];
    }
    if let Some(postcheck) = &mut outcome.report.postcheck {
        postcheck.commands[0].status = 7;
        postcheck.commands[0].output = "GET /health\n```\n<h1>500</h1>\u{1b}[31m\n".to_owned();
    }
}

fn owes(outcome: &mut Outcome) {
    let reasons = vec![RebootReason::Marked {
        packages: vec!["libc6".to_owned()],
    }];
    outcome.report.decision = Some(Decision::Owed {
        reasons,
        why: NotRebootedReason::Policy,
    });
}

//! Whatever guests, journals and operators say, the forms are well-formed, everybody is told once,
//! and the numbers add up.

use std::collections::BTreeMap;

use conditions::Timestamp;
use patch::preflight::{Unsettled, Unsettlement};
use patch::preview::WithheldReason;
use patch::result::Failure;
use patch::run::{Ending, Shortcoming};
use patch_report::input::{Entry, Head, Step, Try, TryOutcome, What};
use patch_report::{Input, Report};
use plan::campaign::{Campaign, End, NotBegunReason, Tries, Turn};
use plan::{Document, Facts, Fleet, MemberId, PlanFile, Standing, Zone};
use proptest::prelude::*;

use crate::guest::{conffile, patched, proof, upgraded, withheld};
use crate::world;

const PLAN: &str = "[window.w]\nfrom = \"00:00\"\nto = \"12:00\"\n\
    [group.one]\nguests = \"a\"\nwindows = \"w\"\nwave = [{ size = 2, soak = \"1h\" }, { size = 9 }]\n\
    [group.two]\nguests = \"b\"\nmax-unavailable = \"90%\"\nafter = \"one\"\nwave = [{ size = 300, approval = \"go\" }]\n";

/// Text as a hostile guest would print it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        prop::sample::select(vec![
            "</svg><script>alert(1)</script>",
            "]]>&amp;<!-- \" '",
            "a | b\n| c | d |\n# h\n```\n</td>",
            "`` ` `x` |",
            "\u{1b}]0;t\u{7}\u{0}\u{202e}\u{fffe}\r\n",
            "",
        ])
        .prop_map(str::to_owned),
    ]
}

#[derive(Debug, Clone)]
struct Said {
    texts: Vec<String>,
    numbers: Vec<u64>,
}

impl Said {
    fn text(&self, place: usize) -> String {
        self.texts[place % self.texts.len()].clone()
    }

    fn at(&self, place: usize) -> Timestamp {
        Timestamp::from_millis(self.numbers[place % self.numbers.len()])
    }
}

fn said() -> impl Strategy<Value = Said> {
    let moment = prop_oneof![
        3 => 1_774_700_000_000_u64..1_774_900_000_000,
        1 => any::<u64>(),
    ];
    let texts = prop::collection::vec(text(), 1..12);
    let numbers = prop::collection::vec(moment, 1..12);
    (texts, numbers).prop_map(|(texts, numbers)| Said { texts, numbers })
}

fn document(members: usize) -> Document {
    let file = PlanFile::read(PLAN.as_bytes()).unwrap_or_else(|mistaken| panic!("{mistaken}"));
    let mut fleet = Fleet::default();
    let ids: Vec<MemberId> = (0..members)
        .map(|one| format!("g{one}").parse().unwrap())
        .collect();
    for (place, id) in ids.iter().enumerate() {
        let standing = if place % 7 == 6 {
            Standing::Unready("down | <b>".to_owned())
        } else {
            Standing::Ready
        };
        let host = Some(format!("home/p\"v&e<{}", place % 3).parse().unwrap());
        fleet.add(id.clone(), Facts { host, standing });
    }
    let (one, two) = ids.split_at(members.min(5));
    fleet.choose("one", one.to_vec());
    fleet.choose("two", two.to_vec());
    plan::plan(&file, &fleet, Timestamp::from_millis(1_774_700_000_000)).unwrap()
}

fn turn(said: &Said, place: usize) -> Turn {
    let tries = Tries::default();
    match place % 6 {
        0 => Turn::Ended(End::Done),
        1 => Turn::Ended(End::Failed(said.text(place))),
        2 => Turn::Ended(End::Down(said.text(place))),
        3 => Turn::Ended(End::NotBegun(NotBegunReason::Halted)),
        4 => Turn::Patching(tries),
        _ => Turn::Waiting(tries),
    }
}

fn tried(said: &Said, place: usize, member: &MemberId) -> Try {
    let course = world::Turn {
        member: member.clone(),
        turn: 1,
        began: said.at(place),
        ended: said.at(place + 1),
    };
    let mut change = upgraded(
        &said.text(place),
        &said.text(place + 1),
        &said.text(place + 2),
        true,
    );
    change.to = change.to.filter(|_| !place.is_multiple_of(4));
    let mut outcome = patched("r1", &course, vec![change]);
    let upgraded = outcome.report.upgraded.as_mut().unwrap();
    let why = WithheldReason::NeedsNew {
        packages: vec![said.text(place)],
    };
    upgraded.withheld = vec![withheld(&said.text(place), "1", &said.text(place + 3), why)];
    upgraded.conffiles = vec![conffile(&said.text(place + 1))];
    upgraded.gaps = vec![said.text(place + 2)];
    upgraded.failures = vec![Failure {
        package: Unsettled {
            package: said.text(place),
            state: Unsettlement::Unpacked,
        },
        why: Some(said.text(place + 1)),
    }];
    let command = &mut outcome.report.postcheck.as_mut().unwrap().commands[0];
    (command.name, command.output, command.status) = (said.text(place), said.text(place + 1), 1);
    outcome.report.reboot = place.is_multiple_of(2).then(|| proof(7, place as u64));
    outcome.ending = Ending::Incomplete {
        shortcomings: vec![Shortcoming::Apt {
            status: 1,
            words: said.text(place),
        }],
    };
    let step = |name: String, place: usize| Step {
        name,
        intended: said.at(place),
        result: (!place.is_multiple_of(3)).then(|| (said.text(place), said.at(place + 4))),
    };
    Try {
        member: member.clone(),
        turn: u32::try_from(place % 3).unwrap(),
        run: said.text(place),
        began: course.began,
        ended: (!place.is_multiple_of(5)).then_some(course.ended),
        steps: vec![
            step("refresh".to_owned(), place),
            step("reboot".to_owned(), place + 1),
            step(said.text(place), place + 2),
        ],
        agent: Some(said.text(place)),
        outcome: (!place.is_multiple_of(4)).then(|| TryOutcome::Guest(Box::new(outcome))),
    }
}

fn events(said: &Said) -> Vec<Entry> {
    let group = "one".to_owned();
    let whats = [
        What::WaveBegan {
            group: group.clone(),
            wave: 1,
        },
        What::Paused,
        What::HookBegan { hook: said.text(1) },
        What::TakenUp { seen: said.at(3) },
        What::HookEnded {
            hook: said.text(1),
            failure: Some(said.text(2)),
        },
        What::HookEnded {
            hook: said.text(5),
            failure: None,
        },
        What::Approved {
            word: "go".to_owned(),
        },
        What::Resumed,
        What::Differed {
            differences: vec![said.text(4), said.text(5)],
        },
        What::GroupEnded { group },
        What::Aborted {
            reason: said.text(6),
        },
        What::Told { text: said.text(7) },
        What::Paused,
    ];
    let entries = whats.into_iter().enumerate();
    entries
        .map(|(place, what)| Entry {
            at: said.at(place),
            by: said.text(place),
            what,
        })
        .collect()
}

fn report(said: &Said, document: &Document) -> Report {
    let began = Timestamp::from_millis(1_774_700_000_000);
    let mut saved = Campaign::begin(document.clone(), began).0.saved();
    let ids: Vec<MemberId> = document
        .members()
        .map(|(_, _, member)| member.id.clone())
        .collect();
    let turns = ids.iter().enumerate();
    saved.turns = turns
        .map(|(place, id)| (id.clone(), turn(said, place + said.texts.len())))
        .collect();
    let tries = ids.iter().enumerate();
    let tries =
        tries.flat_map(|(place, id)| (0..place % 3).map(move |more| tried(said, place + more, id)));
    Report::of(Input {
        document,
        saved: &saved,
        campaign: Head {
            id: said.text(0),
            operator: said.text(1),
            ended: said.texts.len().is_multiple_of(2).then(|| said.at(0)),
            as_of: said.at(1),
        },
        tries: tries.collect(),
        events: events(said),
    })
}

/// How often each member is told, by its mark in the form.
fn told<'t>(marks: impl Iterator<Item = &'t str>) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for mark in marks {
        *told.entry(mark.to_owned()).or_default() += 1;
    }
    told
}

/// The first code span of each row of the two tables of members.
fn rows_of_members(markdown: &str) -> impl Iterator<Item = &str> {
    let sections = markdown.split("\n## ");
    let of_members =
        sections.filter(|part| part.starts_with("Members") || part.starts_with("Left out"));
    of_members.flat_map(|part| {
        part.lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
    })
}

fn check(report: &Report, document: &Document) {
    let everybody = || {
        let planned = document
            .members()
            .map(|(_, _, member)| member.id.to_string());
        planned.chain(document.left_out().iter().map(|one| one.id.to_string()))
    };
    let once: BTreeMap<String, usize> = everybody().map(|id| (id, 1)).collect();
    let zone = Zone::named("Europe/Berlin").unwrap();
    let (html, markdown) = (report.html(&zone), report.markdown(&zone));

    let svg = &html[html.find("<svg xmlns").unwrap()..];
    let svg = &svg[..svg.find("</svg>").unwrap() + "</svg>".len()];
    let picture = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    assert!(
        picture
            .root_element()
            .children()
            .any(|one| one.has_tag_name(("http://www.w3.org/2000/svg", "desc")))
    );
    let body = &html[html.find("<body>").unwrap()..html.find("</html>").unwrap()];
    needs_nothing_else(&body.replace(" open>", " open=\"\">"));
    assert!(!html.to_lowercase().contains("<script"));
    assert!(
        !html
            .chars()
            .chain(markdown.chars())
            .any(|c| c.is_control() && c != '\n')
    );

    let marks = html
        .split("data-member=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    assert_eq!(told(marks), once);
    assert_eq!(told(rows_of_members(&markdown)), once);
    let json = serde_json::to_value(report).unwrap();
    let ids = ["members", "left-out"]
        .into_iter()
        .flat_map(|key| json[key].as_array().unwrap());
    assert_eq!(told(ids.map(|one| one["id"].as_str().unwrap())), once);
    totals(report, document);
}

/// No script, and nothing that a browser would fetch.
fn needs_nothing_else(body: &str) {
    let body = roxmltree::Document::parse(body).unwrap_or_else(|error| panic!("{error}"));
    let foreign = [
        "script", "link", "img", "image", "iframe", "object", "embed", "use", "style", "form",
    ];
    for element in body.descendants().filter(roxmltree::Node::is_element) {
        assert!(
            !foreign.contains(&element.tag_name().name()),
            "{:?}",
            element.tag_name()
        );
        for attribute in element.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(name != "href" || value.starts_with("#part-"), "{value}");
            assert!(
                !matches!(name, "src" | "style") && !name.starts_with("on"),
                "{name}"
            );
        }
    }
}

fn totals(report: &Report, document: &Document) {
    let summary = &report.summary;
    let sum = |numbers: &patch_report::report::Numbers| {
        numbers
            .parts()
            .iter()
            .map(|(_, number)| number)
            .sum::<usize>()
    };
    assert_eq!(summary.members.members, document.members().count());
    assert_eq!(sum(&summary.members), summary.members.members);
    assert_eq!(summary.left_out, document.left_out().len());
    let waves = report.groups.iter().flat_map(|group| &group.waves);
    assert_eq!(
        waves.map(|wave| sum(&wave.numbers)).sum::<usize>(),
        summary.members.members
    );
    let by_name: usize = report.packages.iter().map(|package| package.members).sum();
    assert_eq!(by_name, summary.packages.changed + summary.packages.broken);
    let withheld = summary.withheld;
    let all = withheld.held + withheld.pinned + withheld.kept_back + withheld.phased;
    assert_eq!(
        report.withheld.iter().map(|one| one.members).sum::<usize>(),
        all
    );
    let proofs = report.members.iter().map(|member| member.reboots().count());
    assert_eq!(proofs.sum::<usize>(), summary.reboots.proved);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_text_and_any_time_give_well_formed_reports_that_add_up(said in said(), members in 0_usize..24) {
        let document = document(members);
        check(&report(&said, &document), &document);
    }
}

#[test]
fn more_members_than_have_rows_are_told_by_waves_and_still_each_once() {
    let document = document(320);
    let said = Said {
        texts: vec!["plain".to_owned(), "</svg>".to_owned()],
        numbers: vec![1_774_700_000_000, 1_774_700_900_000, 1_774_701_200_000],
    };
    let report = report(&said, &document);
    check(&report, &document);
    let html = report.html(&Zone::utc());
    assert!(html.contains("members under way, at most"));
    assert!(!html.contains("class=\"phase "));
}

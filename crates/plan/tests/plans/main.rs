//! Plan files, the documents that are made of them, and what is said of mistakes.

use std::time::Duration;

use conditions::Timestamp;
use plan::{
    COLUMNS, Difference, Document, Facts, Fleet, MemberId, PlanFile, Standing, Unplannable,
    Unreadable, moved, plan,
};

/// Friday, 2026-03-27, 12:00 UTC: the clocks of Berlin are changed in the night from Saturday.
const NOW: Timestamp = Timestamp::from_millis(1_774_612_800_000);

const MONTHLY: &str = r#"
name = "monthly"
time-zone = "Europe/Berlin"
max-failures = "50%"

[window.night]
days = ["sat", "sun"]
from = "22:00"
to = "04:00"

[defaults]
windows = "night"
expected = "1h"

[group.web]
guests = "tag:web"
max-unavailable = "50%"
wave = [{ name = "canary", size = 1, soak = "30m" }, { size = 2, approval = "web" }]

[group.replicas]
guests = "tag:replica"

[group.database]
guests = "db0"
after = "replicas"

[group.nodes]
nodes = "all"

[[hold]]
member = "web4"
reason = "an audit"
until = 2026-04-15

[[hold]]
member = "web5"
reason = "over"
until = 2026-03-01
"#;

/// What happens to a fleet.
type Change<'c> = &'c dyn Fn(&mut Fleet);

fn id(name: &str) -> MemberId {
    name.parse().expect("of the fixture")
}

fn ready(host: Option<&str>) -> Facts {
    Facts {
        host: host.map(|host| host.parse().expect("of the fixture")),
        standing: Standing::Ready,
    }
}

fn unready(host: &str) -> Facts {
    Facts {
        standing: Standing::Unready("SSH refused".to_owned()),
        ..ready(Some(host))
    }
}

fn fleet() -> Fleet {
    let mut fleet = Fleet::default();
    for web in 1..=6 {
        let host = format!("home/pve{}", web % 2 + 1);
        fleet.add(id(&format!("web{web}")), ready(Some(&host)));
    }
    for other in ["db0", "db1", "db2", "games"] {
        fleet.add(id(other), ready(Some("home/pve2")));
    }
    for node in ["node:home/pve1", "node:home/pve2"] {
        fleet.add(id(node), ready(None));
    }
    let ids = |names: &[&str]| names.iter().map(|name| id(name)).collect();
    fleet.choose(
        "web",
        ids(&["web3", "web1", "web2", "web4", "web5", "web6"]),
    );
    fleet.choose("replicas", ids(&["db1", "db2"]));
    fleet.choose("database", ids(&["db0"]));
    fleet.choose("nodes", ids(&["node:home/pve1", "node:home/pve2"]));
    fleet
}

fn file(text: &str) -> PlanFile {
    PlanFile::read(text.as_bytes()).unwrap_or_else(|mistaken| panic!("{mistaken}"))
}

/// The table, as a caller may draw it.
fn drawn(document: &Document) -> String {
    let rows = document.table();
    let lines = std::iter::once(COLUMNS.map(str::to_owned)).chain(rows);
    let lines: Vec<[String; 6]> = lines.collect();
    let width = |column: usize| lines.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn everybody_has_a_wave_and_a_time_or_a_reason() {
    let document = plan(&file(MONTHLY), &fleet(), NOW).unwrap();
    insta::assert_snapshot!(drawn(&document));
}

#[test]
fn a_database_waits_for_replicas_that_are_mended_or_held() {
    let mut fleet = fleet();
    fleet.add(id("db2"), unready("home/pve2"));
    insta::assert_snapshot!(drawn(&plan(&file(MONTHLY), &fleet, NOW).unwrap()));
    let room = MONTHLY.replace("\"tag:replica\"", "\"tag:replica\"\nmax-unavailable = 2");
    let held = format!("{room}[[hold]]\nmember = \"db2\"\nreason = \"it is broken\"\n");
    let document = plan(&file(&held), &fleet, NOW).unwrap();
    assert!(
        document
            .members()
            .any(|(_, _, member)| member.id == id("db0"))
    );
}

#[test]
fn the_document_says_all_as_json_and_is_the_same_each_time() {
    let document = plan(&file(MONTHLY), &fleet(), NOW).unwrap();
    assert_eq!(document, plan(&file(MONTHLY), &fleet(), NOW).unwrap());
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn a_document_that_was_changed_by_hand_is_refused() {
    let document = plan(&file(MONTHLY), &fleet(), NOW).unwrap();
    let json = serde_json::to_string(&document).unwrap();
    assert_eq!(Document::read(json.as_bytes()).unwrap(), document);
    let changed = json.replace("\"web6\"", "\"games\"");
    assert!(matches!(
        Document::read(changed.as_bytes()),
        Err(Unreadable::Changed)
    ));
    let later = json.replace("hospes.plan/1", "hospes.plan/2");
    assert!(matches!(
        Document::read(later.as_bytes()),
        Err(Unreadable::Malformed(_))
    ));
}

#[test]
fn what_counts_of_a_fleet_that_has_moved_is_told() {
    let document = plan(&file(MONTHLY), &fleet(), NOW).unwrap();
    assert_eq!(moved(&document, &fleet()), []);
    let changed = |change: Change<'_>| {
        let mut fleet = fleet();
        change(&mut fleet);
        let differences = moved(&document, &fleet);
        differences
            .iter()
            .map(Difference::to_string)
            .collect::<Vec<_>>()
    };
    let table: [(Change<'_>, &[&str]); 6] = [
        (
            &|fleet| fleet.add(id("web2"), ready(Some("home/pve2"))),
            &["web2 was on home/pve1 and is on home/pve2"],
        ),
        (
            &|fleet| fleet.add(id("web2"), unready("home/pve1")),
            &["web2 is not ready any more: SSH refused"],
        ),
        // It is held, but counts among those who are unavailable.
        (
            &|fleet| fleet.add(id("web4"), unready("home/pve1")),
            &["web4 is not ready any more: SSH refused"],
        ),
        (
            &|fleet| fleet.choose("replicas", vec![id("db1"), id("db2"), id("games")]),
            &["games is new in group `replicas`"],
        ),
        (
            &|fleet| fleet.choose("replicas", vec![id("db1")]),
            &["db2 was in group `replicas` and is in none"],
        ),
        (&|fleet| fleet.add(id("games"), unready("home/pve1")), &[]),
    ];
    for (change, expected) in table {
        assert_eq!(changed(change), expected);
    }
}

#[test]
fn a_file_and_a_fleet_that_do_not_go_together_make_no_plan() {
    let mut twice = fleet();
    twice.choose("replicas", vec![id("db1"), id("web1")]);
    let error = plan(&file(MONTHLY), &twice, NOW).unwrap_err();
    assert!(matches!(error, Unplannable::InTwoGroups { .. }), "{error}");
    let slip = MONTHLY.replace("member = \"web4\"", "member = \"wbe4\"");
    let error = plan(&file(&slip), &fleet(), NOW).unwrap_err().to_string();
    assert!(
        error.starts_with("a hold is for wbe4, but nobody is called so; did you mean `web4`"),
        "{error}"
    );
}

#[test]
fn what_takes_longer_than_any_window_has_none() {
    let long = MONTHLY.replace("expected = \"1h\"", "expected = \"8h\"");
    let document = plan(&file(&long), &fleet(), NOW).unwrap();
    assert_eq!(document.members().count(), 0);
    let reasons = document
        .left_out()
        .iter()
        .map(|left_out| left_out.reason.to_string());
    assert!(
        reasons
            .filter(|reason| reason.starts_with("no window"))
            .count()
            > 5
    );
}

#[test]
fn everything_of_a_plan_file_is_understood() {
    let text = r#"
name = "all"
time-zone = "UTC"
deadline = "2d"
at-once = 7
max-failures = 3
max-unavailable-per-node = 2
max-unavailable-nodes = "50%"

[hooks]
before-campaign = ["silence", "--for", "1h"]
timeout = "1m"

[window.day]
days = ["fri-mon", "wed"]
from = "00:00"
to = "24:00"

[defaults]
retries = 2
retry-after = "1m"
snapshot-expires = "3d"
allow-mending = true
services = "restart"
checks = [{ name = "site", command = "curl -fsS localhost", timeout = "5s" }, { name = "up", command = "true" }]

[group.all]
guests = ["all"]
except = ["tag:x"]
windows = ["day"]
reboot = "always"
scope = "upgrade"
allow-removals = true
min-free = { var = 2048 }
hooks = { before-member = ["drain"], timeout = "5s" }
wave = [{ size = "10%", max-failures = 0 }]

[group.nodes]
nodes = ["all"]

[[hold]]
member = "node:home/pve1"
reason = "a disk is on its way"
until = 2026-04-01T06:00:00+02:00
"#;
    let file = file(text);
    assert_eq!(
        file.groups["all"].policy.snapshot_expires,
        Some(Duration::from_secs(3 * 86_400))
    );
    assert_eq!(file.groups["nodes"].policy.snapshot_expires, None);
    insta::assert_debug_snapshot!(file);
}

#[test]
fn mistakes_are_told_with_line_and_column_all_at_once() {
    let text = r#"
at-once = 0
max-failures = "150%"
nmae = "x"

[window.night]
days = ["sat", "caturday"]
from = "25:00"
to = "04:00"
time-zone = "Europe/Berlim"

[window.never]
from = "04:00"
to = "04:00"

[group.web]
guests = ["tag:web"]
windows = ["nihgt"]
after = ["dbs"]
reboot = "sometimes"
wave = [{ name = "canary" }, { size = 0 }]

[group.db]
guests = "tag:db"
nodes = "all"

[group.nodes]
nodes = "all"
snapshot-expires = "1d"

[group.nobody]
expected = "0s"

[group.games]
guests = "games"
adopt-maintenance = true

[[hold]]
member = "a b"
until = "tomorrow"
"#;
    let mistaken = PlanFile::read(text.as_bytes()).unwrap_err();
    insta::assert_snapshot!(mistaken);
}

#[test]
fn mistakes_in_how_members_are_patched_are_told() {
    let text = r#"
[group.web]
guests = "tag:web"
scope = "full-upgrade"
allow-removals = "yes"
services = "stop"
checks = [{ command = "true" }, { name = "a b", command = "" }, "true"]
min-free = { var = "2G", tmp = 1 }
"#;
    insta::assert_snapshot!(PlanFile::read(text.as_bytes()).unwrap_err());
    let many = "{ name = \"up\", command = \"true\" }, ".repeat(21);
    let text = format!("[group.web]\nguests = \"web1\"\nchecks = [{many}]\n");
    let mistaken = PlanFile::read(text.as_bytes()).unwrap_err().to_string();
    assert!(mistaken.contains("more than 20"), "{mistaken}");
}

#[test]
fn groups_that_wait_for_each_other_are_named() {
    let text = "[group.a]\nguests = \"a\"\nafter = \"b\"\n[group.b]\nguests = \"b\"\nafter = [\"c\"]\n\
                [group.c]\nguests = \"c\"\nafter = [\"b\"]\n";
    let mistaken = PlanFile::read(text.as_bytes()).unwrap_err().to_string();
    assert!(
        mistaken.starts_with("4:8: groups wait for each other: `b` after `c` after `b`"),
        "{mistaken}"
    );
}

#[test]
fn bytes_that_are_no_plan_are_told_and_never_panic() {
    for bytes in [
        &b""[..],
        b"\xff\xfe",
        b"a = ",
        b"[group]\nx = 1",
        b"hold = 1",
        &[b'#'; (1 << 20) + 1],
    ] {
        assert!(PlanFile::read(bytes).is_err());
    }
}

#[test]
fn the_plan_files_of_the_documentation_are_read_as_they_stand_there() {
    let page = include_str!("../../../../docs/patching.md");
    let blocks = page.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let files: Vec<&str> = blocks.filter(|text| text.contains("[group.")).collect();
    assert!(files.len() > 1, "{files:?}");
    for text in files {
        let mistakes = PlanFile::read(text.as_bytes()).map_err(|it| it.mistakes);
        assert!(mistakes.is_ok(), "{mistakes:?} in\n{text}");
    }
}

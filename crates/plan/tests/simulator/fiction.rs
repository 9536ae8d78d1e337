//! Plan files and fleets that a seed makes up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plan::{Facts, Fleet, MemberId, PlanFile, Standing};

use crate::random::Random;

const HOUR: [&str; 6] = ["00:00", "02:30", "09:00", "18:00", "22:00", "24:00"];
const ZONES: [&str; 4] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
];

pub(crate) struct Fiction {
    pub(crate) file: PlanFile,
    pub(crate) fleet: Fleet,
    /// The file, for the story.
    pub(crate) text: String,
}

pub(crate) fn make_up(random: &mut Random) -> Fiction {
    let groups = random.between(1, 4);
    let has_nodes = random.chance(40);
    let mut text = head(random);
    for window in 0..2 {
        text.push_str(&window_of(window, random));
    }
    for group in 0..groups {
        let after = (0..group).filter(|_| random.chance(30));
        let mut after: Vec<String> = after.map(|group| format!("g{group}")).collect();
        if has_nodes && random.chance(20) {
            after.push("nodes".to_owned());
        }
        text.push_str(&group_of(&format!("g{group}"), "guests", &after, random));
    }
    if has_nodes {
        text.push_str(&group_of("nodes", "nodes", &[], random));
    }
    let fleet = fleet(groups, has_nodes, random);
    for (id, _) in fleet.members() {
        if random.chance(4) {
            let until = if random.chance(50) {
                "until = 2026-01-01\n"
            } else {
                ""
            };
            let _ = write!(
                text,
                "[[hold]]\nmember = \"{id}\"\nreason = \"kept\"\n{until}\n"
            );
        }
    }
    let file = PlanFile::read(text.as_bytes()).unwrap_or_else(|mistaken| panic!("{mistaken}"));
    Fiction { file, fleet, text }
}

fn amount(random: &mut Random, least: u64, most: u64) -> String {
    match random.chance(40) {
        true => format!("\"{}%\"", random.between(least.max(1), 100)),
        false => random.between(least, most).to_string(),
    }
}

fn head(random: &mut Random) -> String {
    let mut text = format!("deadline = \"{}h\"\n", random.between(3, 24 * 20));
    let _ = writeln!(text, "at-once = {}", random.between(1, 9));
    let budget = if random.chance(25) {
        "0".to_owned()
    } else {
        amount(random, 0, 9)
    };
    let _ = writeln!(text, "max-failures = {budget}");
    if random.chance(40) {
        let _ = writeln!(text, "max-unavailable-per-node = {}", amount(random, 1, 3));
    }
    if random.chance(40) {
        let _ = writeln!(text, "max-unavailable-nodes = {}", amount(random, 1, 3));
    }
    let hook = |random: &mut Random, key: &str| match random.chance(30) {
        true => format!("{key} = [\"run\"]\n"),
        false => String::new(),
    };
    let campaign = hook(random, "before-campaign") + &hook(random, "after-campaign");
    let _ = writeln!(text, "[hooks]\n{campaign}");
    let members = ["before-wave", "after-wave", "before-member", "after-member"];
    let of_members: String = members.iter().map(|key| hook(random, key)).collect();
    let _ = writeln!(text, "[defaults.hooks]\n{of_members}");
    text
}

fn window_of(number: u64, random: &mut Random) -> String {
    let from = random.between(0, 4) as usize;
    let to = (from + random.between(1, 4) as usize) % HOUR.len();
    let days = match random.between(0, 3) {
        0 => "[\"sat\", \"sun\"]",
        1 => "\"mon-fri\"",
        _ => "\"mon-sun\"",
    };
    let (to, zone) = (if to == 0 { 5 } else { to }, random.between(0, 3) as usize);
    let to = if to == from { 5 } else { to };
    format!(
        "[window.w{number}]\ndays = {days}\nfrom = \"{}\"\nto = \"{}\"\ntime-zone = \"{}\"\n",
        HOUR[from], HOUR[to], ZONES[zone]
    )
}

fn group_of(name: &str, kind: &str, after: &[String], random: &mut Random) -> String {
    let after: Vec<String> = after.iter().map(|group| format!("\"{group}\"")).collect();
    let mut text = format!(
        "[group.{name}]\n{kind} = \"all\"\nafter = [{}]\n",
        after.join(", ")
    );
    let windows = match random.between(0, 4) {
        0 => "[\"w0\"]",
        1 => "[\"w1\"]",
        2 => "[\"w0\", \"w1\"]",
        _ => "[]",
    };
    let _ = writeln!(text, "windows = {windows}");
    let _ = writeln!(text, "max-unavailable = {}", amount(random, 1, 4));
    let _ = writeln!(text, "expected = \"{}m\"", random.between(1, 150));
    let _ = writeln!(text, "retries = {}", random.between(0, 2));
    let _ = writeln!(text, "retry-after = \"{}m\"", random.between(1, 90));
    for wave in 0..random.between(0, 3) {
        let _ = write!(
            text,
            "[[group.{name}.wave]]\nsize = {}\n",
            amount(random, 1, 4)
        );
        if random.chance(40) {
            let _ = writeln!(text, "soak = \"{}m\"", random.between(1, 200));
        }
        if random.chance(30) {
            let _ = writeln!(text, "approval = \"go-{name}-{wave}\"");
        }
        if random.chance(40) {
            let _ = writeln!(text, "max-failures = {}", amount(random, 0, 2));
        }
    }
    text
}

fn fleet(groups: u64, has_nodes: bool, random: &mut Random) -> Fleet {
    let (mut fleet, mut chosen) = (Fleet::default(), BTreeMap::<String, Vec<MemberId>>::new());
    let hosts = random.between(1, 4);
    let is_healthy = random.chance(60);
    let standing = |random: &mut Random| match random.between(0, 30) {
        0 if !is_healthy => Standing::Unknown("SSH is silent".to_owned()),
        1 if !is_healthy => Standing::Unready("apt is broken".to_owned()),
        _ => Standing::Ready,
    };
    for guest in 0..random.between(1, 24) {
        let id: MemberId = format!("vm{guest}").parse().expect("a guest's name");
        let host = format!("home/pve{}", random.between(1, hosts));
        let host = random.chance(90).then(|| host.parse().expect("a host"));
        let standing = standing(random);
        fleet.add(id.clone(), Facts { host, standing });
        if random.chance(95) {
            let group = format!("g{}", random.between(0, groups - 1));
            chosen.entry(group).or_default().push(id);
        }
    }
    for node in (1..=hosts).filter(|_| has_nodes) {
        let id: MemberId = format!("node:home/pve{node}")
            .parse()
            .expect("a node's name");
        let standing = standing(random);
        fleet.add(
            id.clone(),
            Facts {
                host: None,
                standing,
            },
        );
        chosen.entry("nodes".to_owned()).or_default().push(id);
    }
    for (group, members) in chosen {
        fleet.choose(group, members);
    }
    fleet
}

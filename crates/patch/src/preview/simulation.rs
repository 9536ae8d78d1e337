//! What `apt-get -s` prints, from apt 2.0 to 3.0.
//!
//! ```text
//! The following packages have been kept back:          Not upgrading:                  (apt 3)
//! The following upgrades have been deferred due to phasing:   Not upgrading yet due to phasing:
//!    zip (3.0-13 => 3.0-99)                 one a line with -V, else names, wrapped
//! 2 upgraded, 1 newly installed, 1 to remove and 2 not upgraded.
//! Remv bc [1.07.1-3+b1]
//! Inst unzip [6.0-28] (6.0-99 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64]) []
//! Inst newdep (1 Ubuntu:22.04/jammy-updates [all])
//! ```

use std::collections::BTreeSet;

use super::{Install, MAX_PACKAGES, Removal, Upgrade};
use crate::origin::Origin;
use crate::version::Version;
use crate::wire::clip;

/// What a simulation says.
#[derive(Debug, Default)]
pub(super) struct Simulation {
    pub upgrades: Vec<Upgrade>,
    pub installs: Vec<Install>,
    pub removals: Vec<Removal>,
    /// What is under one of the headings of packages that stay as they are.
    pub listed: Vec<Listed>,
    pub gaps: BTreeSet<String>,
}

/// A package that apt says it leaves alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub package: String,
    /// Installed and candidate version; absent where apt printed names only.
    pub versions: Option<(Version, Version)>,
    /// It is listed as phasing.
    pub is_phasing: bool,
}

/// The words that end what a simulation would count.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    upgraded: usize,
    installed: usize,
    removed: usize,
    kept: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Kept,
    Phasing,
    Other,
}

pub(super) fn read(text: &str) -> Simulation {
    let mut found = Simulation::default();
    let mut section = Section::Other;
    let mut count = None;
    for line in text.lines() {
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix("Inst ") {
            take_inst(rest, &mut found);
        } else if let Some(rest) = line.strip_prefix("Remv ").or(line.strip_prefix("Purg ")) {
            take_removal(rest, &mut found);
        } else if line.starts_with(' ') {
            count = count.or_else(|| apt_3_summary(line));
            if section != Section::Other {
                take_listed(line, section == Section::Phasing, &mut found.listed);
            }
        } else {
            section = heading(line);
            count = count.or_else(|| summary(line));
        }
    }
    check(count.as_ref(), &mut found);
    found
}

fn heading(line: &str) -> Section {
    if line.ends_with("due to phasing:") {
        Section::Phasing
    } else if line.ends_with("kept back:") || line == "Not upgrading:" {
        Section::Kept
    } else {
        Section::Other
    }
}

/// The first words of a failure.
pub(super) fn complaint(text: &str) -> String {
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("E: "))
        .collect();
    let said = if errors.is_empty() {
        text.to_owned()
    } else {
        errors.join(" ")
    };
    clip(&said, 400)
}

/// `NAME [OLD] (NEW ORIGIN, ORIGIN [ARCH]) [...]`, without `[OLD]` for a new one.
fn take_inst(rest: &str, found: &mut Simulation) {
    let Some((package, from, to, origins)) = inst(rest) else {
        found
            .gaps
            .insert(format!("cannot read `Inst {}`", clip(rest, 120)));
        return;
    };
    match from {
        Some(from) if found.upgrades.len() < MAX_PACKAGES => found.upgrades.push(Upgrade {
            package,
            from,
            to,
            origins,
        }),
        None if found.installs.len() < MAX_PACKAGES => found.installs.push(Install {
            package,
            version: to,
            origins,
        }),
        _ => {
            found.gaps.insert("more packages than are kept".to_owned());
        }
    }
}

type Inst = (String, Option<Version>, Version, Vec<Origin>);

fn inst(rest: &str) -> Option<Inst> {
    let (head, tail) = rest.split_once(" (")?;
    let (package, from) = match head.split_once(" [") {
        Some((package, from)) => (package, Some(Version::new(from.strip_suffix(']')?))),
        None => (head, None),
    };
    let inside = &tail[..tail.find(')')?];
    let inside = inside
        .rsplit_once(" [")
        .map_or(inside, |(inside, _)| inside);
    let (to, origins) = inside.split_once(' ').unwrap_or((inside, ""));
    let is_name = !package.is_empty() && !package.contains(' ') && !to.is_empty();
    let origins = origins.split(", ").filter(|origin| !origin.is_empty());
    is_name.then(|| {
        let origins = origins.map(Origin::new).collect();
        (package.to_owned(), from, Version::new(to), origins)
    })
}

fn take_removal(rest: &str, found: &mut Simulation) {
    let parts = rest.split_once(" [").and_then(|(package, tail)| {
        let version = &tail[..tail.find(']')?];
        (!package.is_empty()).then(|| (package.to_owned(), Version::new(version)))
    });
    match parts {
        Some((package, version)) if found.removals.len() < MAX_PACKAGES => {
            found.removals.push(Removal { package, version });
        }
        _ => {
            found
                .gaps
                .insert(format!("cannot read `Remv {}`", clip(rest, 120)));
        }
    }
}

fn take_listed(line: &str, is_phasing: bool, listed: &mut Vec<Listed>) {
    let line = line.trim_start();
    let versions = line.split_once(" (").and_then(|(name, tail)| {
        let (from, to) = tail.strip_suffix(')')?.split_once(" => ")?;
        Some((name, (Version::new(from), Version::new(to))))
    });
    let mut push = |package: &str, versions| {
        if listed.len() < MAX_PACKAGES {
            listed.push(Listed {
                package: package.to_owned(),
                versions,
                is_phasing,
            });
        }
    };
    match versions {
        Some((name, versions)) => push(name, Some(versions)),
        None => line.split_whitespace().for_each(|name| push(name, None)),
    }
}

/// `116 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 2 not upgraded.`
fn summary(line: &str) -> Option<Count> {
    let line = line.strip_suffix(" not upgraded.")?;
    let (head, kept) = line.rsplit_once(" to remove and ")?;
    let mut count = Count {
        upgraded: 0,
        installed: 0,
        removed: 0,
        kept: kept.parse().ok()?,
    };
    for part in head.split(", ") {
        let (number, what) = part.split_once(' ').unwrap_or((part, "to remove"));
        let number: usize = number.parse().ok()?;
        match what {
            "upgraded" | "downgraded" | "reinstalled" => count.upgraded += number,
            "newly installed" => count.installed = number,
            _ => count.removed = number,
        }
    }
    Some(count)
}

/// `  Upgrading: 1, Installing: 0, Removing: 0, Not Upgrading: 3`
fn apt_3_summary(line: &str) -> Option<Count> {
    let parts: Vec<&str> = line.trim().split(", ").collect();
    let number = |name: &str| {
        let mut values = parts.iter().filter_map(|part| part.strip_prefix(name));
        values.next()?.parse::<usize>().ok()
    };
    Some(Count {
        upgraded: number("Upgrading: ")? + number("Downgrading: ").unwrap_or(0),
        installed: number("Installing: ")?,
        removed: number("Removing: ")?,
        kept: number("Not Upgrading: ")?,
    })
}

/// What apt counted must be what was read: a line that was missed must not go unseen.
fn check(count: Option<&Count>, found: &mut Simulation) {
    let read = Count {
        upgraded: found.upgrades.len(),
        installed: found.installs.len(),
        removed: found.removals.len(),
        kept: found.listed.len(),
    };
    match count {
        None => {
            found.gaps.insert("apt printed no summary".to_owned());
        }
        Some(count) if *count != read => {
            found
                .gaps
                .insert(format!("apt counts {count:?}, its lines say {read:?}"));
        }
        Some(_) => {}
    }
}

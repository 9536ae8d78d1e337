//! Packages by name, over all members.

use super::{Block, Cell, Row, Section, Table};
use crate::report::{Package, Report, Versions, WithheldPackage, happened};

/// So many different changes of a package are told.
const CHANGES: usize = 3;

pub(super) fn changed(report: &Report) -> Section {
    let rows = report.packages.iter().map(|package| {
        Row::of(vec![
            Cell::code(&package.name),
            Cell::words(changes(package)),
            Cell::Number(package.members),
            Cell::some(package.security.then_some("yes")),
        ])
    });
    section(
        "Packages",
        "Packages that are not as they were, over all members",
        &["Package", "What changed", "Members", "Security"],
        rows.collect(),
    )
}

pub(super) fn withheld(report: &Report) -> Section {
    let rows = report.withheld.iter().map(|package| {
        let WithheldPackage {
            reason,
            name,
            from,
            to,
            why,
            members,
        } = package;
        Row::of(vec![
            Cell::words(reason.word()),
            Cell::code(name),
            Cell::some(from.as_ref().map(|from| format!("`{from}`"))),
            Cell::some(to.as_ref().map(|to| format!("`{to}`"))),
            Cell::words(why),
            Cell::Number(*members),
        ])
    });
    section(
        "Withheld packages",
        "Packages of which a newer version is known that was not installed",
        &["Reason", "Package", "Installed", "Newer", "Why", "Members"],
        rows.collect(),
    )
}

fn section(
    heading: &'static str,
    caption: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Row>,
) -> Section {
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            caption,
            columns,
            rows,
        }));
    }
    Section { heading, blocks }
}

/// `upgraded from 1 to 2 on 3`, the most common first.
fn changes(package: &Package) -> String {
    let is_one = package.changes.len() == 1;
    let told = package.changes.iter().take(CHANGES).map(|versions| {
        let text = change(versions);
        if is_one {
            text
        } else {
            format!("{text} on {}", versions.members)
        }
    });
    let mut told: Vec<String> = told.collect();
    let others = package.changes.len().saturating_sub(CHANGES);
    if others > 0 {
        told.push(format!("and in {others} other ways"));
    }
    told.join("; ")
}

fn change(versions: &Versions) -> String {
    let word = happened(versions.kind);
    match (&versions.from, &versions.to) {
        (Some(from), Some(to)) => format!("{word} from `{from}` to `{to}`"),
        (None, Some(version)) | (Some(version), None) => format!("{word} `{version}`"),
        (None, None) => word.to_owned(),
    }
}

//! Parts of sections.

use std::fmt::Write as _;

use super::escape::{code, fenced, words};
use super::table;
use crate::page::{Block, Detail, MatterItem};
use crate::timeline::{self, Chart};

pub(super) fn render(block: &Block, chart: &Chart<'_>) -> String {
    match block {
        Block::Words(text) => format!("{}\n", words(text)),
        Block::Facts(facts) => list(facts),
        Block::Matters(items) => items.iter().map(matter).collect(),
        Block::Table(rows) => table::table(rows),
        Block::Details(details) => {
            let notable = details.iter().filter(|detail| detail.is_notable);
            notable.map(detail).collect::<Vec<_>>().join("\n")
        }
        Block::Timeline => fenced(&timeline::text(chart)),
    }
}

fn list(facts: &[(&'static str, String)]) -> String {
    let facts = facts.iter();
    facts
        .map(|(name, text)| format!("- **{name}:** {}\n", words(text)))
        .collect()
}

fn matter(item: &MatterItem) -> String {
    let who = match item.who.as_str() {
        "" => String::new(),
        who => format!(" {}:", words(who)),
    };
    format!(
        "- **{}:**{who} {}\n  Next: {}\n",
        item.word,
        words(&item.what),
        words(&item.next)
    )
}

fn detail(detail: &Detail) -> String {
    let mut text = format!(
        "### {}, {}\n\n",
        words(&detail.member),
        words(&detail.heading)
    );
    text.push_str(&list(&detail.facts));
    for (name, output) in &detail.outputs {
        let _ = write!(
            text,
            "\nThe end of what {} printed:\n\n{}",
            code(name),
            fenced(output)
        );
    }
    text
}

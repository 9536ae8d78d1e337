//! Parts of sections.

use maud::{Markup, html};

use super::inline::words;
use super::table;
use crate::page::{Block, Detail, MatterItem};
use crate::timeline::{self, Chart};
use crate::words::{clean, clean_line};

pub(super) fn render(block: &Block, chart: &Chart<'_>) -> Markup {
    match block {
        Block::Words(text) => html! { p { (words(text)) } },
        Block::Facts(list) => facts(list),
        Block::Matters(items) => {
            html! { ul class="matters" { @for item in items { (matter(item)) } } }
        }
        Block::Table(rows) => table::table(rows),
        Block::Details(list) => html! { @for one in list { (detail(one)) } },
        Block::Timeline => html! {
            figure { div class="scroll" { (timeline::svg(chart)) } figcaption { (timeline::legend(chart)) } }
        },
    }
}

fn facts(facts: &[(&'static str, String)]) -> Markup {
    html! {
        dl {
            @for (name, text) in facts {
                dt { (name) }
                dd { (words(text)) }
            }
        }
    }
}

fn matter(item: &MatterItem) -> Markup {
    html! {
        li {
            strong { (item.word) }
            @if !item.who.is_empty() { " " span class="who" { (clean(&item.who)) } }
            ": " (words(&item.what))
            p class="next" { "Next: " (words(&item.next)) }
        }
    }
}

fn detail(detail: &Detail) -> Markup {
    html! {
        details open[detail.is_notable] {
            summary { code { (clean(&detail.member)) } ", " (clean(&detail.heading)) }
            (facts(&detail.facts))
            @for (name, output) in &detail.outputs {
                p { "The end of what " code { (clean(name)) } " printed:" }
                pre { @for line in output.lines() { (clean_line(line)) "\n" } }
            }
        }
    }
}

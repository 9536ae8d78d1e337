//! The file as a whole: head, contents, sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::block::render;
use super::style::STYLE;
use crate::page::{Page, Section};
use crate::timeline::Chart;
use crate::words::clean;

pub(crate) fn html(page: &Page, chart: &Chart<'_>) -> String {
    let title = clean(&page.title);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (title) } (contents(page)) }
                main {
                    @for (place, part) in page.sections.iter().enumerate() {
                        (section(place, part, chart))
                    }
                }
            }
        }
    };
    markup.into_string()
}

fn contents(page: &Page) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                @for (place, section) in page.sections.iter().enumerate() {
                    li { a href={ "#part-" (place) } { (section.heading) } }
                }
            }
        }
    }
}

fn section(place: usize, section: &Section, chart: &Chart<'_>) -> Markup {
    html! {
        section aria-labelledby={ "part-" (place) } {
            h2 id={ "part-" (place) } { (section.heading) }
            @for block in &section.blocks { (render(block, chart)) }
        }
    }
}

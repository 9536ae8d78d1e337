//! The report as one HTML file: no script, nothing from elsewhere, light and dark, and for paper.

mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::page::{Block, Detail, MatterItem, Page, Section};
use crate::timeline::{self, Chart};
use crate::words::{Piece, clean, clean_line, pieces};

const STYLE: &str = include_str!("style.css");

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

fn render(block: &Block, chart: &Chart<'_>) -> Markup {
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

/// Words in which backticks that pair set code off.
fn words(text: &str) -> Markup {
    let text = clean(text);
    html! {
        @for piece in pieces(&text) {
            @match piece {
                Piece::Words(text) => (text),
                Piece::Code(text) => code { (text) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// The colours of one scheme, by name.
    fn colours(scheme: &str) -> Vec<(&str, [f64; 3])> {
        let pairs = scheme.split(';').filter_map(|pair| pair.split_once(": #"));
        let colours = pairs.filter_map(|(name, hex)| {
            let part = |at: usize| {
                u8::from_str_radix(hex.get(at..at + 2)?, 16)
                    .ok()
                    .map(f64::from)
            };
            let name = name.rsplit("--").next()?;
            Some((name, [part(0)?, part(2)?, part(4)?]))
        });
        colours.collect()
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: [f64; 3]) -> f64 {
        let linear = colour.map(|part| {
            let part = part / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        linear[0].mul_add(0.2126, linear[1].mul_add(0.7152, linear[2] * 0.0722))
    }

    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        (one / other).max(other / one)
    }

    #[test]
    fn text_and_bars_stand_out_in_each_scheme_as_wcag_aa_asks() {
        let schemes: Vec<_> = STYLE
            .split(":root {")
            .skip(1)
            .map(|rest| colours(&rest[..rest.find('}').unwrap()]))
            .collect();
        assert_eq!(schemes.len(), 3, "light, dark and paper");
        for scheme in schemes {
            let colour = |name: &str| {
                scheme
                    .iter()
                    .find(|(known, _)| *known == name)
                    .unwrap_or_else(|| panic!("{name}"))
                    .1
            };
            let grounds = ["page", "window", "soak"];
            for (names, least) in [
                (&["text", "quiet", "link", "good", "bad"][..], 4.5),
                (
                    &[
                        "preflight",
                        "refresh",
                        "snapshot",
                        "upgrade",
                        "reboot",
                        "post-check",
                        "maintenance",
                        "drain",
                        "return",
                        "other",
                    ][..],
                    3.0,
                ),
            ] {
                for (name, ground) in names
                    .iter()
                    .flat_map(|name| grounds.map(|ground| (*name, ground)))
                {
                    let contrast = contrast(colour(name), colour(ground));
                    assert!(contrast >= least, "{name} on {ground}: {contrast:.2}");
                }
            }
        }
    }
}

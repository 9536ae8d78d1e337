//! The timeline as a picture.
//!
//! ```text
//!            22:00     23:00    Sun 29 Mar
//! web · 1    ░░░░░░░░░░▒▒▒▒▒▒▒▒░░░░░░░░░░   windows and soak shaded
//!   web1      ▂▅▅▅▅◆▅                       bars by phase, a diamond a proved reboot
//!   web2      ▂▅▅✕   ▅▅▅                    a cross where a try failed
//! ```

use std::fmt::Write as _;

use conditions::Timestamp;
use maud::{Markup, html};

use super::band::Band;
use super::chart::Chart;
use super::mark::{Mark, kind, mark};
use crate::report::{Attempt, Member, Phase, Span};
use crate::words;

const WIDTH: f64 = 960.0;
const LABELS: f64 = 190.0;
const RIGHT: f64 = 12.0;
const AXIS: f64 = 30.0;
const HEADING: f64 = 22.0;
const ROW: f64 = 18.0;
const AREA: f64 = 40.0;
const TICKS: u64 = 9;
const LABEL_LIMIT: usize = 26;
/// Parts of an area.
const COLUMNS: usize = 180;

/// What the colours mean: the class, and the word.
const LEGEND: [(&str, &str); 10] = [
    ("preflight", "preflight"),
    ("refresh", "refresh"),
    ("snapshot", "snapshot"),
    ("upgrade", "upgrade"),
    ("reboot", "reboot"),
    ("post-check", "post-check"),
    ("maintenance", "maintenance"),
    ("drain", "drain"),
    ("return", "return"),
    ("other", "other"),
];

/// The class of a phase.
fn class(phase: &Phase) -> &'static str {
    let kind = kind(&phase.name);
    let known = LEGEND.iter().find(|(_, name)| *name == kind);
    known.map_or("other", |(class, _)| class)
}

/// The picture.
pub(crate) fn svg(chart: &Chart<'_>) -> Markup {
    let height = AXIS
        + chart
            .bands
            .iter()
            .map(|band| depth(chart, band))
            .sum::<f64>()
        + 6.0;
    let view = format!("0 0 {WIDTH} {}", point(height));
    let mut y = AXIS;
    let mut bands = Vec::new();
    for band in &chart.bands {
        bands.push((band, y));
        y += depth(chart, band);
    }
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="timeline" viewBox=(view) role="img"
            aria-labelledby="timeline-title timeline-desc" {
            title id="timeline-title" { "Timeline of the campaign" }
            desc id="timeline-desc" { (description(chart)) }
            @for (band, top) in &bands { (ground(chart, band, *top)) }
            (axis(chart, height))
            @for (band, top) in &bands { (picture(chart, band, *top)) }
            (gaps(chart, height))
        }
    }
}

/// The legend, for what occurs.
pub(crate) fn legend(chart: &Chart<'_>) -> Markup {
    let tries = chart.report.members.iter().flat_map(|one| &one.tries);
    let phases: Vec<&Phase> = tries.flat_map(|tried| &tried.phases).collect();
    let occurs = |name: &str| phases.iter().any(|phase| class(phase) == name);
    let campaign = &chart.report.campaign;
    let groups = &chart.report.groups;
    let mut waves = groups.iter().flat_map(|group| &group.waves);
    let blocks = [
        (
            "window",
            "window open",
            groups.iter().any(|group| !group.openings.is_empty()),
        ),
        ("soak", "soak", waves.any(|wave| wave.soaked.is_some())),
        ("pause", "paused", !campaign.pauses.is_empty()),
        ("gap", "no controller", !campaign.interruptions.is_empty()),
    ];
    html! {
        ul class="legend" {
            @if chart.is_detailed() {
                @for (class, word) in LEGEND.iter().filter(|(class, _)| occurs(class)) {
                    li { (key(&format!("phase {class}"))) (word) }
                }
                li { span class="mark" { "◆" } "proved reboot" }
                li { span class="mark" { "✕" } "failed try" }
            } @else {
                li { (key("area")) "members under way" }
            }
            @for (class, word, _) in blocks.iter().filter(|(_, _, occurs)| *occurs) {
                li { (key(class)) (word) }
            }
        }
    }
}

fn key(class: &str) -> Markup {
    html! {
        svg class="key" viewBox="0 0 16 10" aria-hidden="true" {
            rect class=(class) x="0.5" y="0.5" width="15" height="9" {}
        }
    }
}

fn description(chart: &Chart<'_>) -> String {
    let report = chart.report;
    let rows = if chart.is_detailed() {
        "a row a member, grouped by wave, with its phases"
    } else {
        "a row a wave, with how many members were under way"
    };
    format!(
        "From {} to {} ({}): {rows}. The tables of waves and members say the same in words.",
        chart.clock.day_and_time(report.campaign.began),
        chart.clock.day_and_time(chart.until),
        chart.clock.name()
    )
}

fn depth(chart: &Chart<'_>, band: &Band<'_>) -> f64 {
    match chart.is_detailed() {
        true => band.members.iter().fold(HEADING, |sum, _| sum + ROW),
        false => HEADING + AREA,
    }
}

fn x(chart: &Chart<'_>, at: Timestamp) -> f64 {
    LABELS + chart.place(at) * (WIDTH - LABELS - RIGHT)
}

/// A coordinate in tenths of a point: the text of a picture stays short.
fn point(value: f64) -> String {
    format!("{value:.1}")
}

fn axis(chart: &Chart<'_>, height: f64) -> Markup {
    let ticks = chart.clock.ticks(chart.from, chart.until, TICKS);
    html! {
        g class="axis" {
            @for tick in &ticks {
                @let x = point(x(chart, tick.at));
                line class=[tick.is_day.then_some("day")] x1=(x) x2=(x) y1="20" y2=(point(height)) {}
                text x=(x) y="14" text-anchor="middle" { (tick.label) }
            }
            text x="4" y="14" { (cut(chart.clock.name())) }
        }
    }
}

/// What is behind the bars.
fn ground(chart: &Chart<'_>, band: &Band<'_>, top: f64) -> Markup {
    let bottom = top + depth(chart, band);
    html! {
        @for opening in &band.group.openings {
            (block(chart, "window", opening, top, bottom, "window open"))
        }
        @if let Some(soaked) = &band.wave.soaked {
            (block(chart, "soak", soaked, top, bottom, "soak"))
        }
    }
}

fn picture(chart: &Chart<'_>, band: &Band<'_>, top: f64) -> Markup {
    let label = words::clean(&band.name());
    let counts = band.counts();
    let row_top = |place: usize| number(place).mul_add(ROW, top + HEADING);
    html! {
        g {
            line class="edge" x1="0" x2=(WIDTH) y1=(point(top)) y2=(point(top)) {}
            text class="wave" x="4" y=(point(top + 15.0)) {
                title { (label) ": " (counts) }
                (cut(&label))
            }
            text class="counts" x=(point(LABELS)) y=(point(top + 15.0)) { (counts) }
            @if chart.is_detailed() {
                @for (place, member) in band.members.iter().enumerate() {
                    (row(chart, member, row_top(place)))
                }
            } @else {
                (area(chart, band, top + HEADING))
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rows and columns are few")]
const fn number(of: usize) -> f64 {
    of as f64
}

fn block(chart: &Chart<'_>, class: &str, span: &Span, top: f64, bottom: f64, what: &str) -> Markup {
    let until = span.until.unwrap_or(chart.until);
    let (from, to) = (x(chart, span.from), x(chart, until));
    html! {
        rect class=(class) x=(point(from)) y=(point(top)) width=(point((to - from).max(0.5)))
            height=(point(bottom - top)) {
            title { (what) ": " (times(chart, span.from, Some(until))) }
        }
    }
}

/// Pauses, and times without a controller, across everything.
fn gaps(chart: &Chart<'_>, height: f64) -> Markup {
    let campaign = &chart.report.campaign;
    html! {
        @for pause in &campaign.pauses {
            (block(chart, "pause", pause, AXIS, height - 6.0, "paused"))
        }
        @for gap in &campaign.interruptions {
            (block(chart, "gap", gap, AXIS, height - 6.0, "no controller"))
        }
    }
}

fn row(chart: &Chart<'_>, member: &Member, top: f64) -> Markup {
    let name = words::clean(&member.id.to_string());
    html! {
        g {
            text class="member" x="14" y=(point(top + 12.0)) {
                title { (name) ": " (member.standing.word()) }
                (cut(&name))
            }
            @for (place, tried) in member.tries.iter().enumerate() {
                (attempt(chart, tried, mark(member, place), &name, top))
            }
        }
    }
}

fn attempt(chart: &Chart<'_>, tried: &Attempt, mark: Mark, name: &str, top: f64) -> Markup {
    let end = tried.ended.unwrap_or(chart.until);
    let is_proved = tried
        .found
        .as_ref()
        .is_some_and(|found| found.reboot.is_some());
    let mut reboots = tried
        .phases
        .iter()
        .rev()
        .filter(|phase| phase.name == "reboot");
    html! {
        rect class="try" x=(point(x(chart, tried.began))) y=(point(top + 7.5))
            width=(point((x(chart, end) - x(chart, tried.began)).max(1.0))) height="2" {
            title { (name) ", try " (tried.turn) ": " (times(chart, tried.began, tried.ended)) }
        }
        @for phase in &tried.phases {
            (bar(chart, phase, end, name, top))
        }
        @if let Some(reboot) = reboots.next().filter(|_| is_proved) {
            (diamond(x(chart, reboot.until.unwrap_or(end)), top + 8.5))
        }
        @if mark == Mark::Failed {
            (cross(x(chart, end), top + 8.5))
        }
    }
}

fn bar(chart: &Chart<'_>, phase: &Phase, end: Timestamp, name: &str, top: f64) -> Markup {
    let (from, to) = (x(chart, phase.from), x(chart, phase.until.unwrap_or(end)));
    html! {
        rect class={ "phase " (class(phase)) } x=(point(from)) y=(point(top + 3.0))
            width=(point((to - from).max(1.0))) height="11" {
            title {
                (name) ", " (words::clean(&phase.name)) ": " (times(chart, phase.from, phase.until))
            }
        }
    }
}

fn diamond(x: f64, y: f64) -> Markup {
    let path = format!("M{} {}l5 -6l5 6l-5 6z", point(x - 5.0), point(y));
    html! { path class="reboot-mark" d=(path) { title { "proved reboot" } } }
}

fn cross(x: f64, y: f64) -> Markup {
    let path = format!("M{} {}l8 8m0 -8l-8 8", point(x - 4.0), point(y - 4.0));
    html! { path class="cross" d=(path) { title { "failed" } } }
}

/// How many of a wave were under way, as an area below its greatest number.
fn area(chart: &Chart<'_>, band: &Band<'_>, top: f64) -> Markup {
    let counts = band.under_way(chart, COLUMNS);
    let most = counts.iter().copied().max().unwrap_or(0);
    let bottom = top + AREA - 4.0;
    let wide = (WIDTH - LABELS - RIGHT) / number(COLUMNS);
    let mut path = format!("M{} {}", point(LABELS), point(bottom));
    let mut before = 0;
    for (place, count) in counts.iter().enumerate() {
        if *count != before {
            let x = wide.mul_add(number(place), LABELS);
            let high = number(*count) / number(most.max(1)) * (AREA - 8.0);
            let _ = write!(path, "H{}V{}", point(x), point(bottom - high));
            before = *count;
        }
    }
    let _ = write!(path, "H{}V{}z", point(WIDTH - RIGHT), point(bottom));
    html! {
        text class="member" x="14" y=(point(bottom)) {
            "at most " (most) " at a time"
        }
        path class="area" d=(path) {
            title { "members under way, at most " (most) " at a time" }
        }
    }
}

fn times(chart: &Chart<'_>, from: Timestamp, until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!(
            "{} to {} ({})",
            chart.clock.time(from),
            chart.clock.time(until),
            words::span(until.since(from))
        ),
        None => format!("since {}", chart.clock.time(from)),
    }
}

/// As much as fits beside the picture.
fn cut(text: &str) -> String {
    if text.chars().count() <= LABEL_LIMIT {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(LABEL_LIMIT - 1).collect();
    cut.push('…');
    cut
}

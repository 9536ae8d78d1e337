//! The timeline in characters.

use std::fmt::Write as _;

use super::band::Band;
use super::chart::{Chart, column};
use super::mark::{Mark, kind, mark};
use crate::report::{Attempt, Member, Span};
use crate::words;

const COLUMNS: usize = 64;
const LABELS: usize = 22;
const TICKS: u64 = 5;

const KEY: &str = "p preflight  f refresh  s snapshot  u upgrade  R reboot  c post-check\n\
                   m maintenance  d drain  b return  - other  x failed\n\
                   ~ soak  . window open  ! no controller";
const KEY_OF_WAVES: &str = "▁ to █ members under way, of the most at a time";
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One line: a label, and what is where.
struct Line {
    label: String,
    cells: Vec<char>,
}

/// The chart as lines of text.
pub(crate) fn text(chart: &Chart<'_>) -> String {
    let mut text = String::new();
    axis(chart).print(&mut text);
    gaps(chart).iter().for_each(|line| line.print(&mut text));
    for band in &chart.bands {
        heading(chart, band).print(&mut text);
        if chart.is_detailed() {
            for member in band.members {
                row(chart, member).print(&mut text);
            }
        }
    }
    let key = if chart.is_detailed() {
        KEY
    } else {
        KEY_OF_WAVES
    };
    let _ = writeln!(text, "\n{key}");
    text
}

impl Line {
    fn new(label: &str) -> Self {
        let label = words::clean(label);
        let is_long = label.chars().count() > LABELS;
        let mut label: String = label.chars().take(LABELS - usize::from(is_long)).collect();
        label.extend(is_long.then_some('…'));
        Self {
            label,
            cells: vec![' '; COLUMNS],
        }
    }

    fn fill(&mut self, chart: &Chart<'_>, span: Span, with: char) {
        let until = span.until.unwrap_or(chart.until).max(span.from);
        let first = column(chart.place(span.from), COLUMNS);
        let last = column(chart.place(until), COLUMNS);
        self.cells[first..=last].fill(with);
    }

    fn print(&self, text: &mut String) {
        let cells: String = self.cells.iter().collect();
        let line = format!("{:<LABELS$} |{cells}|", self.label);
        let _ = writeln!(text, "{line}");
    }
}

fn axis(chart: &Chart<'_>) -> Line {
    let mut line = Line::new(chart.clock.name());
    for tick in chart.clock.ticks(chart.from, chart.until, TICKS) {
        let first = column(chart.place(tick.at), COLUMNS);
        let label: Vec<char> = tick.label.chars().collect();
        if let Some(cells) = line.cells.get_mut(first..first + label.len()) {
            cells.copy_from_slice(&label);
        }
    }
    line
}

fn gaps(chart: &Chart<'_>) -> Option<Line> {
    let gaps = &chart.report.campaign.interruptions;
    let mut line = Line::new("controller");
    for gap in gaps {
        line.fill(chart, *gap, '!');
    }
    (!gaps.is_empty()).then_some(line)
}

fn heading(chart: &Chart<'_>, band: &Band<'_>) -> Line {
    let mut line = Line::new(&band.name());
    for opening in &band.group.openings {
        line.fill(chart, *opening, '.');
    }
    if let Some(soaked) = band.wave.soaked {
        line.fill(chart, soaked, '~');
    }
    if !chart.is_detailed() {
        let counts = band.under_way(chart, COLUMNS);
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        for (cell, count) in line.cells.iter_mut().zip(counts) {
            let height = HEIGHTS.get((count * HEIGHTS.len()).div_ceil(most).saturating_sub(1));
            if let Some(height) = height.filter(|_| count > 0) {
                *cell = *height;
            }
        }
    }
    line
}

fn row(chart: &Chart<'_>, member: &Member) -> Line {
    let mut line = Line::new(&format!("  {}", member.id));
    for (place, tried) in member.tries.iter().enumerate() {
        attempt(chart, tried, mark(member, place), &mut line);
    }
    line
}

fn attempt(chart: &Chart<'_>, tried: &Attempt, mark: Mark, line: &mut Line) {
    let end = tried.ended.unwrap_or(chart.until);
    let whole = Span {
        from: tried.began,
        until: Some(end),
    };
    line.fill(chart, whole, '-');
    for phase in &tried.phases {
        let span = Span {
            from: phase.from,
            until: Some(phase.until.unwrap_or(end)),
        };
        line.fill(chart, span, letter(&phase.name));
    }
    if mark == Mark::Failed {
        line.cells[column(chart.place(end), COLUMNS)] = 'x';
    }
}

fn letter(phase: &str) -> char {
    match kind(phase) {
        "preflight" => 'p',
        "refresh" => 'f',
        "snapshot" => 's',
        "upgrade" => 'u',
        "reboot" => 'R',
        "post-check" => 'c',
        "maintenance" => 'm',
        "drain" => 'd',
        "return" => 'b',
        _ => '-',
    }
}

//! The timeline: who was in which phase when.
//!
//! ```text
//! Report ─► Chart ─┬─► svg    a picture for HTML
//!                  └─► text   characters for Markdown
//!
//! up to ROWS_LIMIT members: a row each, grouped by wave; above: a row a wave, with how many were
//! under way
//! ```

mod svg;
mod text;

use conditions::Timestamp;

use crate::clock::Clock;
use crate::report::{Attempt, Group, Member, Report, Standing, Wave};

pub(crate) use svg::{legend, svg};
pub(crate) use text::text;

/// So many members have a row each.
pub(crate) const ROWS_LIMIT: usize = 200;

/// What is drawn.
#[derive(Debug)]
pub(crate) struct Chart<'r> {
    pub(crate) report: &'r Report,
    pub(crate) clock: &'r Clock<'r>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) bands: Vec<Band<'r>>,
}

/// One wave.
#[derive(Debug)]
pub(crate) struct Band<'r> {
    pub(crate) group: &'r Group,
    pub(crate) wave: &'r Wave,
    pub(crate) members: &'r [Member],
}

/// How a try is marked where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It reached its aim, or goes on.
    None,
    /// It did not.
    Failed,
}

/// What a phase is drawn as: steps of a run over a node by what they are for.
fn kind(phase: &str) -> &str {
    match phase {
        "maintenance-on" | "maintenance-off" => "maintenance",
        "migrate" | "stop-guest" => "drain",
        "migrate-back" | "start-guest" => "return",
        other => other,
    }
}

impl<'r> Chart<'r> {
    pub(crate) fn of(report: &'r Report, clock: &'r Clock<'r>) -> Self {
        let tries = || report.members.iter().flat_map(|member| &member.tries);
        let ends = tries().filter_map(|tried| tried.ended);
        let (began, until) = (report.campaign.began, report.campaign.until());
        let from = tries().map(|tried| tried.began).min();
        let from = from.map_or(began, |first| first.min(began));
        let until = ends.max().map_or(until, |last| last.max(until));
        let shortest = Timestamp::from_millis(from.as_millis().saturating_add(1000));
        Self {
            report,
            clock,
            from,
            until: until.max(shortest),
            bands: bands(report),
        }
    }

    /// Members have rows of their own.
    pub(crate) fn is_detailed(&self) -> bool {
        self.report.members.len() <= ROWS_LIMIT
    }

    /// Where a moment is, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a picture has fewer points")]
    pub(crate) fn place(&self, at: Timestamp) -> f64 {
        let whole = self.until.as_millis().saturating_sub(self.from.as_millis());
        let part = at.as_millis().saturating_sub(self.from.as_millis());
        (part as f64 / whole.max(1) as f64).clamp(0.0, 1.0)
    }
}

impl Band<'_> {
    /// As `web · 1 canary`.
    pub(crate) fn name(&self) -> String {
        let name = self.wave.name.as_ref();
        let name = name.map_or_else(String::new, |name| format!(" {name}"));
        format!("{} · {}{name}", self.group.name, self.wave.number)
    }

    /// As `3 done, 1 failed`.
    pub(crate) fn counts(&self) -> String {
        let parts = self.wave.numbers.parts().into_iter();
        let parts = parts.filter(|(_, number)| *number > 0);
        let parts: Vec<String> = parts
            .map(|(word, number)| format!("{number} {word}"))
            .collect();
        parts.join(", ")
    }

    /// How many were under way, over `columns` equal parts of the time of `chart`.
    pub(crate) fn under_way(&self, chart: &Chart<'_>, columns: usize) -> Vec<usize> {
        let mut starts = vec![0_usize; columns + 1];
        let mut ends = vec![0_usize; columns + 1];
        for tried in self.members.iter().flat_map(|member| &member.tries) {
            let until = tried.ended.unwrap_or(chart.until).max(tried.began);
            let (first, last) = (
                column(chart.place(tried.began), columns),
                column(chart.place(until), columns),
            );
            starts[first] += 1;
            ends[last + 1] += 1;
        }
        let mut now = 0;
        let counts = starts.iter().zip(&ends).map(|(start, end)| {
            now = now + start - end;
            now
        });
        counts.take(columns).collect()
    }
}

/// The part, of `columns` equal ones, in which a place is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place is from 0 to 1, columns are few"
)]
pub(crate) fn column(place: f64, columns: usize) -> usize {
    let column = (place * columns as f64) as usize;
    column.min(columns.saturating_sub(1))
}

/// How the try `place` of a member is marked.
pub(crate) fn mark(member: &Member, place: usize) -> Mark {
    let is_last = place + 1 == member.tries.len();
    let tried = member.tries.get(place);
    let is_over = tried.is_some_and(|tried: &Attempt| tried.ended.is_some());
    match member.standing {
        Standing::Failed(_) | Standing::Down(_) if is_last => Mark::Failed,
        _ if is_over && !is_last => Mark::Failed,
        _ => Mark::None,
    }
}

fn bands(report: &Report) -> Vec<Band<'_>> {
    let mut rest = report.members.as_slice();
    let waves = report
        .groups
        .iter()
        .flat_map(|group| group.waves.iter().map(move |wave| (group, wave)));
    let bands = waves.map(|(group, wave)| {
        let (members, others) = rest.split_at(wave.numbers.members.min(rest.len()));
        rest = others;
        Band {
            group,
            wave,
            members,
        }
    });
    bands.collect()
}

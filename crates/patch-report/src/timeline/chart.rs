//! What is drawn, over which time.

use conditions::Timestamp;

use super::band::{Band, bands};
use crate::clock::Clock;
use crate::report::Report;

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

//! Waves in a chart.

use super::chart::{Chart, column};
use crate::report::{Group, Member, Report, Wave};

/// One wave.
#[derive(Debug)]
pub(crate) struct Band<'r> {
    pub(crate) group: &'r Group,
    pub(crate) wave: &'r Wave,
    pub(crate) members: &'r [Member],
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

pub(super) fn bands(report: &Report) -> Vec<Band<'_>> {
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

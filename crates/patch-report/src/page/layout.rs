//! A page and its sections, in the order in which they are read.

use super::block::Block;
use super::{attention, details, facts, members, packages, timeline, waves};
use crate::report::Report;
use crate::timeline::Chart;

/// A document for people.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) sections: Vec<Section>,
}

/// A part with a heading.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) blocks: Vec<Block>,
}

impl Page {
    pub(crate) fn of(report: &Report, chart: &Chart<'_>) -> Self {
        let clock = chart.clock;
        let sections = [
            facts::summary(report, clock),
            attention::section(report),
            waves::section(report, clock),
            members::section(report),
            members::left_out(report, clock),
            packages::changed(report),
            packages::withheld(report),
            details::section(report, chart),
            waves::hooks(report, clock),
            timeline::section(report, clock),
        ];
        let sections = sections.into_iter();
        let campaign = &report.campaign;
        Self {
            title: format!("Patch campaign {}: {}", campaign.id, campaign.name),
            sections: sections
                .filter(|section| !section.blocks.is_empty())
                .collect(),
        }
    }
}

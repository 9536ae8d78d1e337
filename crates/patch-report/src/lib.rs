//! What a patch campaign came to, for people and programs.
//!
//! ```text
//! plan::Document ─────┐
//! campaign::Saved ────┤                        ┌─► JSON (serde)
//! tries: steps, ends ─┼─► Input ─► Report::of ─┼─► Markdown: terminals, forges
//! events ─────────────┤                        └─► HTML: one file, the timeline as SVG
//! Head ───────────────┘
//! ```
//!
//! Everything that guests, hypervisors and operators say is text here: cleaned, cut and escaped in
//! the forms for people, kept as it is in the JSON.

mod clock;
mod html;
pub mod input;
mod markdown;
mod page;
pub mod report;
mod timeline;
mod words;

pub use input::Input;
pub use report::Report;

use clock::Clock;
use page::Page;
use plan::Zone;
use timeline::Chart;

impl Report {
    /// Markdown (CommonMark with tables), with times as the clocks of `zone` show them.
    #[must_use]
    pub fn markdown(&self, zone: &Zone) -> String {
        let clock = Clock::of(zone);
        let chart = Chart::of(self, &clock);
        markdown::markdown(&Page::of(self, &chart), &chart)
    }

    /// One HTML file that needs nothing else, with times as the clocks of `zone` show them.
    #[must_use]
    pub fn html(&self, zone: &Zone) -> String {
        let clock = Clock::of(zone);
        let chart = Chart::of(self, &clock);
        html::html(&Page::of(self, &chart), &chart)
    }
}

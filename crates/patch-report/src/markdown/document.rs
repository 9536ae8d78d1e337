//! The text as a whole.

use std::fmt::Write as _;

use super::block::render;
use super::escape::words;
use crate::page::Page;
use crate::timeline::Chart;

pub(crate) fn markdown(page: &Page, chart: &Chart<'_>) -> String {
    let mut text = format!("# {}\n", words(&page.title));
    for section in &page.sections {
        let blocks = section.blocks.iter().map(|block| render(block, chart));
        let blocks: Vec<String> = blocks.filter(|block| !block.is_empty()).collect();
        if !blocks.is_empty() {
            let _ = write!(text, "\n## {}\n\n{}", section.heading, blocks.join("\n"));
        }
    }
    text
}

//! The report as Markdown (CommonMark with tables): readable in a terminal and on a forge.

mod block;
mod document;
mod escape;
mod table;

pub(crate) use document::markdown;

//! What is counted for each guest, and how its hanging GETs are woken.

mod account;
mod bucket;
mod presence;

pub(crate) use account::{Guest, News, ReplyRoom, locked};
pub(crate) use bucket::TokenBucket;

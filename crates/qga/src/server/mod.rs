//! The server end: reading the stream of requests as QEMU's agent does.

mod decoder;
mod json;

pub use decoder::{RejectedRequest, RequestDecoder, RequestEvent, RequestLimits};

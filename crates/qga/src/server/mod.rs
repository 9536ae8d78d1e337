//! The server end: reading the stream of requests as QEMU's agent does.

mod call;
mod decoder;
mod json;
mod sessions;
mod table;

pub use call::{
    Call, Capture, ExecCall, OnlineSetting, PasswordCall, ShutdownMode, SuspendMode, Whence,
};
pub use decoder::{RejectedRequest, RequestDecoder, RequestEvent, RequestLimits};
pub use sessions::Ticket;
pub use table::{COMMANDS, CommandSpec};

//! The server end: reading the stream of requests as QEMU's agent does.

mod arguments;
mod base64_input;
mod beginning;
mod call;
mod decode;
mod decoder;
mod file_read;
mod json;
mod runs;
mod sessions;
mod strings;
mod table;
mod text;

pub use base64_input::decode_base64_in_place;
pub use call::{
    Call, Capture, ExecCall, OnlineSetting, PasswordCall, ShutdownMode, SuspendMode, Whence,
};
pub use decoder::{RejectedRequest, RequestDecoder, RequestEvent, RequestLimits};
pub use file_read::{FILE_READ_MOST, FileReadFrame, file_read_count, file_write_count};
pub(crate) use runs::run_length;
pub use sessions::{Sessions, Ticket};
pub use table::{COMMANDS, CommandSpec, Support};

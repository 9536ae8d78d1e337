//! The QEMU guest agent protocol, without I/O: both ends of the channel.
//!
//! ```text
//! client end   Command ─► ClientSession ─► bytes out      bytes in ─► ReplyDecoder ─► ClientSession ─► value
//! server end   bytes in ─► RequestDecoder ─► Request      Reply ─► bytes out
//! ```
//!
//! Nothing here reads a clock, draws a random number or touches a socket: bytes, moments and
//! fresh ids come in as arguments. Whatever the peer sends, nothing panics and memory stays
//! within the limits that were given.

mod client;
pub mod commands;
mod message;
pub mod results;
mod server;
mod system;

pub use client::{
    CallError, CallId, ClientSession, Garbage, GarbageReason, ReplyDecoder, ReplyEvent,
    ReplyLimits, Step,
};
pub use message::{AgentError, Answer, DELIMITER, NotAReply, Reply, Request};
pub use server::{
    COMMANDS, Call, Capture, CommandSpec, ExecCall, FILE_READ_MOST, FileReadFrame, OnlineSetting,
    PasswordCall, RejectedRequest, RequestDecoder, RequestEvent, RequestLimits, Sessions,
    ShutdownMode, Support, SuspendMode, Ticket, Whence, decode_base64_in_place, file_read_count,
    file_write_count,
};
pub use system::System;

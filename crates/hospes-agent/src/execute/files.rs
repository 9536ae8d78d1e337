//! `guest-file-*`.

use std::sync::Arc;

use guest_os::file;
use qga::results::file::FileWrite;
use qga::{AgentError, Call, decode_base64_in_place, file_read_count, file_write_count};
use serde_json::json;

use super::failure::{answered, error};
use super::reading::{FileReading, with};
use super::{Done, Outcome, nothing, value};
use crate::agent::Agent;

pub(super) fn perform(agent: &Agent, call: Call) -> Outcome {
    match call {
        Call::FileOpen { path, mode } => open(agent, &path, mode.as_deref().unwrap_or("r")),
        Call::FileClose(handle) => close(agent, handle),
        Call::FileRead { handle, count } => {
            let file = agent.files.find(handle)?;
            let reading = FileReading::begin(file, file_read_count(count)?)?;
            Ok(Done::File(Box::new(reading)))
        }
        Call::FileWrite {
            handle,
            base64,
            count,
        } => write(agent, handle, base64, count),
        Call::FileSeek {
            handle,
            offset,
            whence,
        } => {
            let file = agent.files.find(handle)?;
            answered(with(&file, |file| file.seek(offset, whence)))
        }
        Call::FileFlush(handle) => {
            let file = agent.files.find(handle)?;
            with(&file, file::File::flush).map_err(|failed| error(&failed))?;
            nothing()
        }
        other => unreachable!("{other:?} is about no file"),
    }
}

fn open(agent: &Agent, path: &str, mode: &str) -> Outcome {
    let file = file::open(path, mode).map_err(|failed| error(&failed))?;
    value(json!(agent.files.insert(file)?))
}

/// The last user closes: a read of another stream may still be under way.
fn close(agent: &Agent, handle: i64) -> Outcome {
    if let Some(file) = Arc::into_inner(agent.files.remove(handle)?) {
        let file = file
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        file.close().map_err(|failed| error(&failed))?;
    }
    nothing()
}

fn write(agent: &Agent, handle: i64, base64: String, count: Option<i64>) -> Outcome {
    let file = agent.files.find(handle)?;
    let bytes = decode_base64_in_place(base64)?;
    let count = file_write_count(count, bytes.len())?;
    with(&file, |file| file.write_all_of(&bytes[..count])).map_err(|failed| error(&failed))?;
    let written = i64::try_from(count).map_err(|_| AgentError::generic("too many bytes"))?;
    let written = FileWrite {
        count: written,
        eof: false,
    };
    answered(Ok(written))
}

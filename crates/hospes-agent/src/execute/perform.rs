//! One command: who carries it out, and what it comes to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use qga::{AgentError, Call};
use serde_json::{Value, json};

use super::reading::FileReading;
use super::{files, freezing, info, programs, system};
use crate::agent::Agent;
use crate::channel::Outgoing;

/// What a command comes to.
pub(super) enum Done {
    /// A result.
    Value(Value),
    /// A result that is read from a file while it is sent.
    File(Box<FileReading>),
    /// A success that is not answered: the guest goes down, or sleeps.
    Silent,
}

pub(super) type Outcome = Result<Done, AgentError>;

/// Whether a command only looks at what the agent knows, so that its stream's reader may carry it out.
pub(crate) const fn is_short(call: &Call) -> bool {
    matches!(
        call,
        Call::Sync(_)
            | Call::SyncDelimited(_)
            | Call::Ping
            | Call::Info
            | Call::GetTime
            | Call::FreezeStatus
            | Call::ExecStatus(_)
            | Call::GetHostName
    )
}

/// Carries out one command for `origin` and makes its reply; `None` is a success without one.
///
/// A bug in one command costs that command and not the agent: somebody may have to thaw.
pub(crate) fn call(agent: &Agent, call: Call, id: Option<Value>, origin: &str) -> Option<Outgoing> {
    let is_delimited = matches!(call, Call::SyncDelimited(_));
    let outcome = catch_unwind(AssertUnwindSafe(|| perform(agent, call, origin)));
    let outcome = outcome.unwrap_or_else(|_| {
        let text = "the agent failed at this command; its log says how";
        Err(AgentError::generic(text))
    });
    match outcome {
        Ok(Done::Silent) => None,
        Ok(Done::File(reading)) => Some(Outgoing::File(reading, id)),
        Ok(Done::Value(value)) if is_delimited => Some(Outgoing::delimited(value, id)),
        Ok(Done::Value(value)) => Some(Outgoing::value(value, id)),
        Err(error) => Some(Outgoing::error(error, id)),
    }
}

/// The result of a command that is asked for within the program; null where it has none.
pub(crate) fn answer(agent: &Agent, call: Call, origin: &str) -> Result<Value, AgentError> {
    match perform(agent, call, origin)? {
        Done::Value(value) => Ok(value),
        Done::File(_) | Done::Silent => Ok(Value::Null),
    }
}

fn perform(agent: &Agent, call: Call, origin: &str) -> Outcome {
    match call {
        Call::Sync(id) | Call::SyncDelimited(id) => value(json!(id)),
        Call::Ping => nothing(),
        Call::Info => value(info::info(agent)),
        Call::FreezeStatus | Call::Freeze(_) | Call::Thaw => freezing::perform(agent, call),
        Call::FileOpen { .. }
        | Call::FileClose(_)
        | Call::FileRead { .. }
        | Call::FileWrite { .. }
        | Call::FileSeek { .. }
        | Call::FileFlush(_) => files::perform(agent, call),
        Call::Exec(exec) => programs::start(agent, &exec, origin),
        Call::ExecStatus(pid) => programs::status(agent, pid),
        other => system::perform(agent, other, origin),
    }
}

pub(super) fn value(value: Value) -> Outcome {
    Ok(Done::Value(value))
}

/// The result of a command that has none.
pub(super) fn nothing() -> Outcome {
    value(json!({}))
}

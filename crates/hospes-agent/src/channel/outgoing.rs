//! What is written for one request.

use std::io;

use qga::{AgentError, Answer, Reply};
use serde_json::Value;

use crate::execute::FileReading;

/// A reply on its way out.
pub(crate) enum Outgoing {
    /// A reply that is whole.
    Whole(Vec<u8>),
    /// A piece of a file, read while it is written: it may be large. With the request's id.
    File(Box<FileReading>, Option<Value>),
}

impl Outgoing {
    pub(crate) fn reply(reply: &Reply) -> Self {
        Self::Whole(reply.encode())
    }

    /// A failure.
    pub(crate) fn error(error: AgentError, id: Option<Value>) -> Self {
        let answer = Answer::Error(error);
        Self::reply(&Reply { answer, id })
    }

    /// A result.
    pub(crate) fn value(value: Value, id: Option<Value>) -> Self {
        let answer = Answer::Return(value);
        Self::reply(&Reply { answer, id })
    }

    /// A result behind the delimiter.
    pub(crate) fn delimited(value: Value, id: Option<Value>) -> Self {
        let answer = Answer::Return(value);
        Self::Whole(Reply { answer, id }.encode_delimited())
    }

    /// Hands the reply's bytes to `write`, piece by piece.
    pub(crate) fn write(self, write: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Whole(bytes) => write(&bytes),
            Self::File(reading, id) => reading.write(id, write),
        }
    }
}

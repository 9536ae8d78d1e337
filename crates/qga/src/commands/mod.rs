//! The commands that are used here: their arguments, and what their results mean.
//!
//! Every decoder is total: a result of another shape is a [`WrongShape`], never a panic.

mod exec;
mod file;
mod info;
mod network;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

pub use exec::{Exec, ExecEnd, ExecStarted, ExecStatus, exec_status};
pub use file::{FileHandle, FileRead, file_close, file_open, file_read};
pub use info::{
    CommandInfo, FreezeStatus, GuestInfo, HostName, fsfreeze_status, host_name, info, ping,
};
pub use network::{Interface, Interfaces, IpAddress, network_interfaces};

use crate::Request;

/// A command and its arguments, ready to be called.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its name (`guest-ping`).
    pub name: String,
    /// An object, or null for none.
    pub arguments: Value,
}

/// A result that is not what the command's definition says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the result of {command} is not what the protocol defines: {detail}")]
pub struct WrongShape {
    /// The command that was called.
    pub command: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl Command {
    /// The command `name` with `arguments`, an object or null.
    pub fn new(name: impl Into<String>, arguments: Value) -> Self {
        Self {
            name: name.into(),
            arguments,
        }
    }

    fn bare(name: &str) -> Self {
        Self::new(name, Value::Null)
    }

    /// The request that calls it.
    #[must_use]
    pub fn into_request(self, id: Option<Value>) -> Request {
        let arguments = (!self.arguments.is_null()).then_some(self.arguments);
        Request {
            execute: self.name,
            arguments,
            id,
        }
    }
}

impl WrongShape {
    fn new(command: &'static str, detail: impl ToString) -> Self {
        Self {
            command,
            detail: detail.to_string(),
        }
    }
}

fn read<T: DeserializeOwned>(command: &'static str, result: Value) -> Result<T, WrongShape> {
    serde_json::from_value(result).map_err(|error| WrongShape::new(command, error))
}

/// Base64 as agents send it; line breaks within are let pass.
fn decode_base64(command: &'static str, text: &str) -> Result<Vec<u8>, WrongShape> {
    let compact: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(compact)
        .map_err(|error| WrongShape::new(command, format!("base64: {error}")))
}

//! From a command to a call, and from the call's data to the command's result.

use conditions::NodeName;
use serde_json::Value;

use super::file::{self, Files};
use super::{NOT_FOUND, Piece, Refused, exec, text};
use crate::{Call, call};

/// What a command comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// One call; the reply makes its data the result.
    Call(Call, Reply),
    /// A part of a file; [`Conversation::read`] makes the data of its call the result.
    Piece(Piece),
    /// Nothing is to be asked: this is the result.
    Known(Value),
}

/// How a call's data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// `{"result": ...}`: the agent's own.
    Result,
    /// The start of a program.
    Started,
    /// Where a program stands.
    Status,
}

/// Commands to one guest's agent.
#[derive(Debug, Default)]
pub struct Conversation {
    files: Files,
}

type Plain = fn(&NodeName, u32) -> Call;

/// The commands without arguments.
const PLAIN: &[(&str, Plain)] = &[
    ("guest-ping", call::agent::ping),
    ("guest-info", call::agent::info),
    ("guest-fsfreeze-status", call::agent::fsfreeze_status),
    (
        "guest-network-get-interfaces",
        call::agent::network_get_interfaces,
    ),
    ("guest-get-host-name", call::agent::get_host_name),
    ("guest-get-osinfo", call::agent::get_osinfo),
    ("guest-get-timezone", call::agent::get_timezone),
    ("guest-get-fsinfo", call::agent::get_fsinfo),
    ("guest-get-users", call::agent::get_users),
    ("guest-get-vcpus", call::agent::get_vcpus),
];

impl Conversation {
    /// What `command` comes to for the guest `vmid` on `node`.
    ///
    /// # Errors
    /// The API has no such command, or cannot carry these arguments.
    pub fn plan(
        &mut self,
        node: &NodeName,
        vmid: u32,
        command: &str,
        arguments: &Value,
    ) -> Result<Plan, Refused> {
        if let Some((_, plain)) = PLAIN.iter().find(|(name, _)| *name == command) {
            return Ok(Plan::Call(plain(node, vmid), Reply::Result));
        }
        match command {
            "guest-exec" => Ok(Plan::Call(
                exec::start(node, vmid, arguments)?,
                Reply::Started,
            )),
            "guest-exec-status" => {
                let pid = arguments.get("pid").and_then(Value::as_i64);
                let pid = pid.ok_or_else(|| Refused::cannot("guest-exec-status takes a pid"))?;
                let call = call::agent::exec_status(node, vmid, pid);
                Ok(Plan::Call(call, Reply::Status))
            }
            "guest-file-open" => self.files.open(arguments).map(Plan::Known),
            "guest-file-read" => self.files.piece(arguments).map(Plan::Piece),
            "guest-file-close" => self.files.close(arguments).map(Plan::Known),
            _ => Err(Refused::Agent {
                class: NOT_FOUND.to_owned(),
                description: "Proxmox VE has no call for it".to_owned(),
            }),
        }
    }

    /// The result of `guest-file-read`, from the data of [`Piece::call`], or of
    /// [`Piece::whole_call`].
    ///
    /// # Errors
    /// The data has another shape.
    pub fn read(&mut self, piece: &Piece, data: &Value, is_whole: bool) -> Result<Value, Refused> {
        let (bytes, eof) = match is_whole {
            true => piece.part_of_whole(data)?,
            false => piece.part(data)?,
        };
        self.files.advance(piece.handle, bytes.len() as u64);
        Ok(file::result(&bytes, eof))
    }
}

impl Reply {
    /// The command's result.
    ///
    /// # Errors
    /// The agent refused, or the data has another shape.
    pub fn result(self, data: Value) -> Result<Value, Refused> {
        match self {
            Self::Result => unwrapped(data),
            Self::Started => exec::started(&data),
            Self::Status => exec::status(&data),
        }
    }
}

/// The agent's result, or its error, which the API wraps alike.
fn unwrapped(mut data: Value) -> Result<Value, Refused> {
    let Some(result) = data.get_mut("result") else {
        return Err(Refused::Garbage("the answer has no `result`".to_owned()));
    };
    let result = text::mended(result.take());
    let Some(error) = result.get("error").filter(|it| it.is_object()) else {
        return Ok(result);
    };
    let said = |key| crate::answers::field::word(error, key);
    Err(Refused::Agent {
        class: said("class").unwrap_or_else(|| super::GENERIC.to_owned()),
        description: said("desc").unwrap_or_else(|| "it does not say why".to_owned()),
    })
}

//! Files of a guest: handles on this side, and parts of files by `file-read`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conditions::NodeName;
use serde_json::{Value, json};

use super::{Refused, text};
use crate::answers::field;
use crate::{Call, Failure, call};

/// The most that one read asks for: a third more travels, and answers are bounded.
const MOST: u64 = 8 << 20;

/// What an agent reads when nothing is said.
const USUAL: u64 = 4096;

/// How many files are open at most; whoever opens more forgets to close them.
const MOST_OPEN: usize = 64;

/// The files that are open.
#[derive(Debug, Default)]
pub(super) struct Files {
    open: BTreeMap<i64, Open>,
    last: i64,
}

#[derive(Debug)]
struct Open {
    path: String,
    offset: u64,
}

/// A part of a file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub(super) handle: i64,
    path: String,
    offset: u64,
    count: u64,
}

impl Files {
    pub(super) fn open(&mut self, arguments: &Value) -> Result<Value, Refused> {
        let path = field::text(arguments, "path")
            .ok_or_else(|| Refused::cannot("guest-file-open takes a path"))?;
        let mode = field::text(arguments, "mode").unwrap_or("r");
        if !matches!(mode, "r" | "rb") {
            return Err(Refused::cannot(format!(
                "through Proxmox VE files are opened for reading, not with mode `{mode}`"
            )));
        }
        if self.open.len() >= MOST_OPEN {
            return Err(Refused::cannot(format!("{MOST_OPEN} files are open")));
        }
        self.last += 1;
        let path = text::from_bytes(path.as_bytes());
        self.open.insert(self.last, Open { path, offset: 0 });
        Ok(json!(self.last))
    }

    pub(super) fn piece(&self, arguments: &Value) -> Result<Piece, Refused> {
        let handle = handle(arguments)?;
        let file = self.open.get(&handle).ok_or_else(|| unknown(handle))?;
        let count = field::number(arguments, "count").unwrap_or(USUAL);
        Ok(Piece {
            handle,
            path: file.path.clone(),
            offset: file.offset,
            count: count.clamp(1, MOST),
        })
    }

    pub(super) fn advance(&mut self, handle: i64, count: u64) {
        if let Some(file) = self.open.get_mut(&handle) {
            file.offset += count;
        }
    }

    pub(super) fn close(&mut self, arguments: &Value) -> Result<Value, Refused> {
        let handle = handle(arguments)?;
        match self.open.remove(&handle) {
            Some(_) => Ok(json!({})),
            None => Err(unknown(handle)),
        }
    }
}

fn handle(arguments: &Value) -> Result<i64, Refused> {
    let handle = arguments.get("handle").and_then(Value::as_i64);
    handle.ok_or_else(|| Refused::cannot("a handle is missing"))
}

fn unknown(handle: i64) -> Refused {
    Refused::cannot(format!("handle '{handle}' has not been found"))
}

impl Piece {
    /// The call that reads just this part, as the agent's base64.
    #[must_use]
    pub fn call(&self, node: &NodeName, vmid: u32) -> Call {
        let count = u32::try_from(self.count).ok();
        call::agent::file_read(node, vmid, &self.path, count)
            .with("offset", self.offset.to_string())
            .with("decode", "0")
    }

    /// The call of versions that know no parts: the whole file, as text.
    #[must_use]
    pub fn whole_call(&self, node: &NodeName, vmid: u32) -> Call {
        call::agent::file_read(node, vmid, &self.path, None)
    }

    /// Whether [`Piece::call`] failed because the version knows no parts.
    #[must_use]
    pub fn is_unknown(failure: &Failure) -> bool {
        let Failure::Parameters { errors, .. } = failure else {
            return false;
        };
        ["count", "offset", "decode"]
            .iter()
            .any(|key| errors.contains_key(*key))
    }

    /// The bytes in the data of [`Piece::call`], and whether the file ends with them.
    pub(super) fn part(&self, data: &Value) -> Result<(Vec<u8>, bool), Refused> {
        let content = content(data)?;
        let mut bytes = decoded(content)
            .ok_or_else(|| Refused::Garbage("the file's content is not base64".to_owned()))?;
        let fits = bytes.len() as u64 <= self.count;
        bytes.truncate(usize::try_from(self.count).unwrap_or(usize::MAX));
        Ok((bytes, fits && !truncated(data)))
    }

    /// The bytes of this part in the data of [`Piece::whole_call`], and whether the file ends with
    /// them.
    pub(super) fn part_of_whole(&self, data: &Value) -> Result<(Vec<u8>, bool), Refused> {
        let whole = text::to_bytes(content(data)?);
        let as_index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(whole.len());
        let (from, to) = (as_index(self.offset), as_index(self.offset + self.count));
        Ok((
            whole[from..to].to_vec(),
            to == whole.len() && !truncated(data),
        ))
    }
}

/// The result of `guest-file-read`.
pub(super) fn result(bytes: &[u8], eof: bool) -> Value {
    json!({ "count": bytes.len(), "buf-b64": STANDARD.encode(bytes), "eof": eof })
}

fn content(data: &Value) -> Result<&str, Refused> {
    let content = field::text(data, "content");
    content.ok_or_else(|| Refused::Garbage("the answer has no `content`".to_owned()))
}

fn truncated(data: &Value) -> bool {
    field::flag(data, "truncated").unwrap_or_default()
}

/// Base64 that may be several texts one after the other, each with padding of its own: the API
/// strings together what the agent has sent.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.split_ascii_whitespace().collect();
    let mut bytes = Vec::new();
    let mut rest = compact.as_str();
    while !rest.is_empty() {
        let padding = rest.find('=').unwrap_or(rest.len());
        let after = rest[padding..].find(|it| it != '=');
        let end = after.map_or(rest.len(), |after| padding + after);
        STANDARD.decode_vec(&rest[..end], &mut bytes).ok()?;
        rest = &rest[end..];
    }
    Some(bytes)
}

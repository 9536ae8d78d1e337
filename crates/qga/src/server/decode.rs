//! From a request's name and arguments to a [`Call`].

use serde_json::Value;

use super::arguments::{self, Arguments, Place, Read, Shown, list, wrong_type, wrong_word};
use super::base64_input::decode_base64_in_place;
use super::call::{
    Call, Capture, ExecCall, OnlineSetting, PasswordCall, ShutdownMode, SuspendMode, Whence,
};
use crate::message::AgentError;

impl Call {
    /// Reads a request's name and arguments.
    ///
    /// # Errors
    /// `CommandNotFound` for a name that is no command; `GenericError` for a missing, unexpected
    /// or wrong argument, in the words of QEMU's agent.
    pub fn decode(name: &str, arguments: Option<Value>) -> Result<Self, AgentError> {
        if let Some(call) = bare(name) {
            Arguments::new(arguments)?.end()?;
            return Ok(call);
        }
        let read = reader(name).ok_or_else(|| not_found(name))?;
        let mut given = Arguments::new(arguments)?;
        let call = read(&mut given)?;
        given.end()?;
        Ok(call)
    }
}

fn not_found(name: &str) -> AgentError {
    AgentError {
        class: AgentError::COMMAND_NOT_FOUND.to_owned(),
        desc: format!("The command {} has not been found", Shown(name)),
    }
}

/// The commands that take no arguments.
fn bare(name: &str) -> Option<Call> {
    Some(match name {
        "guest-ping" => Call::Ping,
        "guest-info" => Call::Info,
        "guest-get-time" => Call::GetTime,
        "guest-suspend-disk" => Call::Suspend(SuspendMode::Disk),
        "guest-suspend-ram" => Call::Suspend(SuspendMode::Ram),
        "guest-suspend-hybrid" => Call::Suspend(SuspendMode::Hybrid),
        "guest-fsfreeze-status" => Call::FreezeStatus,
        "guest-fsfreeze-freeze" => Call::Freeze(None),
        "guest-fsfreeze-thaw" => Call::Thaw,
        "guest-network-get-interfaces" => Call::NetworkInterfaces,
        "guest-network-get-route" => Call::NetworkRoutes,
        "guest-get-vcpus" => Call::GetVcpus,
        "guest-get-memory-blocks" => Call::GetMemoryBlocks,
        "guest-get-memory-block-info" => Call::GetMemoryBlockInfo,
        "guest-get-disks" => Call::GetDisks,
        "guest-get-fsinfo" => Call::GetFilesystems,
        "guest-get-diskstats" => Call::GetDiskStatistics,
        "guest-get-cpustats" => Call::GetCpuStatistics,
        "guest-get-load" => Call::GetLoad,
        "guest-get-host-name" => Call::GetHostName,
        "guest-get-users" => Call::GetUsers,
        "guest-get-timezone" => Call::GetTimezone,
        "guest-get-osinfo" => Call::GetOsInfo,
        "guest-get-devices" => Call::GetDevices,
        _ => return None,
    })
}

type Reader = fn(&mut Arguments) -> Read<Call>;

/// The commands that take arguments, and how each reads them.
fn reader(name: &str) -> Option<Reader> {
    let reader: Reader = match name {
        "guest-sync-delimited" => |given| given.integer("id").map(Call::SyncDelimited),
        "guest-sync" => |given| given.integer("id").map(Call::Sync),
        "guest-set-time" => |given| given.optional_integer("time").map(Call::SetTime),
        "guest-shutdown" => shutdown,
        "guest-file-open" => file_open,
        "guest-file-close" => |given| given.integer("handle").map(Call::FileClose),
        "guest-file-read" => file_read,
        "guest-file-write" => file_write,
        "guest-file-seek" => file_seek,
        "guest-file-flush" => |given| given.integer("handle").map(Call::FileFlush),
        "guest-fsfreeze-freeze-list" => {
            |given| given.optional_texts("mountpoints").map(Call::Freeze)
        }
        "guest-fstrim" => trim,
        "guest-exec" => exec,
        "guest-exec-status" => |given| given.integer("pid").map(Call::ExecStatus),
        "guest-set-vcpus" => |given| given.required("vcpus", processors).map(Call::SetVcpus),
        "guest-set-memory-blocks" => |given| {
            let blocks = given.required("mem-blks", memory_blocks);
            blocks.map(Call::SetMemoryBlocks)
        },
        "guest-set-user-password" => password,
        "guest-ssh-get-authorized-keys" => |given| given.text("username").map(Call::SshGetKeys),
        "guest-ssh-add-authorized-keys" => add_keys,
        "guest-ssh-remove-authorized-keys" => remove_keys,
        _ => return None,
    };
    Some(reader)
}

fn shutdown(given: &mut Arguments) -> Read<Call> {
    let mode = given.optional_text("mode")?;
    given.end()?;
    Ok(Call::Shutdown(match mode.as_deref() {
        None | Some("powerdown") => ShutdownMode::Powerdown,
        Some("halt") => ShutdownMode::Halt,
        Some("reboot") => ShutdownMode::Reboot,
        Some(_) => {
            let problem = "mode is invalid (valid values are: halt|powerdown|reboot)";
            return Err(AgentError::generic(problem));
        }
    }))
}

fn file_open(given: &mut Arguments) -> Read<Call> {
    Ok(Call::FileOpen {
        path: given.text("path")?,
        mode: given.optional_text("mode")?,
    })
}

fn file_read(given: &mut Arguments) -> Read<Call> {
    Ok(Call::FileRead {
        handle: given.integer("handle")?,
        count: given.optional_integer("count")?,
    })
}

fn file_write(given: &mut Arguments) -> Read<Call> {
    Ok(Call::FileWrite {
        handle: given.integer("handle")?,
        base64: given.text("buf-b64")?,
        count: given.optional_integer("count")?,
    })
}

fn file_seek(given: &mut Arguments) -> Read<Call> {
    let handle = given.integer("handle")?;
    let offset = given.integer("offset")?;
    let whence = given.required("whence", whence)?;
    given.end()?;
    Ok(Call::FileSeek {
        handle,
        offset,
        whence: whence?,
    })
}

/// A word or a code. Which codes there are is the command's own business, not that of reading the
/// arguments: that error, the inner one, comes after all others.
fn whence(value: Value, place: &Place<'_>) -> Read<Read<Whence>> {
    let whence = match value {
        Value::String(word) => match word.as_str() {
            "set" => Whence::Set,
            "cur" => Whence::Current,
            "end" => Whence::End,
            _ => return Err(wrong_word(place, &word)),
        },
        Value::Number(_) => match arguments::integer(value, place)? {
            0 => Whence::Set,
            1 => Whence::Current,
            2 => Whence::End,
            code => {
                let problem = format!("invalid whence code {code}");
                return Ok(Err(AgentError::generic(problem)));
            }
        },
        _ => return Err(wrong_type(place, "GuestFileWhence")),
    };
    Ok(Ok(whence))
}

fn trim(given: &mut Arguments) -> Read<Call> {
    Ok(Call::Trim {
        minimum: given.optional_integer("minimum")?,
    })
}

fn exec(given: &mut Arguments) -> Read<Call> {
    let path = given.text("path")?;
    let arguments = given.optional_texts("arg")?.unwrap_or_default();
    let environment = given.optional_texts("env")?;
    let input = given.optional_text("input-data")?;
    let capture = given.optional("capture-output", capture)?;
    given.end()?;
    Ok(Call::Exec(ExecCall {
        path,
        arguments,
        environment,
        input: input.map(decode_base64_in_place).transpose()?,
        capture: capture.unwrap_or_default(),
    }))
}

/// A flag, or a word since QEMU 8.0.
fn capture(value: Value, place: &Place<'_>) -> Read<Capture> {
    match value {
        Value::Bool(false) => Ok(Capture::None),
        Value::Bool(true) => Ok(Capture::Separated),
        Value::String(word) => match word.as_str() {
            "none" => Ok(Capture::None),
            "stdout" => Ok(Capture::Stdout),
            "stderr" => Ok(Capture::Stderr),
            "separated" => Ok(Capture::Separated),
            "merged" => Ok(Capture::Merged),
            _ => Err(wrong_word(place, &word)),
        },
        _ => Err(wrong_type(place, "GuestExecCaptureOutput")),
    }
}

fn processors(value: Value, place: &Place<'_>) -> Read<Vec<OnlineSetting>> {
    let index = |given: &mut Arguments| given.integer("logical-id").map(i64::cast_unsigned);
    list(value, place, |item, place| online(item, place, index))
}

fn memory_blocks(value: Value, place: &Place<'_>) -> Read<Vec<OnlineSetting>> {
    let index = |given: &mut Arguments| given.unsigned("phys-index");
    list(value, place, |item, place| online(item, place, index))
}

/// One element as the `get` command answers it; `can-offline` may stand there and means nothing.
fn online(
    item: Value,
    place: &Place<'_>,
    index: impl FnOnce(&mut Arguments) -> Read<u64>,
) -> Read<OnlineSetting> {
    let mut given = Arguments::element(item, place)?;
    let index = index(&mut given)?;
    let online = given.flag("online")?;
    given.optional_flag("can-offline")?;
    given.end()?;
    Ok(OnlineSetting { index, online })
}

fn password(given: &mut Arguments) -> Read<Call> {
    let username = given.text("username")?;
    let password = given.text("password")?;
    let crypted = given.flag("crypted")?;
    given.end()?;
    Ok(Call::SetUserPassword(PasswordCall {
        username,
        password: decode_base64_in_place(password)?,
        crypted,
    }))
}

fn add_keys(given: &mut Arguments) -> Read<Call> {
    Ok(Call::SshAddKeys {
        username: given.text("username")?,
        keys: given.texts("keys")?,
        reset: given.optional_flag("reset")?.unwrap_or(false),
    })
}

fn remove_keys(given: &mut Arguments) -> Read<Call> {
    Ok(Call::SshRemoveKeys {
        username: given.text("username")?,
        keys: given.texts("keys")?,
    })
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;

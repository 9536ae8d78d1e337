//! Who has a port open.
#![allow(unsafe_code, reason = "a list of processes has no safe interface")]

use std::io;
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};

use super::port::{is_refused, open};
use crate::windows::handle::take_over;
use crate::windows::process::is_root;
use crate::windows::wide::narrow;
use crate::windows::words::AGENTS;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id; 0 when it is not known.
    pub process: i32,
    /// Its name, as one of the agents'.
    pub name: String,
}

/// The process that has the port at `path` open: Windows tells only that somebody has, so it is
/// taken to be an agent where one runs.
#[must_use]
pub fn holder(path: &Path) -> Option<Holder> {
    if !open(path).is_err_and(|error| is_refused(&error)) {
        return None;
    }
    let us = i32::try_from(std::process::id()).ok();
    let mut processes = processes().unwrap_or_default().into_iter();
    let agent = processes
        .find(|process| Some(process.process) != us && AGENTS.contains(&process.name.as_str()));
    // Anybody else is refused whether it is open or not.
    agent.or_else(|| {
        is_root().then(|| Holder {
            process: 0,
            name: "a program that is no agent".to_owned(),
        })
    })
}

/// All of the machine, with their names in small letters.
fn processes() -> io::Result<Vec<Holder>> {
    // SAFETY: no pointers are passed.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    // SAFETY: the call has made the handle for us.
    let snapshot = unsafe { take_over(snapshot) }?;
    let mut entry = PROCESSENTRY32W {
        dwSize: size_of::<PROCESSENTRY32W>() as u32,
        ..PROCESSENTRY32W::default()
    };
    let mut processes = Vec::new();
    // SAFETY: the snapshot is open, and `entry` says how large it is.
    let mut found = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    while found != 0 {
        processes.push(Holder {
            process: entry.th32ProcessID.cast_signed(),
            name: narrow(&entry.szExeFile).to_string_lossy().to_lowercase(),
        });
        // SAFETY: as before.
        found = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    Ok(processes)
}

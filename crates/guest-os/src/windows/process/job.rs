//! Job objects: a program with all that it starts.
#![allow(unsafe_code, reason = "job objects have no safe interface")]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};

use crate::windows::handle::take_over;
use crate::windows::outcome::succeeded;

/// The exit code of what is killed.
const KILLED: u32 = 1;

/// A job object. What runs in it outlives it: it is there to kill everything at once. A program
/// may start others outside of it on purpose, as it may leave its process group elsewhere.
#[derive(Debug)]
pub(in crate::windows) struct Job(OwnedHandle);

impl Job {
    /// An empty one.
    pub(in crate::windows) fn new() -> io::Result<Self> {
        // SAFETY: no attributes and no name are valid.
        let made = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        // SAFETY: the call has made the handle for us.
        let job = unsafe { take_over(made) }?;
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        // SAFETY: pointer and size are those of `limits`, which is what this class takes.
        succeeded(unsafe {
            SetInformationJobObject(
                job.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        })?;
        Ok(Self(job))
    }

    /// Takes a process in; what that starts from now on is in it as well.
    pub(super) fn admit(&self, process: BorrowedHandle<'_>) -> io::Result<()> {
        // SAFETY: both handles are open.
        succeeded(unsafe {
            AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle())
        })
    }

    /// Ends everything in it.
    pub(in crate::windows) fn kill(&self) {
        // SAFETY: the handle is open. They may have ended in this very moment.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), KILLED) };
    }
}

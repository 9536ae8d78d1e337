//! Starting a program.
#![allow(unsafe_code, reason = "CreateProcessW has no safe interface")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, HANDLE, TRUE};
use windows_sys::Win32::System::Console::GetConsoleCP;
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED,
    CREATE_UNICODE_ENVIRONMENT, CreateProcessW, DeleteProcThreadAttributeList,
    EXTENDED_STARTUPINFO_PRESENT, GetExitCodeProcess, InitializeProcThreadAttributeList,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, TerminateProcess, UpdateProcThreadAttribute,
};

use super::command_line::CommandLine;
use super::job::Job;
use crate::windows::handle::take_over;
use crate::windows::outcome::{is, succeeded};

/// A program that is to be started, in a process group of its own. Of all handles it gets its
/// three streams only, which must be inheritable.
pub(in crate::windows) struct Launch<'a> {
    pub(in crate::windows) command: CommandLine,
    /// `None`: ours.
    pub(in crate::windows) environment: Option<Vec<u16>>,
    pub(in crate::windows) stdin: BorrowedHandle<'a>,
    pub(in crate::windows) stdout: BorrowedHandle<'a>,
    pub(in crate::windows) stderr: BorrowedHandle<'a>,
    pub(in crate::windows) console: Console,
    pub(in crate::windows) place: Place<'a>,
}

/// Which console a program has. Nobody sees a new window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::windows) enum Console {
    /// One of its own, without a window.
    Hidden,
    /// Ours, so that it can be asked to end by Ctrl-Break; a hidden one if we have none.
    Ours,
}

/// In which job a program is.
#[derive(Debug, Clone, Copy)]
pub(in crate::windows) enum Place<'a> {
    /// In those that we are in, if any.
    Beside,
    /// In this one as well, from its first moment.
    Job(&'a Job),
    /// In none, if ours lets it go: its end is then not that of the program.
    Outside,
}

/// A process that was started.
#[derive(Debug)]
pub(in crate::windows) struct Process {
    handle: OwnedHandle,
    id: u32,
}

impl Launch<'_> {
    /// # Errors
    /// When Windows does not start it. Then nothing runs.
    pub(in crate::windows) fn start(mut self) -> io::Result<Process> {
        match self.place {
            Place::Beside => Ok(self.create(0)?.0),
            Place::Job(job) => {
                let (process, thread) = self.create(CREATE_SUSPENDED)?;
                job.admit(process.as_handle())
                    .and_then(|()| resume(&thread))
                    .inspect_err(|_| process.terminate())?;
                Ok(process)
            }
            Place::Outside => match self.create(CREATE_BREAKAWAY_FROM_JOB) {
                Err(error) if is(&error, ERROR_ACCESS_DENIED) => Ok(self.create(0)?.0),
                created => Ok(created?.0),
            },
        }
    }

    fn create(&mut self, flags: u32) -> io::Result<(Process, OwnedHandle)> {
        let streams = [&self.stdin, &self.stdout, &self.stderr].map(AsRawHandle::as_raw_handle);
        let mut attributes = Attributes::inheriting(&streams)?;
        let mut startup = STARTUPINFOEXW::default();
        startup.StartupInfo.cb = size_of_val(&startup) as u32;
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        [
            startup.StartupInfo.hStdInput,
            startup.StartupInfo.hStdOutput,
            startup.StartupInfo.hStdError,
        ] = streams;
        startup.lpAttributeList = attributes.list();
        let environment = self.environment.as_ref();
        let mut made = PROCESS_INFORMATION::default();
        // SAFETY: file, line and environment end in zeros and the line may be written to; the
        // attributes and the handles in them outlive the call; the rest is null or a plain value.
        succeeded(unsafe {
            CreateProcessW(
                self.command.file.as_ptr(),
                self.command.line.as_mut_ptr(),
                ptr::null(),
                ptr::null(),
                TRUE,
                flags | self.flags(),
                environment.map_or(ptr::null(), |block| block.as_ptr().cast()),
                ptr::null(),
                (&raw const startup).cast(),
                &raw mut made,
            )
        })?;
        // SAFETY: the call has made this handle for us.
        let handle = unsafe { take_over(made.hProcess) }?;
        // SAFETY: and this one.
        let thread = unsafe { take_over(made.hThread) }?;
        let id = made.dwProcessId;
        Ok((Process { handle, id }, thread))
    }

    fn flags(&self) -> u32 {
        let hidden = match self.console {
            Console::Ours if has_console() => 0,
            Console::Ours | Console::Hidden => CREATE_NO_WINDOW,
        };
        hidden
            | CREATE_NEW_PROCESS_GROUP
            | CREATE_UNICODE_ENVIRONMENT
            | EXTENDED_STARTUPINFO_PRESENT
    }
}

impl Process {
    /// Its id, which is that of its process group.
    pub(in crate::windows) const fn id(&self) -> u32 {
        self.id
    }

    /// How it ended, once it has: as a number with a sign, as `%ERRORLEVEL%` and QEMU's agent show
    /// it.
    pub(in crate::windows) fn code(&self) -> io::Result<i32> {
        let mut code = 0;
        // SAFETY: the handle is open, and the code is written to.
        succeeded(unsafe { GetExitCodeProcess(self.handle.as_raw_handle(), &raw mut code) })?;
        Ok(code.cast_signed())
    }

    fn terminate(&self) {
        // SAFETY: the handle is open.
        unsafe { TerminateProcess(self.handle.as_raw_handle(), 1) };
    }
}

impl AsHandle for Process {
    /// Signalled when it has ended.
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

/// Whether we have a console.
fn has_console() -> bool {
    // SAFETY: takes nothing.
    unsafe { GetConsoleCP() != 0 }
}

fn resume(thread: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open.
    match unsafe { ResumeThread(thread.as_raw_handle()) } {
        u32::MAX => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The list of handles that are inherited.
struct Attributes {
    /// In words, so that it is aligned.
    list: Vec<usize>,
    /// What the list points to.
    handles: Vec<HANDLE>,
}

impl Attributes {
    fn inheriting(handles: &[HANDLE]) -> io::Result<Self> {
        // One that is named twice is refused.
        let mut handles = handles.to_vec();
        handles.sort_unstable();
        handles.dedup();
        let mut bytes = 0;
        // SAFETY: asks for the size alone, and fails with it.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &raw mut bytes) };
        let mut list = vec![0; bytes.div_ceil(size_of::<usize>())];
        // SAFETY: the list has the room that the call before has asked for.
        succeeded(unsafe {
            InitializeProcThreadAttributeList(list.as_mut_ptr().cast(), 1, 0, &raw mut bytes)
        })?;
        let mut attributes = Self { list, handles };
        attributes.fill()?;
        Ok(attributes)
    }

    fn fill(&mut self) -> io::Result<()> {
        let handles = &self.handles;
        // SAFETY: the list is initialized; the handles are kept as long as it.
        succeeded(unsafe {
            UpdateProcThreadAttribute(
                self.list.as_mut_ptr().cast(),
                0,
                PROC_THREAD_ATTRIBUTE_HANDLE_LIST as usize,
                handles.as_ptr().cast(),
                size_of_val(handles.as_slice()),
                ptr::null_mut(),
                ptr::null(),
            )
        })
    }

    fn list(&mut self) -> *mut core::ffi::c_void {
        self.list.as_mut_ptr().cast()
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: the list is initialized.
        unsafe { DeleteProcThreadAttributeList(self.list.as_mut_ptr().cast()) };
    }
}

//! The service control manager and its entries.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SERVICE_DOES_NOT_EXIST;
use windows_sys::Win32::System::Services::{
    ChangeServiceConfig2W, ChangeServiceConfigW, CloseServiceHandle, ControlService,
    CreateServiceW, DeleteService, OpenSCManagerW, OpenServiceW, QUERY_SERVICE_CONFIGW,
    QueryServiceConfigW, QueryServiceStatus, SC_HANDLE, SC_MANAGER_CONNECT,
    SC_MANAGER_CREATE_SERVICE, SERVICE_ALL_ACCESS, SERVICE_AUTO_START, SERVICE_CONFIG,
    SERVICE_CONTROL_STOP, SERVICE_DISABLED, SERVICE_ERROR_NORMAL, SERVICE_QUERY_CONFIG,
    SERVICE_QUERY_STATUS, SERVICE_STATUS, SERVICE_STATUS_CURRENT_STATE, SERVICE_WIN32_OWN_PROCESS,
    StartServiceW,
};

use crate::windows::outcome::{is, succeeded};
use crate::windows::wide::wide;

/// Whose rights a service has.
const ACCOUNT: &str = "LocalSystem";

/// The longest configuration of a service, in bytes, as Windows documents it.
const CONFIGURATION: usize = 8 * 1024;

/// What is going to be done with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody may look.
    Look,
    Change,
}

/// A connection to the manager.
#[derive(Debug)]
pub(super) struct Manager {
    handle: Handle,
    access: Access,
}

/// A service.
#[derive(Debug)]
pub(super) struct Entry(Handle);

impl Manager {
    pub(super) fn connect(access: Access) -> io::Result<Self> {
        let rights = match access {
            Access::Look => SC_MANAGER_CONNECT,
            Access::Change => SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE,
        };
        // SAFETY: null stands for this machine and for the services that are installed.
        let handle = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), rights) };
        Ok(Self {
            handle: Handle::new(handle)?,
            access,
        })
    }

    /// The service of this name, if there is one.
    pub(super) fn find(&self, name: &str) -> io::Result<Option<Entry>> {
        let name = wide(name);
        let rights = match self.access {
            Access::Look => SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG,
            Access::Change => SERVICE_ALL_ACCESS,
        };
        // SAFETY: the connection is open; the name ends with a zero.
        let found = unsafe { OpenServiceW(self.handle.0, name.as_ptr(), rights) };
        match Handle::new(found) {
            Ok(handle) => Ok(Some(Entry(handle))),
            Err(error) if is(&error, ERROR_SERVICE_DOES_NOT_EXIST) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A service that starts with Windows, by a process of its own.
    pub(super) fn create(&self, name: &str, title: &str, command: &str) -> io::Result<Entry> {
        let [name, title, command, account] = [name, title, command, ACCOUNT].map(wide);
        // SAFETY: the connection is open; the texts end with a zero; null stands for nothing.
        let created = unsafe {
            CreateServiceW(
                self.handle.0,
                name.as_ptr(),
                title.as_ptr(),
                SERVICE_ALL_ACCESS,
                SERVICE_WIN32_OWN_PROCESS,
                SERVICE_AUTO_START,
                SERVICE_ERROR_NORMAL,
                command.as_ptr(),
                ptr::null(),
                ptr::null_mut(),
                ptr::null(),
                account.as_ptr(),
                ptr::null(),
            )
        };
        Handle::new(created).map(Entry)
    }
}

impl Entry {
    /// Makes it as [`Manager::create`] does.
    pub(super) fn update(&self, title: &str, command: &str) -> io::Result<()> {
        let [title, command, account, password] = [title, command, ACCOUNT, ""].map(wide);
        // SAFETY: the service is open; the texts end with a zero; null leaves what is there.
        succeeded(unsafe {
            ChangeServiceConfigW(
                self.0.0,
                SERVICE_WIN32_OWN_PROCESS,
                SERVICE_AUTO_START,
                SERVICE_ERROR_NORMAL,
                command.as_ptr(),
                ptr::null(),
                ptr::null_mut(),
                ptr::null(),
                account.as_ptr(),
                password.as_ptr(),
                title.as_ptr(),
            )
        })
    }

    /// Changes one of the settings beyond the first ones.
    ///
    /// # Safety
    /// `T` is the structure of that setting, and what it points to is valid.
    pub(super) unsafe fn set<T>(&self, which: SERVICE_CONFIG, setting: &T) -> io::Result<()> {
        // SAFETY: the service is open; the rest is the caller's promise.
        succeeded(unsafe { ChangeServiceConfig2W(self.0.0, which, ptr::from_ref(setting).cast()) })
    }

    pub(super) fn state(&self) -> io::Result<SERVICE_STATUS_CURRENT_STATE> {
        let mut status = SERVICE_STATUS::default();
        // SAFETY: the service is open; the status is written to.
        succeeded(unsafe { QueryServiceStatus(self.0.0, &raw mut status) })?;
        Ok(status.dwCurrentState)
    }

    /// Whether nobody can start it.
    pub(super) fn is_disabled(&self) -> io::Result<bool> {
        const SIZE: usize = CONFIGURATION / size_of::<QUERY_SERVICE_CONFIGW>() + 1;
        let mut configuration = [QUERY_SERVICE_CONFIGW::default(); SIZE];
        let mut needed = 0;
        // SAFETY: the service is open; as many bytes as told are aligned for the structure, and
        // written to.
        succeeded(unsafe {
            QueryServiceConfigW(
                self.0.0,
                configuration.as_mut_ptr(),
                size_of_val(&configuration) as u32,
                &raw mut needed,
            )
        })?;
        Ok(configuration[0].dwStartType == SERVICE_DISABLED)
    }

    /// Returns when its process has begun.
    pub(super) fn start(&self) -> io::Result<()> {
        // SAFETY: the service is open; there are no arguments.
        succeeded(unsafe { StartServiceW(self.0.0, 0, ptr::null()) })
    }

    /// Returns when it has been told.
    pub(super) fn ask_to_stop(&self) -> io::Result<()> {
        let mut status = SERVICE_STATUS::default();
        // SAFETY: the service is open; the status is written to.
        succeeded(unsafe { ControlService(self.0.0, SERVICE_CONTROL_STOP, &raw mut status) })
    }

    pub(super) fn delete(self) -> io::Result<()> {
        // SAFETY: the service is open.
        succeeded(unsafe { DeleteService(self.0.0) })
    }
}

/// A handle of the manager's, closed when it is dropped.
#[derive(Debug)]
struct Handle(SC_HANDLE);

impl Handle {
    fn new(handle: SC_HANDLE) -> io::Result<Self> {
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(handle))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else closes it.
        unsafe { CloseServiceHandle(self.0) };
    }
}

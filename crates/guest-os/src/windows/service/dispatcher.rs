//! Being a service: the manager calls back into the process that it has started.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::c_void;
use std::process::ExitCode;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use windows_sys::Win32::Foundation::{
    ERROR_CALL_NOT_IMPLEMENTED, ERROR_FAILED_SERVICE_CONTROLLER_CONNECT,
    ERROR_SERVICE_SPECIFIC_ERROR, NO_ERROR,
};
use windows_sys::Win32::System::Services::{
    RegisterServiceCtrlHandlerExW, SERVICE_ACCEPT_SHUTDOWN, SERVICE_ACCEPT_STOP,
    SERVICE_CONTROL_INTERROGATE, SERVICE_CONTROL_SHUTDOWN, SERVICE_CONTROL_STOP, SERVICE_RUNNING,
    SERVICE_START_PENDING, SERVICE_STATUS, SERVICE_STATUS_CURRENT_STATE, SERVICE_STOP_PENDING,
    SERVICE_STOPPED, SERVICE_TABLE_ENTRYW, SERVICE_WIN32_OWN_PROCESS, SetServiceStatus,
    StartServiceCtrlDispatcherW,
};
use windows_sys::core::PWSTR;

use super::Service;
use crate::windows::outcome::{is, succeeded};
use crate::windows::process::TerminationSignal;
use crate::windows::process::termination::request;
use crate::windows::wide::wide;
use crate::{Error, Result};

/// Milliseconds that starting and stopping may take before the manager complains.
const PATIENCE: u32 = 30_000;

/// What the manager's callbacks, which are given nothing, have to know.
static RUNNING: OnceLock<Running> = OnceLock::new();

struct Running {
    name: Vec<u16>,
    main: fn() -> ExitCode,
    /// By which the manager is told; null until it has given one.
    status: AtomicPtr<c_void>,
    ended: Mutex<Option<ExitCode>>,
}

/// Runs `main` as the service that the system has started. When the service is stopped or the
/// machine goes down, the agent is asked to end as by a signal; nothing else happens.
///
/// # Errors
/// When the service manager did not start this process.
pub fn run(service: &Service, main: fn() -> ExitCode) -> Result<ExitCode> {
    let running = RUNNING.get_or_init(|| Running {
        name: wide(service.name),
        main,
        status: AtomicPtr::default(),
        ended: Mutex::default(),
    });
    dispatch(service.name, running)?;
    let ended = running.ended.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(ended.unwrap_or(ExitCode::FAILURE))
}

/// Returns when the service has stopped.
fn dispatch(name: &str, running: &Running) -> Result<()> {
    let table = [
        SERVICE_TABLE_ENTRYW {
            lpServiceName: running.name.as_ptr().cast_mut(),
            lpServiceProc: Some(service_main),
        },
        SERVICE_TABLE_ENTRYW::default(),
    ];
    // SAFETY: the table ends with an empty entry; it and the name, which nobody writes to, outlive
    // the call.
    succeeded(unsafe { StartServiceCtrlDispatcherW(table.as_ptr()) }).map_err(|error| {
        if is(&error, ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
            return Error::Invalid(format!(
                "this is how Windows starts the service {name}; you start it by: \
                 hospes-agent service start"
            ));
        }
        Error::os(format!("cannot run as the service {name}"), error)
    })
}

/// What the manager calls on a thread of its own.
extern "system" fn service_main(_count: u32, _arguments: *mut PWSTR) {
    let Some(running) = RUNNING.get() else {
        return;
    };
    let name = running.name.as_ptr();
    // SAFETY: the name ends with a zero; the handler needs no context.
    let status = unsafe { RegisterServiceCtrlHandlerExW(name, Some(control), ptr::null()) };
    if status.is_null() {
        return;
    }
    running.status.store(status, Ordering::Release);
    running.tell(SERVICE_START_PENDING);
    running.tell(SERVICE_RUNNING);
    let code = (running.main)();
    running.end(code);
}

/// What the manager calls when somebody wants something of the service.
extern "system" fn control(
    control: u32,
    _event: u32,
    _data: *mut c_void,
    _context: *mut c_void,
) -> u32 {
    let signal = match control {
        SERVICE_CONTROL_STOP => TerminationSignal::ServiceStop,
        SERVICE_CONTROL_SHUTDOWN => TerminationSignal::Shutdown,
        SERVICE_CONTROL_INTERROGATE => return NO_ERROR,
        _ => return ERROR_CALL_NOT_IMPLEMENTED,
    };
    if let Some(running) = RUNNING.get() {
        running.tell(SERVICE_STOP_PENDING);
    }
    request(signal);
    NO_ERROR
}

impl Running {
    /// Tells the manager, unless the service has told its end.
    fn tell(&self, state: SERVICE_STATUS_CURRENT_STATE) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.is_none() {
            self.send(&status(state, ExitCode::SUCCESS));
        }
    }

    fn end(&self, code: ExitCode) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended = Some(code);
        self.send(&status(SERVICE_STOPPED, code));
    }

    /// A manager that does not take it finds out by itself when the process ends.
    fn send(&self, status: &SERVICE_STATUS) {
        let handle = self.status.load(Ordering::Acquire);
        if !handle.is_null() {
            // SAFETY: the manager gave the handle, which is never closed; the status is filled.
            unsafe { SetServiceStatus(handle, status) };
        }
    }
}

fn status(state: SERVICE_STATUS_CURRENT_STATE, code: ExitCode) -> SERVICE_STATUS {
    let accepted = match state {
        // Not the notice before the shutdown: hosts ask while other services stop, too.
        SERVICE_RUNNING => SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN,
        _ => 0,
    };
    let hint = match state {
        SERVICE_START_PENDING | SERVICE_STOP_PENDING => PATIENCE,
        _ => 0,
    };
    let (error, own_error) = match code == ExitCode::SUCCESS {
        true => (NO_ERROR, 0),
        false => (ERROR_SERVICE_SPECIFIC_ERROR, 1),
    };
    SERVICE_STATUS {
        dwServiceType: SERVICE_WIN32_OWN_PROCESS,
        dwCurrentState: state,
        dwControlsAccepted: accepted,
        dwWin32ExitCode: error,
        dwServiceSpecificExitCode: own_error,
        dwCheckPoint: 0,
        dwWaitHint: hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_failed_says_so_for_windows_to_start_it_again() {
        let stopped = status(SERVICE_STOPPED, ExitCode::FAILURE);
        assert_eq!(stopped.dwWin32ExitCode, ERROR_SERVICE_SPECIFIC_ERROR);
        assert_ne!(stopped.dwServiceSpecificExitCode, 0);
        let stopped = status(SERVICE_STOPPED, ExitCode::SUCCESS);
        assert_eq!(stopped.dwWin32ExitCode, NO_ERROR);
    }

    #[test]
    fn only_a_running_service_can_be_stopped() {
        for state in [SERVICE_START_PENDING, SERVICE_STOP_PENDING, SERVICE_STOPPED] {
            assert_eq!(status(state, ExitCode::SUCCESS).dwControlsAccepted, 0);
        }
        let running = status(SERVICE_RUNNING, ExitCode::SUCCESS).dwControlsAccepted;
        assert_eq!(running, SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN);
    }

    #[test]
    fn in_a_console_it_is_told_how_a_service_is_started() {
        let service = Service {
            name: "hospes-test-console",
            title: "",
            description: "",
            arguments: &[],
        };
        let error = run(&service, || ExitCode::SUCCESS).expect_err("no manager");
        assert!(error.to_string().contains("service start"), "{error}");
    }
}

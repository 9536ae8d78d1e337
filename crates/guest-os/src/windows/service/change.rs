//! Installing, removing, starting and stopping.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_SERVICE_ALREADY_RUNNING, ERROR_SERVICE_CANNOT_ACCEPT_CTRL, ERROR_SERVICE_DISABLED,
    ERROR_SERVICE_MARKED_FOR_DELETE, ERROR_SERVICE_NOT_ACTIVE,
};
use windows_sys::Win32::System::Services::{SERVICE_RUNNING, SERVICE_STOPPED};

use super::manager::{Access, Entry, Manager};
use super::plan::{Plan, State};
use super::{Change, Service, event_source, settings};
use crate::windows::outcome::is;
use crate::windows::words::ADMINISTRATOR;
use crate::{Error, Result};

/// How long a service may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at it.
const TICK: Duration = Duration::from_millis(50);

/// Makes a change and says in one line what was done, or with `is_dry` what would be.
///
/// # Errors
/// Who is not an administrator; a service that does not start or stop within a minute.
pub fn change(service: &Service, change: Change, is_dry: bool) -> Result<String> {
    let failed = |error| explained(service, change, &error);
    let command = command(service).map_err(failed)?;
    let access = if is_dry { Access::Look } else { Access::Change };
    let manager = Manager::connect(access).map_err(failed)?;
    let entry = manager.find(service.name).map_err(failed)?;
    let plan = Plan::of(change, state(entry.as_ref()).map_err(failed)?);
    let line = plan.line(service.name, &command, is_dry);
    if plan == Plan::Impossible {
        return Err(Error::Invalid(format!("{line}, see `service install`")));
    }
    if !is_dry {
        carry_out(plan, service, &command, &manager, entry).map_err(failed)?;
    }
    Ok(line)
}

fn carry_out(
    plan: Plan,
    service: &Service,
    command: &str,
    manager: &Manager,
    entry: Option<Entry>,
) -> io::Result<()> {
    match (plan, entry) {
        (Plan::Create, _) => {
            event_source::register()?;
            let entry = manager.create(service.name, service.title, command)?;
            settings::apply(&entry, service.description)
        }
        (Plan::Update, Some(entry)) => {
            event_source::register()?;
            entry.update(service.title, command)?;
            settings::apply(&entry, service.description)
        }
        (Plan::Remove, Some(entry)) => entry.delete(),
        (Plan::StopAndRemove, Some(entry)) => {
            stop(&entry)?;
            entry.delete()
        }
        (Plan::Start, Some(entry)) => start(&entry),
        (Plan::Stop, Some(entry)) => stop(&entry),
        _ => Ok(()),
    }
}

/// The command line of the service: our own program, quoted, or Windows would look for one at
/// every blank of its path.
fn command(service: &Service) -> io::Result<String> {
    let program = std::env::current_exe()?;
    let not_text = || io::Error::other("the path of this program is no Unicode text");
    let program = program.to_str().ok_or_else(not_text)?;
    Ok(format!("\"{program}\" {}", service.arguments.join(" ")))
}

fn state(entry: Option<&Entry>) -> io::Result<State> {
    let Some(entry) = entry else {
        return Ok(State::Missing);
    };
    Ok(match entry.state()? {
        SERVICE_STOPPED => State::Stopped,
        _ => State::Active,
    })
}

fn start(entry: &Entry) -> io::Result<()> {
    match entry.start() {
        Err(error) if !is(&error, ERROR_SERVICE_ALREADY_RUNNING) => return Err(error),
        _ => {}
    }
    let ended = "it ended at once: the Event Viewer has why, Windows Logs, Application";
    until("start", || match entry.state()? {
        SERVICE_RUNNING => Ok(true),
        SERVICE_STOPPED => Err(io::Error::other(ended)),
        _ => Ok(false),
    })
}

/// Asks again while the service starts: it takes no questions then.
fn stop(entry: &Entry) -> io::Result<()> {
    until("stop", || {
        if entry.state()? == SERVICE_STOPPED {
            return Ok(true);
        }
        match entry.ask_to_stop() {
            Err(error)
                if !is(&error, ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
                    && !is(&error, ERROR_SERVICE_NOT_ACTIVE) =>
            {
                Err(error)
            }
            _ => Ok(false),
        }
    })
}

/// Looks until it is so.
fn until(what: &str, is_so: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_so()? {
        if Instant::now() >= end {
            let seconds = PATIENCE.as_secs();
            let text = format!("it did not {what} within {seconds} s: try again later");
            return Err(io::Error::new(ErrorKind::TimedOut, text));
        }
        thread::sleep(TICK);
    }
    Ok(())
}

/// What failed, why, and what to do.
fn explained(service: &Service, change: Change, error: &io::Error) -> Error {
    let verb = match change {
        Change::Install => "install",
        Change::Uninstall => "uninstall",
        Change::Start => "start",
        Change::Stop => "stop",
    };
    let what = format!("cannot {verb} {}", service.name);
    let hint = if error.kind() == ErrorKind::PermissionDenied {
        format!(": do it as {ADMINISTRATOR}, in a console that was opened as administrator")
    } else if is(error, ERROR_SERVICE_MARKED_FOR_DELETE) {
        ": close the Services window and whatever else looks at the service, then again".to_owned()
    } else if is(error, ERROR_SERVICE_DISABLED) {
        ": `service install` enables it again".to_owned()
    } else {
        String::new()
    };
    let why = crate::reason(error);
    Error::Invalid(format!("{what}: {}{hint}", why.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Service = Service {
        name: "hospes-test-service",
        title: "hospes test",
        description: "Made and removed by a test.",
        arguments: &["service", "run", "hospes-test-service"],
    };

    #[test]
    fn a_service_is_installed_updated_and_removed() {
        let name = SERVICE.name;
        let made = |wanted, is_dry| change(&SERVICE, wanted, is_dry).expect("an administrator");
        made(Change::Uninstall, false);
        let command = command(&SERVICE).expect("our own path");
        assert!(command.ends_with("\" service run hospes-test-service"));

        let would = made(Change::Install, true);
        assert_eq!(
            would,
            format!("{name}: would be installed, starts with Windows: {command}")
        );
        let missing = change(&SERVICE, Change::Start, false).expect_err("not installed");
        assert!(missing.to_string().contains("not installed"), "{missing}");
        let done = made(Change::Install, false);
        assert_eq!(
            done,
            format!("{name}: installed, starts with Windows: {command}")
        );
        let again = made(Change::Install, false);
        assert_eq!(
            again,
            format!("{name}: updated, from its next start on: {command}")
        );
        assert_eq!(made(Change::Stop, false), format!("{name}: does not run"));
        assert_eq!(
            made(Change::Uninstall, true),
            format!("{name}: would be removed")
        );
        assert_eq!(made(Change::Uninstall, false), format!("{name}: removed"));
        assert_eq!(
            made(Change::Uninstall, false),
            format!("{name}: is not installed")
        );
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (code, hint) in [
            (5, "as administrator"),
            (1072, "close the Services window"),
            (1058, "`service install`"),
        ] {
            let error = io::Error::from_raw_os_error(code);
            let text = explained(&SERVICE, Change::Install, &error).to_string();
            assert!(
                text.starts_with("cannot install hospes-test-service: "),
                "{text}"
            );
            assert!(text.contains(hint), "{text}");
        }
    }
}

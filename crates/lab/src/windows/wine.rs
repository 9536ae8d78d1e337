//! A Windows: a copy of a prefix of Wine, in one boot.
//!
//! The copy shares the system's files with the original, so it is made in a moment. A shell that waits
//! for input holds the boot: without a program Wine ends its services, and forgets what does not
//! outlive a boot.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rustix::process::Pid;
use tokio::process::{Child, Command};

use super::{Program, SerialPort};

/// Nothing of Wine's own but what programs write to the event log, and neither .NET nor a browser.
const SETTINGS: [(&str, &str); 2] = [
    ("WINEDEBUG", "-all,+eventlog"),
    ("WINEDLLOVERRIDES", "mscoree,mshtml="),
];

/// In the order of HKEY_LOCAL_MACHINE, where Wine looks for ports, and Windows for the variables that
/// services see.
const PORTS: &str = r"Software\\Wine\\Ports";
const VARIABLES: &str = r"System\\CurrentControlSet\\Control\\Session Manager\\Environment";

/// What other tests may have left in the original: settings of an owner, and the agent's state.
const LEFT_BEHIND: [&str; 2] = ["Program Files/Google", "ProgramData/hospes-agent"];

/// A Windows with the agent's programs, which ends with the value.
#[derive(Debug)]
pub(super) struct Wine {
    prefix: PathBuf,
    variables: Vec<(String, String)>,
    port: SerialPort,
    /// Ends at the end of its input.
    session: Child,
}

impl Wine {
    /// Copies the prefix `original` to `prefix` and boots it. Its programs see `variables`, and so do
    /// its services.
    pub(super) fn boot(
        original: &Path,
        prefix: PathBuf,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        copy(original, &prefix, Way::Own)
            .with_context(|| format!("cannot copy the prefix {}", original.display()))?;
        for left in LEFT_BEHIND {
            remove(&prefix.join("drive_c").join(left))?;
        }
        let port = SerialPort::create()?;
        register(&prefix, PORTS, [("COM1", &*port.path().to_string_lossy())])?;
        let named = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        register(&prefix, VARIABLES, named)?;
        let owned = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        let variables: Vec<_> = variables.iter().map(owned).collect();
        let session = session(&prefix, &variables)?;
        Ok(Self {
            prefix,
            variables,
            port,
            session,
        })
    }

    /// Ends everything in it and boots it anew.
    pub(super) fn reboot(&mut self) -> Result<()> {
        self.end();
        self.session = session(&self.prefix, &self.variables)?;
        Ok(())
    }

    /// Where a path of `C:` is for Linux.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.prefix.join("drive_c").join(path.replace('\\', "/"))
    }

    /// The other end of COM1.
    pub(super) const fn port(&self) -> &SerialPort {
        &self.port
    }

    /// Its processes of the program with this name, as Linux knows them.
    pub(super) fn processes(&self, name: &str) -> Vec<Pid> {
        let ours = [b"WINEPREFIX=", self.prefix.as_os_str().as_bytes()].concat();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let found = numbers.filter(|pid: &i32| {
            let read = |file| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            is_called(name, &read("cmdline")) && read("environ").split(is_end).any(|it| it == ours)
        });
        found.filter_map(Pid::from_raw).collect()
    }

    /// Starts a program, named as in Windows.
    pub(super) fn start(&self, program: &str, arguments: &[&str]) -> Result<Program> {
        self.start_with(program, arguments, &[])
    }

    /// The same with more variables.
    pub(super) fn start_with(
        &self,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Program> {
        let mut command = command(&self.prefix, &self.variables, program);
        command.args(arguments).envs(variables.iter().copied());
        Program::start(command, program)
    }
}

impl Wine {
    /// Whatever still runs in it ends with Wine's server.
    fn end(&self) {
        let mut server = std::process::Command::new("wineserver");
        server.arg("-k").env("WINEPREFIX", &self.prefix);
        server.stdin(Stdio::null()).stdout(Stdio::null());
        let _ = server.stderr(Stdio::null()).status();
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.end();
    }
}

/// A shell that waits for input.
fn session(prefix: &Path, variables: &[(String, String)]) -> Result<Child> {
    command(prefix, variables, r"C:\windows\system32\cmd.exe")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start wine")
}

/// A program of Windows that ends with the lab, however that ends.
fn command(prefix: &Path, variables: &[(String, String)], program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "wine", program])
        .current_dir(prefix.join("drive_c"))
        .env("WINEPREFIX", prefix)
        .envs(SETTINGS)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .env_remove("DISPLAY");
    command
}

fn is_called(name: &str, arguments: &[u8]) -> bool {
    let program = arguments.split(is_end).next().unwrap_or_default();
    String::from_utf8_lossy(program).rsplit(['/', '\\']).next() == Some(name)
}

const fn is_end(byte: &u8) -> bool {
    *byte == 0
}

/// What becomes of files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Copied: the registry, and what belongs to users.
    Own,
    /// The same file: what belongs to Windows.
    Shared,
}

fn copy(from: &Path, to: &Path, way: Way) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        let (from, to) = (entry.path(), to.join(&name));
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(from)?, to)?;
        } else if kind.is_dir() {
            let way = if name == "windows" { Way::Shared } else { way };
            copy(&from, &to, way)?;
        } else if way == Way::Own || shared(&from, &to)? == Way::Own {
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

/// Removes a directory that need not be there.
fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Links the file; another file system takes a copy.
fn shared(from: &Path, to: &Path) -> Result<Way> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(Way::Shared),
        Err(error) if error.kind() == ErrorKind::CrossesDevices => Ok(Way::Own),
        Err(error) => Err(error).with_context(|| from.display().to_string()),
    }
}

/// Adds values to a key of a registry that nobody has open.
fn register<'a>(
    prefix: &Path,
    key: &str,
    values: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<()> {
    let mut text = format!("\n[{key}]\n");
    for (name, value) in values {
        ensure!(!value.contains('"'), "a value with a quotation mark");
        let value = value.replace('\\', r"\\");
        text += &format!("\"{name}\"=\"{value}\"\n");
    }
    let registry = fs::File::options()
        .append(true)
        .open(prefix.join("system.reg"));
    registry
        .and_then(|mut registry| registry.write_all(text.as_bytes()))
        .context("cannot write to the registry")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_process_is_known_by_its_program_s_file() {
        for (arguments, expected) in [
            (&b"C:\\a b\\agent.exe\0service\0"[..], true),
            (b"agent.exe\0", true),
            (b"C:\\a b\\other.exe\0agent.exe\0", false),
            (b"", false),
        ] {
            let shown = String::from_utf8_lossy(arguments);
            assert_eq!(is_called("agent.exe", arguments), expected, "{shown}");
        }
    }

    #[test]
    fn a_copy_shares_the_system_and_owns_the_rest() {
        let place = tempfile::tempdir().unwrap();
        let (original, made) = (place.path().join("one"), place.path().join("two"));
        fs::create_dir_all(original.join("drive_c/windows/system32")).unwrap();
        fs::create_dir_all(original.join("dosdevices")).unwrap();
        let files = ["drive_c/windows/system32/kernel32.dll", "system.reg"];
        for file in files {
            fs::write(original.join(file), "REGEDIT").unwrap();
        }
        std::os::unix::fs::symlink("../drive_c", original.join("dosdevices/c:")).unwrap();
        copy(&original, &made, Way::Own).unwrap();
        let number = |root: &Path, file: &str| fs::metadata(root.join(file)).unwrap().ino();
        let same = files.map(|file| number(&original, file) == number(&made, file));
        assert_eq!(same, [true, false]);
        assert!(made.join("dosdevices/c:/windows").is_dir());
        register(&made, r"Software\\Wine\\Ports", [("COM1", r"C:\a")]).unwrap();
        assert_eq!(
            fs::read_to_string(made.join("system.reg")).unwrap(),
            "REGEDIT\n[Software\\\\Wine\\\\Ports]\n\"COM1\"=\"C:\\\\a\"\n"
        );
    }
}

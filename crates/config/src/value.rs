//! Values of this machine: ports, and paths with what they are relative to.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use toml_file::value::{Text, number, text, texts};
use toml_file::{Fault, Value};

use crate::Environment;

/// `sun_path` of a Unix socket's address holds 108 bytes with the closing zero (`unix(7)`).
const SOCKET_PATH_LIMIT: usize = 107;

/// A TCP port.
pub(crate) fn port(value: &Value<'_>) -> Result<u16, Fault> {
    number(value, 1..=u16::MAX, "a number from 1 to 65535")
}

/// What paths in the file are relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'e> {
    /// The directory of the file.
    pub(crate) directory: &'e Path,
    /// The process environment.
    pub(crate) environment: &'e Environment,
}

impl Origin<'_> {
    /// An absolute path: `~` is the home directory, and a relative one starts at the file.
    pub(crate) fn path(&self, (text, span): Text<'_>) -> Result<PathBuf, Fault> {
        let tail = match text.strip_prefix('~') {
            None => return Ok(tidy(&self.directory.join(text))),
            Some(tail) if tail.is_empty() || tail.starts_with('/') => tail,
            Some(_) => {
                let message = "names another user's home directory; write the path out";
                return Err(Fault::new(span, message));
            }
        };
        self.environment
            .under_home(tail.trim_start_matches('/'))
            .map(|path| tidy(&path))
            .ok_or_else(|| Fault::new(span, "uses `~`, but $HOME is not set"))
    }

    /// One or many paths.
    pub(crate) fn paths<'t>(&self, value: &'t Value<'t>) -> Result<Vec<PathBuf>, Fault> {
        texts(value)?
            .into_iter()
            .map(|text| self.path(text))
            .collect()
    }

    /// The path of a Unix socket, with its place.
    pub(crate) fn socket<'t>(
        &self,
        value: &'t Value<'t>,
    ) -> Result<(PathBuf, Range<usize>), Fault> {
        let path = self.path(text(value)?)?;
        let length = path.as_os_str().len();
        if length > SOCKET_PATH_LIMIT {
            let message = format!(
                "is a path of {length} bytes; a socket's path has at most {SOCKET_PATH_LIMIT}"
            );
            return Err(Fault::new(value.span(), message));
        }
        Ok((path, value.span()))
    }
}

/// Without `.` and doubled slashes, so that one path is written one way. `..` stays: what it
/// leads to depends on links.
fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}

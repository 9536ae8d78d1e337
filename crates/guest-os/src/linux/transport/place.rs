//! What is at a path where hosts or clients are waited for.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A device that is read and written like a line.
    Device,
    /// A socket.
    Socket,
    /// Something else.
    Other,
}

/// Looks at a path.
///
/// # Errors
/// As `stat(2)`.
pub fn place(path: &Path) -> io::Result<Place> {
    let found = path.metadata()?.file_type();
    Ok(match () {
        () if found.is_char_device() => Place::Device,
        () if found.is_socket() => Place::Socket,
        () => Place::Other,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn devices_sockets_and_others_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for (path, expected) in [
            (Path::new("/dev/null"), Place::Device),
            (&socket, Place::Socket),
            (folder.path(), Place::Other),
        ] {
            assert_eq!(place(path).unwrap(), expected);
        }
        assert!(place(&folder.path().join("missing")).is_err());
    }
}

//! Files and folders, by who may use them.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Creates a folder that only we can look into.
///
/// # Errors
/// As `mkdir(2)`: also when there is one.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Creates folders, as far as they are missing, that everybody may read and only we write.
///
/// # Errors
/// As `mkdir(2)`.
pub fn create_folders(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Creates a file, or empties it, that everybody may read and only we write.
///
/// # Errors
/// As `open(2)`.
pub fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o644);
    options.open(path)
}

/// Creates a file that can be executed.
///
/// # Errors
/// As `open(2)`: also when there is one.
pub fn create_program(path: &Path) -> io::Result<File> {
    const MODE: u32 = 0o755;
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(MODE).open(path)?;
    // Whatever the umask has taken away.
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

/// Whether somebody may execute a file.
///
/// # Errors
/// As `stat(2)`.
pub fn is_program(path: &Path) -> io::Result<bool> {
    Ok(path.metadata()?.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_created_has_the_mode_of_its_use() {
        let place = tempfile::tempdir().unwrap();
        let private = place.path().join("private");
        create_private_folder(&private).unwrap();
        assert_eq!(mode(&private), 0o700);
        assert!(create_private_folder(&private).is_err());
        let program = private.join("script");
        create_program(&program).unwrap();
        assert_eq!(mode(&program), 0o755);
        assert!(is_program(&program).unwrap());
        assert!(create_program(&program).is_err());
        let folders = place.path().join("a/b");
        create_folders(&folders).unwrap();
        create_folders(&folders).unwrap();
        let file = folders.join("file");
        create_file(&file).unwrap();
        create_file(&file).unwrap();
        assert!(!is_program(&file).unwrap());
        assert!(is_program(&folders.join("missing")).is_err());
    }
}

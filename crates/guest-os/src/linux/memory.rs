//! Blocks of memory, on and off: `/sys/devices/system/memory`
//! (Documentation/admin-guide/mm/memory-hotplug).

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use qga::OnlineSetting;
use qga::results::machine::{
    MemoryBlock, MemoryBlockInfo, MemoryBlockOutcome, MemoryBlockResponse,
};

use crate::{Error, Result};

const DIRECTORY: &str = "/sys/devices/system/memory";

/// The guest's blocks of memory in the order of their numbers (`guest-get-memory-blocks`). None
/// where the kernel shows none.
///
/// # Errors
/// When the kernel does not tell.
pub fn blocks() -> Result<Vec<MemoryBlock>> {
    blocks_in(Path::new(DIRECTORY))
}

/// Switches blocks on and off and tells of each how it went (`guest-set-memory-blocks`). A block
/// that is as wished already is not touched.
#[must_use]
pub fn set(settings: &[OnlineSetting]) -> Vec<MemoryBlockResponse> {
    set_in(Path::new(DIRECTORY), settings)
}

/// How large a block is (`guest-get-memory-block-info`).
///
/// # Errors
/// [`Error::Unsupported`] where the kernel shows no blocks.
pub fn block_info() -> Result<MemoryBlockInfo> {
    block_info_in(Path::new(DIRECTORY))
}

fn blocks_in(directory: &Path) -> Result<Vec<MemoryBlock>> {
    let refused = |error| {
        let what = format!("Can't open directory \"{}\"", directory.display());
        Error::os(what, error)
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(refused)?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(refused)?.file_name();
        numbers.extend(name.to_str().and_then(number));
    }
    numbers.sort_unstable();
    numbers
        .into_iter()
        .map(|number| read(directory, number))
        .collect()
}

fn set_in(directory: &Path, settings: &[OnlineSetting]) -> Vec<MemoryBlockResponse> {
    settings
        .iter()
        .map(|setting| {
            let (response, errno) = match switch(directory, *setting) {
                Ok(()) => (MemoryBlockOutcome::Success, None),
                Err((outcome, error)) => (outcome, error.raw_os_error()),
            };
            MemoryBlockResponse {
                phys_index: setting.index,
                response,
                error_code: errno.map(i64::from),
            }
        })
        .collect()
}

fn block_info_in(directory: &Path) -> Result<MemoryBlockInfo> {
    let file = directory.join("block_size_bytes");
    let text = fs::read_to_string(&file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::Unsupported("this kernel shows no blocks of memory"),
        _ => refused(&file, error),
    })?;
    // In hexadecimal without a prefix.
    match u64::from_str_radix(text.trim(), 16) {
        Ok(size) => Ok(MemoryBlockInfo { size }),
        Err(_) => Err(refused(&file, ErrorKind::InvalidData.into())),
    }
}

/// The number in `memory7`.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("memory")?;
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| digits.parse().ok()).flatten()
}

fn read(directory: &Path, number: u64) -> Result<MemoryBlock> {
    let block = block(directory, number);
    let Some(online) = online(&block).map_err(|error| refused(&block.join("state"), error))? else {
        return Ok(MemoryBlock {
            phys_index: number,
            online: true,
            can_offline: Some(false),
        });
    };
    let file = block.join("removable");
    let removable = read_if_there(&file).map_err(|error| refused(&file, error))?;
    Ok(MemoryBlock {
        phys_index: number,
        online,
        can_offline: Some(removable.is_some_and(|text| !text.starts_with('0'))),
    })
}

fn switch(
    directory: &Path,
    setting: OnlineSetting,
) -> std::result::Result<(), (MemoryBlockOutcome, io::Error)> {
    use MemoryBlockOutcome::{NotFound, OperationFailed, OperationNotSupported};
    let unless_there = |outcome| {
        move |error: io::Error| match error.kind() {
            ErrorKind::NotFound => (outcome, error),
            _ => (OperationFailed, error),
        }
    };
    File::open(directory).map_err(unless_there(OperationNotSupported))?;
    let block = block(directory, setting.index);
    File::open(&block).map_err(unless_there(NotFound))?;
    let failed = |error| (OperationFailed, error);
    match online(&block).map_err(failed)? {
        Some(online) if online != setting.online => {
            let value: &[u8] = if setting.online {
                b"online"
            } else {
                b"offline"
            };
            fs::OpenOptions::new()
                .write(true)
                .open(block.join("state"))
                .and_then(|mut state| state.write_all(value))
                .map_err(failed)
        }
        None if !setting.online => Err((OperationNotSupported, rustix::io::Errno::NOENT.into())),
        Some(_) | None => Ok(()),
    }
}

fn block(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("memory{number}/"))
}

/// Whether a block is on; `None` on a kernel that switches no memory.
fn online(block: &Path) -> io::Result<Option<bool>> {
    let state = read_if_there(&block.join("state"))?;
    Ok(state.map(|text| text.starts_with("online")))
}

fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn refused(path: &Path, error: io::Error) -> Error {
    Error::os(format!("open sysfs file \"{}\"", path.display()), error)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn tree() -> TempDir {
        let tree = tempfile::tempdir().expect("a directory");
        for (name, files) in [
            (
                "memory0",
                &[("state", "online\n"), ("removable", "0\n")] as &[_],
            ),
            ("memory2", &[("state", "online\n"), ("removable", "1\n")]),
            ("memory11", &[("state", "offline\n")]),
            ("memory12", &[("state", "going-offline\n")]),
            ("memory40", &[]),
            ("memoryx", &[]),
            ("power", &[]),
        ] {
            let directory = tree.path().join(name);
            fs::create_dir(&directory).expect("a directory");
            for (file, text) in files {
                fs::write(directory.join(file), text).expect("a file");
            }
        }
        fs::write(tree.path().join("block_size_bytes"), "8000000\n").expect("a file");
        tree
    }

    fn wish(index: u64, online: bool) -> OnlineSetting {
        OnlineSetting { index, online }
    }

    #[test]
    fn blocks_come_by_number_and_can_go_off_only_where_the_kernel_says_so() {
        let tree = tree();
        let found: Vec<_> = blocks_in(tree.path())
            .expect("a list")
            .into_iter()
            .map(|block| (block.phys_index, block.online, block.can_offline))
            .collect();
        let expected = [
            (0, true, Some(false)),
            (2, true, Some(true)),
            (11, false, Some(false)),
            (12, false, Some(false)),
            (40, true, Some(false)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_size_is_read_as_hexadecimal() {
        let tree = tree();
        let info = block_info_in(tree.path()).expect("a size");
        assert_eq!(info.size, 128 << 20);
        fs::write(tree.path().join("block_size_bytes"), "large\n").expect("a file");
        assert!(matches!(block_info_in(tree.path()), Err(Error::Os { .. })));
    }

    #[test]
    fn each_wish_has_an_outcome_of_its_own() {
        use MemoryBlockOutcome::{NotFound, OperationNotSupported, Success};
        let tree = tree();
        let wishes = [
            (wish(2, false), Success, None),
            (wish(11, true), Success, None),
            (wish(0, true), Success, None),
            (wish(3, true), NotFound, Some(2)),
            (wish(40, false), OperationNotSupported, Some(2)),
            (wish(40, true), Success, None),
        ];
        let answers = set_in(tree.path(), &wishes.map(|(wish, ..)| wish));
        for ((wish, response, error_code), answer) in wishes.into_iter().zip(answers) {
            let expected = MemoryBlockResponse {
                phys_index: wish.index,
                response,
                error_code,
            };
            assert_eq!(answer, expected);
        }
        let state = |name: &str| fs::read_to_string(tree.path().join(name).join("state"));
        assert!(state("memory2").expect("a file").starts_with("offline"));
        assert!(state("memory11").expect("a file").starts_with("online"));
        // Nothing was written over what held already.
        assert_eq!(state("memory0").expect("a file"), "online\n");
    }

    #[test]
    fn a_kernel_without_blocks_has_none_and_supports_nothing() {
        let nowhere = Path::new("/no/such/memory");
        assert_eq!(blocks_in(nowhere).expect("no blocks"), []);
        assert!(matches!(block_info_in(nowhere), Err(Error::Unsupported(_))));
        let answer = set_in(nowhere, &[wish(1, true)]).remove(0);
        assert_eq!(answer.response, MemoryBlockOutcome::OperationNotSupported);
        assert_eq!(answer.error_code, Some(2));
    }
}

//! Logical processors, on and off: `/sys/devices/system/cpu` (Documentation/core-api/cpu_hotplug).

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use qga::OnlineSetting;
use qga::results::machine::LogicalProcessor;

use crate::{Error, Result};

const DIRECTORY: &str = "/sys/devices/system/cpu";

/// The guest's processors in the order of their numbers (`guest-get-vcpus`).
///
/// # Errors
/// When the kernel does not tell.
pub fn processors() -> Result<Vec<LogicalProcessor>> {
    processors_in(Path::new(DIRECTORY))
}

/// Switches processors on and off in turn, up to the first that fails (`guest-set-vcpus`).
/// Returns how many wishes hold now. A processor that is as wished already is not touched.
///
/// # Errors
/// When the first one fails: nothing has changed then.
pub fn set(settings: &[OnlineSetting]) -> Result<i64> {
    set_in(Path::new(DIRECTORY), settings)
}

fn processors_in(directory: &Path) -> Result<Vec<LogicalProcessor>> {
    let refused = |error| {
        let what = format!("failed to list entries: {}", directory.display());
        Error::os(what, error)
    };
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        numbers.extend(name.to_str().and_then(number));
    }
    numbers.sort_unstable();
    numbers
        .into_iter()
        .map(|number| read(directory, number))
        .collect()
}

fn set_in(directory: &Path, settings: &[OnlineSetting]) -> Result<i64> {
    let mut done = 0;
    for setting in settings {
        match switch(directory, *setting) {
            Ok(()) => done += 1,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// The number in `cpu7`; `cpufreq` has none.
fn number(name: &str) -> Option<i64> {
    let digits = name.strip_prefix("cpu")?;
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| digits.parse().ok()).flatten()
}

fn read(directory: &Path, number: i64) -> Result<LogicalProcessor> {
    let state = state(&processor(directory, number))?;
    Ok(LogicalProcessor {
        logical_id: number,
        online: state.unwrap_or(true),
        can_offline: Some(state.is_some()),
    })
}

fn switch(directory: &Path, setting: OnlineSetting) -> Result<()> {
    // The protocol's number is signed; a negative one names no directory.
    let number = setting.index.cast_signed();
    let processor = processor(directory, number);
    match state(&processor)? {
        Some(online) if online != setting.online => {
            let file = processor.join("online");
            let value = if setting.online { "1" } else { "0" };
            write(&file, value)
                .map_err(|error| Error::os(format!("pwrite(\"{}\")", file.display()), error))
        }
        None if !setting.online => Err(Error::Invalid(format!(
            "logical processor #{number} can't be offlined"
        ))),
        Some(_) | None => Ok(()),
    }
}

fn processor(directory: &Path, number: i64) -> PathBuf {
    directory.join(format!("cpu{number}/"))
}

/// Whether a processor is on; `None` when it always is.
fn state(processor: &Path) -> Result<Option<bool>> {
    let refused = |path: &Path, error| Error::os(format!("open(\"{}\")", path.display()), error);
    File::open(processor).map_err(|error| refused(processor, error))?;
    let file = processor.join("online");
    match fs::read(&file) {
        Ok(text) => match text.first() {
            Some(first) => Ok(Some(*first != b'0')),
            None => Err(refused(&file, ErrorKind::UnexpectedEof.into())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(&file, error)),
    }
}

/// Writes to a file of the kernel, which is never made nor cut.
fn write(path: &Path, value: &str) -> io::Result<()> {
    use std::io::Write;
    fs::OpenOptions::new()
        .write(true)
        .open(path)?
        .write_all(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Processor 0 without a switch, 1 and 10 on, 2 off, and neighbours that are none.
    fn tree() -> TempDir {
        let tree = tempfile::tempdir().expect("a directory");
        for (name, state) in [
            ("cpu0", None),
            ("cpu1", Some("1\n")),
            ("cpu10", Some("1\n")),
            ("cpu2", Some("0\n")),
            ("cpufreq", None),
            ("cpu", None),
            ("cpu-1", None),
        ] {
            let directory = tree.path().join(name);
            fs::create_dir(&directory).expect("a directory");
            if let Some(state) = state {
                fs::write(directory.join("online"), state).expect("a file");
            }
        }
        fs::write(tree.path().join("online"), "0-1,10\n").expect("a file");
        tree
    }

    fn wish(index: u64, online: bool) -> OnlineSetting {
        OnlineSetting { index, online }
    }

    fn switch_of(tree: &TempDir, name: &str) -> String {
        fs::read_to_string(tree.path().join(name).join("online")).expect("a switch")
    }

    #[test]
    fn processors_come_by_number_and_one_without_a_switch_stays_on() {
        let tree = tree();
        let found: Vec<_> = processors_in(tree.path())
            .expect("a list")
            .into_iter()
            .map(|cpu| (cpu.logical_id, cpu.online, cpu.can_offline))
            .collect();
        let expected = [
            (0, true, Some(false)),
            (1, true, Some(true)),
            (2, false, Some(true)),
            (10, true, Some(true)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn wishes_are_fulfilled_in_turn() {
        let tree = tree();
        let wishes = [wish(1, false), wish(2, true), wish(0, true), wish(1, true)];
        assert_eq!(set_in(tree.path(), &wishes).expect("all hold"), 4);
        assert_eq!(switch_of(&tree, "cpu1"), "1\n");
        assert_eq!(switch_of(&tree, "cpu2"), "1\n");
        assert_eq!(set_in(tree.path(), &[]).expect("nothing to do"), 0);
    }

    #[test]
    fn a_wish_that_holds_already_writes_nothing() {
        let tree = tree();
        let before = fs::metadata(tree.path().join("cpu1/online")).expect("a file");
        assert_eq!(set_in(tree.path(), &[wish(1, true)]).expect("holds"), 1);
        let after = fs::metadata(tree.path().join("cpu1/online")).expect("a file");
        assert_eq!(
            before.modified().expect("a time"),
            after.modified().expect("a time")
        );
    }

    #[test]
    fn the_first_failure_is_an_error_and_a_later_one_ends_the_list() {
        let tree = tree();
        let cases = [
            (
                wish(0, false),
                "logical processor #0 can't be offlined".to_owned(),
            ),
            (
                wish(77, true),
                format!("open(\"{}/cpu77/\"): No such file", tree.path().display()),
            ),
            (
                wish(u64::MAX - 1, true),
                format!("open(\"{}/cpu-2/\"): No such file", tree.path().display()),
            ),
        ];
        for (wished, text) in cases {
            let error = set_in(tree.path(), &[wished]).expect_err("impossible");
            assert!(error.to_string().starts_with(&text), "{error}");
            let some = set_in(tree.path(), &[wish(2, true), wished, wish(1, false)]);
            assert_eq!(some.expect("the first holds"), 1);
            assert_eq!(switch_of(&tree, "cpu1"), "1\n");
        }
    }

    #[test]
    fn a_kernel_without_the_directory_is_an_error() {
        let error = processors_in(Path::new("/no/such/cpu")).expect_err("no directory");
        assert!(error.to_string().starts_with("failed to list entries"));
    }
}

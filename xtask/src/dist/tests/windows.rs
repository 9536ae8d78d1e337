//! The zip for Windows.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::super::{archive, windows};
use super::{EPOCH, has, sources};
use crate::process;

const PROGRAM: &[u8] = b"MZ a program";

fn files() -> Vec<(String, Vec<u8>)> {
    windows::files(sources().root, "1.2.3", PROGRAM, "names and licences\n").unwrap()
}

fn text(name: &str) -> String {
    let files = files();
    let (_, content) = files.iter().find(|(file, _)| file == name).unwrap();
    String::from_utf8(content.clone()).unwrap()
}

fn zip_of(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("agent.zip");
    archive::write(&path, &files(), EPOCH).unwrap();
    path
}

#[test]
fn the_same_files_make_the_same_zip_and_others_unpack_it() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = [0, 1].map(|at| zip_of(&folders[at]));
    assert!(
        std::fs::read(&one).unwrap() == std::fs::read(other).unwrap(),
        "zips differ"
    );
    // Python reads it wherever there is no unzip.
    if has("python3") {
        let list = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                    for i in z.infolist(): print(i.filename, i.file_size, *i.date_time)";
        let mut python = Command::new("python3");
        let listed = process::output(python.args(["-c", list]).arg(&one)).unwrap();
        let program = format!("hospes-agent.exe {} 2023 11 14 22 13 20", PROGRAM.len());
        assert!(listed.lines().any(|line| line == program), "{listed}");
        assert_eq!(listed.lines().count(), files().len());
    }
}

/// What one script copies the other one removes, and the zip has it.
#[test]
fn installing_and_uninstalling_speak_of_the_same_files() {
    let named = |script: &str, before: &str| -> Vec<String> {
        let text = text(script);
        let lines = text.lines().filter(|line| line.contains(before));
        let list = |line: &str| Some(line.split_once('(')?.1.split_once(") do")?.0.to_owned());
        let lists: Vec<String> = lines.filter_map(list).collect();
        let mut names: Vec<String> = lists
            .join(" ")
            .split_whitespace()
            .filter(|name| !name.ends_with(".old"))
            .map(|name| name.replace('\\', "/"))
            .collect();
        names.sort();
        names
    };
    let installed = named("install.cmd", "for %%F in");
    assert_eq!(installed, named("uninstall.cmd", "for %%F in"));
    assert_eq!(installed.len(), 12);
    let files = files();
    for name in installed {
        assert!(files.iter().any(|(file, _)| *file == name), "{name}");
    }
}

#[test]
fn texts_have_the_ends_of_lines_of_windows_and_no_gaps() {
    for (name, content) in files() {
        if name.ends_with(".exe") || name.ends_with(".xml") {
            continue;
        }
        let text = String::from_utf8(content).unwrap();
        let bare = text.matches('\n').count() - text.matches("\r\n").count();
        assert_eq!(bare, 0, "{name}");
        assert!(!text.contains("@VERSION@"), "{name}");
    }
}

#[test]
fn task_and_policy_run_the_runner_where_it_is_installed() {
    let runner = r"C:\Program Files\hospes-agent\GCEMetadataScriptRunner.exe";
    let policy = text("policy/scripts.ini");
    let shutdown = format!("[Shutdown]\r\n0CmdLine={runner}\r\n0Parameters=shutdown\r\n");
    assert_eq!(policy, shutdown);
    let files = files();
    let (_, task) = files
        .iter()
        .find(|(name, _)| name == "startup-task.xml")
        .unwrap();
    assert_eq!(&task[..2], [0xff, 0xfe]);
    let units: Vec<u16> = task[2..]
        .chunks(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let task = String::from_utf16(&units).unwrap();
    for part in [
        format!("<Command>\"{runner}\"</Command>"),
        "<Arguments>startup</Arguments>".to_owned(),
        "<UserId>S-1-5-18</UserId>".to_owned(),
        "<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>".to_owned(),
    ] {
        assert!(task.contains(&part), "{part} not in {task}");
    }
    let target = Path::new(runner).display().to_string();
    assert!(target.starts_with(r"C:\Program Files\hospes-agent"));
    for script in ["install.cmd", "uninstall.cmd"] {
        assert!(text(script).contains("set \"target=C:\\Program Files\\hospes-agent\"\r\n"));
    }
}

#[test]
fn no_script_of_the_zip_speaks_of_power_or_kills() {
    for script in ["install.cmd", "uninstall.cmd"] {
        let text = text(script).to_lowercase();
        for word in [
            "taskkill",
            "reboot",
            "restart",
            "shutdown /",
            "shutdown.exe",
            "stop-",
        ] {
            assert!(!text.contains(word), "{word} in {script}");
        }
    }
}

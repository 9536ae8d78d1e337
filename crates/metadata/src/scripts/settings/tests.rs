use std::time::Duration;

use super::*;
use crate::scripts::{Dialect, Event};

fn read(text: &str) -> (Settings, Vec<String>) {
    let (settings, warnings) = Settings::read(Dialect::Linux, [("file", text)]);
    (settings, warnings.iter().map(ToString::to_string).collect())
}

#[test]
fn without_a_file_the_defaults_of_the_reference_hold() {
    let (settings, warnings) = Settings::read(Dialect::Linux, []);
    let standard = Settings::standard(Dialect::Linux);
    assert_eq!((settings.clone(), warnings), (standard, vec![]));
    assert_eq!(settings.default_shell.as_deref(), Some("/bin/bash"));
    assert!(Event::all().all(|event| settings.is_enabled(event)));
    assert_eq!(settings.patience(Event::Startup).as_secs(), 120);
    assert_eq!(settings.patience(Event::Shutdown).as_secs(), 5);
}

#[test]
fn later_files_beat_earlier_ones_key_by_key() {
    let cfg = "[MetadataScripts]\ndefault_shell = /bin/a\nrun_dir = /run/a\nstartup = false\n";
    let distro = "[metadatascripts]\nDEFAULT_SHELL = /bin/b\n";
    let template = "[MetadataScripts]\nstartup = on\n[Other]\nrun_dir = /no\n";
    let files = [("cfg", cfg), ("distro", distro), ("template", template)];
    let (settings, warnings) = Settings::read(Dialect::Linux, files);
    assert_eq!(settings.default_shell.as_deref(), Some("/bin/b"));
    assert_eq!(settings.run_dir.as_deref(), Some("/run/a"));
    assert!(settings.is_enabled(Event::Startup));
    assert_eq!(warnings, []);
}

#[test]
fn every_event_can_be_switched_off() {
    for (key, event) in [
        ("startup", Event::Startup),
        ("shutdown", Event::Shutdown),
        ("graceful-shutdown", Event::GracefulShutdown),
        ("sysprep-specialize", Event::Specialize),
        ("sysprep_specialize", Event::Specialize),
    ] {
        for (value, enabled) in [
            ("false", false),
            ("NO", false),
            ("0", false),
            ("True", true),
        ] {
            let (settings, _) = read(&format!("[MetadataScripts]\n{key} = {value}\n"));
            assert_eq!(settings.is_enabled(event), enabled, "{key} = {value}");
        }
    }
}

#[test]
fn a_value_that_makes_no_sense_is_told_and_changes_nothing() {
    for (line, expected) in [
        ("startup = maybe", "startup expects true|false"),
        ("startup =", "startup expects true|false"),
        ("script_timeout = soon", "script_timeout expects TIME"),
        ("storage_url = ftp://h", "storage_url expects URL"),
        ("nonsense", "it is no `key = value`"),
    ] {
        let (settings, warnings) = read(&format!("[MetadataScripts]\n{line}\n"));
        assert_eq!(settings, Settings::standard(Dialect::Linux), "{line}");
        assert_eq!(warnings.len(), 1, "{line}");
        let whole = format!("file, line 2: {expected}");
        assert!(warnings[0].starts_with(&whole), "{warnings:?}");
    }
    assert_eq!(read("[MetadataScripts]\nnew_key = 1\n").1.len(), 0);
}

#[test]
fn our_own_settings_are_read() {
    let (settings, warnings) = read(
        "[MetadataScripts]\nfail_on_script_error = false\nstartup_once = no\nscript_timeout = 10m\n\
         metadata_wait = 30\nshutdown_metadata_wait = 1s\nstorage_url = http://h:9\ndefault_shell =\n",
    );
    let expected = Settings {
        default_shell: None,
        run_dir: None,
        disabled: vec![],
        fail_on_script_error: false,
        startup_once: false,
        script_timeout: Some(Duration::from_secs(600)),
        metadata_wait: Duration::from_secs(30),
        shutdown_metadata_wait: Duration::from_secs(1),
        storage_url: Some("http://h:9".to_owned()),
    };
    assert_eq!((settings, warnings.len()), (expected, 0));
    assert_eq!(
        read("[MetadataScripts]\nscript_timeout = 0\n")
            .0
            .script_timeout,
        None
    );
}

const BOTH: [Dialect; 2] = [Dialect::Linux, Dialect::Windows];

#[test]
fn each_system_has_its_files_the_later_named_after_the_first() {
    for (dialect, folder) in [
        (Dialect::Linux, "/etc/default/"),
        (Dialect::Windows, r"C:\Program Files\Google\Compute Engine\"),
    ] {
        let first = format!("{folder}instance_configs.cfg");
        let expected = [
            first.clone(),
            format!("{first}.distro"),
            format!("{first}.template"),
        ];
        assert_eq!(
            settings_files(dialect),
            expected.each_ref().map(|file| &**file)
        );
    }
}

#[test]
fn a_file_for_both_systems_tells_each_its_own() {
    let shared = "[MetadataScripts]\ndefault_shell = /bin/zsh\nrun_dir = D:\\scripts\n\
                  startup = false\nshutdown-windows = false\ngraceful-shutdown = false\n";
    let read = |dialect| {
        let (settings, warnings) = Settings::read(dialect, [("file", shared)]);
        assert_eq!(warnings, []);
        assert_eq!(settings.run_dir.as_deref(), Some(r"D:\scripts"));
        settings
    };
    let (linux, windows) = (read(Dialect::Linux), read(Dialect::Windows));
    assert_eq!(linux.disabled, [Event::Startup, Event::GracefulShutdown]);
    assert_eq!(linux.default_shell.as_deref(), Some("/bin/zsh"));
    assert_eq!(windows.disabled, [Event::Shutdown, Event::GracefulShutdown]);
    assert_eq!(windows.default_shell, None);
}

#[test]
fn what_only_the_other_system_reads_is_no_fault_whatever_it_says() {
    for (dialect, line) in [
        (Dialect::Linux, "startup-windows = maybe"),
        (Dialect::Windows, "startup = maybe"),
        (Dialect::Windows, "default_shell = /bin/sh"),
    ] {
        let text = format!("[MetadataScripts]\n{line}\n");
        let read = Settings::read(dialect, [("file", text.as_str())]);
        assert_eq!(read, (Settings::standard(dialect), vec![]), "{line}");
    }
}

#[test]
fn every_event_can_be_switched_off_on_windows() {
    for (key, event) in [
        ("startup-windows", Event::Startup),
        ("shutdown-windows", Event::Shutdown),
        ("graceful-shutdown", Event::GracefulShutdown),
        ("sysprep-specialize", Event::Specialize),
        ("sysprep_specialize", Event::Specialize),
    ] {
        let text = format!("[MetadataScripts]\n{key} = false\n");
        let (settings, _) = Settings::read(Dialect::Windows, [("file", text.as_str())]);
        assert_eq!(settings.disabled, [event], "{key}");
    }
}

#[test]
fn each_system_has_a_setting_once_and_is_told_of_its_own_only() {
    for dialect in BOTH {
        let mut names: Vec<_> = settings(dialect).map(|setting| setting.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{dialect:?}");
    }
    let told = |dialect| -> String { settings(dialect).map(|setting| setting.help).collect() };
    assert!(!told(Dialect::Windows).contains("/tmp"));
    assert!(!told(Dialect::Linux).contains("backslash"));
}

//! What differs on Windows.

use std::ffi::OsString;
use std::path::Path;

use qga::System::{Linux, Windows};

use super::super::*;
use super::{parsed_on, resolved_on};

#[test]
fn help_tells_what_windows_has() {
    insta::assert_snapshot!(help(Windows, "qemu-ga.exe", "10.2.0"));
}

#[test]
fn the_defaults_are_dumped() {
    insta::assert_snapshot!(dump_conf(&resolved_on(Windows, "", &[])));
}

#[test]
fn settings_of_both_sources_are_dumped() {
    let config = "[general]\r\nmethod = isa-serial\r\npath=COM2\r\n\
                  logfile=C:\\\\logs\\\\qemu-ga.log\r\n";
    let arguments = ["-t", r"D:\state", "-F", "-b", "guest-exec"];
    insta::assert_snapshot!(dump_conf(&resolved_on(Windows, config, &arguments)));
}

#[test]
fn what_is_dumped_reads_the_same() {
    let settings = resolved_on(Windows, "", &["-F", "-l", r"C:\new folder\t.log"]);
    assert_eq!(resolved_on(Windows, &dump_conf(&settings), &[]), settings);
}

#[test]
fn the_file_is_the_named_one_or_the_default() {
    let found = |arguments: &[&str], qga_conf: Option<&str>| {
        let cli = parsed_on(Windows, arguments).expect("it makes sense").cli;
        let source = ConfigSource::find(Windows, &cli, qga_conf.map(OsString::from));
        (source.path, source.is_required)
    };
    assert_eq!(
        found(&["-c", r"D:\x.conf"], Some(r"E:\env")),
        (r"D:\x.conf".into(), true)
    );
    assert_eq!(found(&[], Some(r"E:\env")), (r"E:\env".into(), false));
    let default = r"C:\Program Files\Google\Compute Engine\qemu-ga.conf";
    assert_eq!(found(&[], None), (default.into(), false));
}

#[test]
fn ports_have_the_names_of_windows() {
    let endpoint = |arguments: &[&str]| resolved_on(Windows, "", arguments).endpoint();
    assert_eq!(
        endpoint(&[]),
        Ok(Endpoint::VirtioSerial(
            r"\\.\Global\org.qemu.guest_agent.0".into()
        ))
    );
    assert_eq!(
        endpoint(&["-m", "isa-serial"]),
        Ok(Endpoint::IsaSerial("COM1".into()))
    );
    let pipe = r"\\.\pipe\agent";
    assert_eq!(
        endpoint(&["-p", pipe]),
        Ok(Endpoint::VirtioSerial(pipe.into()))
    );
}

#[test]
fn a_hook_without_a_path_lies_beside_the_configuration() {
    let settings = resolved_on(Windows, "", &["-F"]);
    assert_eq!(
        settings.freeze_hook.as_deref(),
        Some(Path::new(
            r"C:\Program Files\Google\Compute Engine\fsfreeze-hook"
        ))
    );
}

#[test]
fn the_service_is_installed_and_uninstalled() {
    let table: &[(&[&str], Action)] = &[
        (&["-s", "install"], Action::Service(ServiceCommand::Install)),
        (&["-suninstall"], Action::Service(ServiceCommand::Uninstall)),
        (
            &["--service=install"],
            Action::Service(ServiceCommand::Install),
        ),
        (
            &["--serv", "install", "-v"],
            Action::Service(ServiceCommand::Install),
        ),
        (&["-s", "install", "-h"], Action::Help),
    ];
    for (arguments, action) in table {
        let invocation = parsed_on(Windows, arguments).expect("it makes sense");
        assert_eq!(invocation.action, *action, "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_done_to_a_service_is_told() {
    let unknown = "is no service command: it is install or uninstall";
    let vss = "does nothing: this agent has no VSS provider";
    let table: &[(&[&str], String)] = &[
        (&["-s", "vss-install"], format!("'vss-install' {vss}")),
        (&["-s", "vss-uninstall"], format!("'vss-uninstall' {vss}")),
        (&["-s", "Install"], format!("'Install' {unknown}")),
        (&["-s", ""], format!("'' {unknown}")),
        (&["-s"], "option requires an argument -- 's'".to_owned()),
        (
            &["--s", "install"],
            "option '--s' is ambiguous; possibilities: '--statedir' '--service'".to_owned(),
        ),
    ];
    for (arguments, text) in table {
        let error = parsed_on(Windows, arguments).unwrap_err();
        assert_eq!(error.to_string(), *text, "{arguments:?}");
    }
    for command in ["install", "vss-install", "nope"] {
        let error = parsed_on(Linux, &["-s", command]).unwrap_err();
        assert_eq!(error, UsageError::ForWindows("-s".into()));
    }
}

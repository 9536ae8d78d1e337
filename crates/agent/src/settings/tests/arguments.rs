//! What a command line asks for.

use std::path::Path;

use super::super::*;
use super::{invocation, parsed};

#[test]
fn arguments_are_read_as_getopt_reads_them() {
    type IsRight = fn(&PartialSettings) -> bool;
    let table: &[(&[&str], IsRight)] = &[
        (&["-m", "x"], |cli| cli.method.as_deref() == Some("x")),
        (&["-mx"], |cli| cli.method.as_deref() == Some("x")),
        (&["-m=x"], |cli| cli.method.as_deref() == Some("=x")),
        (&["--method=x"], |cli| cli.method.as_deref() == Some("x")),
        (&["--meth", "x"], |cli| cli.method.as_deref() == Some("x")),
        (&["-m", "--"], |cli| cli.method.as_deref() == Some("--")),
        (&["-m", ""], |cli| cli.method.as_deref() == Some("")),
        (&["-m", "x", "-m", "y"], |cli| {
            cli.method.as_deref() == Some("y")
        }),
        (&["-vdr"], |cli| {
            cli.verbose.is_some() && cli.daemonize.is_some() && cli.retry_path.is_some()
        }),
        (&["-vp/x"], |cli| {
            cli.verbose.is_some() && cli.path.as_deref() == Some("/x")
        }),
        (&["--", "-v"], |cli| cli.verbose.is_none()),
        (&["x", "-v", "-"], |cli| cli.verbose.is_some()),
        (&["-F"], |cli| {
            cli.freeze_hook.as_deref() == Some("/etc/qemu/fsfreeze-hook")
        }),
        (&["-F/x"], |cli| cli.freeze_hook.as_deref() == Some("/x")),
        (&["--fs=/x"], |cli| cli.freeze_hook.as_deref() == Some("/x")),
        (&["--fsfreeze-hook="], |cli| {
            cli.freeze_hook.as_deref() == Some("")
        }),
        (&["--s=/x"], |cli| cli.state_dir.as_deref() == Some("/x")),
        (&["-b", "a,b", "--blacklist=c", "--bl", "d"], |cli| {
            cli.block_rpcs == ["b", "a", "c", "d"]
        }),
        (&["--b", "a"], |cli| cli.block_rpcs == ["a"]),
        (&["-a", "a,,b"], |cli| cli.allow_rpcs == ["b", "", "a"]),
        (&["-a", ""], |cli| cli.allow_rpcs.is_empty()),
        (&["-a", ","], |cli| cli.allow_rpcs == ["", ""]),
        (&["-c", "/x"], |cli| {
            cli.config.as_deref() == Some(Path::new("/x"))
        }),
    ];
    for (arguments, is_right) in table {
        let cli = invocation(arguments).cli;
        assert!(is_right(&cli), "{arguments:?}: {cli:?}");
    }
}

#[test]
fn what_makes_no_sense_is_told_as_getopt_tells_it() {
    let table: &[(&[&str], &str)] = &[
        (&["--nope"], "unrecognized option '--nope'"),
        (&["--nope=1"], "unrecognized option '--nope=1'"),
        (&["-z"], "invalid option -- 'z'"),
        (&["-vz"], "invalid option -- 'z'"),
        (&["-v=1"], "invalid option -- '='"),
        (&["-m"], "option requires an argument -- 'm'"),
        (&["--meth"], "option '--method' requires an argument"),
        (
            &["--verb=1"],
            "option '--verbose' doesn't allow an argument",
        ),
        (
            &["--v"],
            "option '--v' is ambiguous; possibilities: '--verbose' '--version'",
        ),
        (&["-s", "install"], "option '-s' is for Windows only"),
        (
            &["--service=install"],
            "option '--service' is for Windows only",
        ),
        (&["--servic", "x"], "unrecognized option '--servic'"),
    ];
    for (arguments, text) in table {
        let error = parsed(arguments).unwrap_err();
        assert_eq!(error.to_string(), *text, "{arguments:?}");
        let report = error.report("/usr/bin/qemu-ga");
        assert!(report.starts_with(&format!("/usr/bin/qemu-ga: {text}\n")));
        assert!(report.ends_with("Try '/usr/bin/qemu-ga --help' for more information.\n"));
    }
}

#[test]
fn the_first_action_that_prints_wins() {
    let table: &[(&[&str], Action)] = &[
        (&[], Action::Run),
        (&["-D"], Action::DumpConf),
        (&["-DV", "--nope"], Action::Version),
        (&["-D", "-h"], Action::Help),
        (&["-b", "help", "-h"], Action::ListCommands),
        (&["-a?"], Action::ListCommands),
        (&["-V", "-h"], Action::Version),
    ];
    for (arguments, action) in table {
        assert_eq!(invocation(arguments).action, *action, "{arguments:?}");
    }
    assert!(parsed(&["--nope", "-h"]).is_err());
}

#[test]
fn arguments_that_mean_nothing_are_told() {
    let invocation = invocation(&["-F", "/path", "-v", "more"]);
    assert_eq!(invocation.ignored, ["/path", "more"]);
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_refused() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use qga::System;

    let error = parse(System::Linux, [OsString::from_vec(b"-p/\xff".to_vec())]).unwrap_err();
    assert_eq!(error, UsageError::NotText("-p".into()));
}

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use qga::System;

use super::*;

mod arguments;
mod permissions;
mod windows;

fn parsed(arguments: &[&str]) -> Result<Invocation, UsageError> {
    parsed_on(System::Linux, arguments)
}

fn parsed_on(system: System, arguments: &[&str]) -> Result<Invocation, UsageError> {
    parse(system, arguments.iter().map(OsString::from))
}

fn invocation(arguments: &[&str]) -> Invocation {
    parsed(arguments).expect("these arguments make sense")
}

fn resolved(config: &str, arguments: &[&str]) -> Settings {
    resolved_on(System::Linux, config, arguments)
}

fn resolved_on(system: System, config: &str, arguments: &[&str]) -> Settings {
    let config = decode_config(config.as_bytes()).expect("this configuration makes sense");
    let invocation = parsed_on(system, arguments).expect("these arguments make sense");
    let partial = invocation.cli.over(config.settings);
    Settings::resolve(system, partial, None).expect("there is a path")
}

fn linux() -> &'static defaults::Paths {
    defaults::paths(System::Linux)
}

#[test]
fn help_follows_the_table() {
    insta::assert_snapshot!(help(System::Linux, "qemu-ga", "10.2.0"));
    for system in [System::Linux, System::Windows] {
        let text = help(system, "qemu-ga", "10.2.0");
        let longest = text.lines().map(str::len).max();
        assert!(longest <= Some(80), "{longest:?}");
    }
}

#[test]
fn the_defaults_are_dumped() {
    insta::assert_snapshot!(dump_conf(&resolved("", &[])));
}

#[test]
fn settings_of_both_sources_are_dumped() {
    let config = "[general]\nmethod = isa-serial\npath=/dev/ttyS7\nblock-rpcs=a,b\nverbose=1\n\
                  [hospes]\nfreeze-limit=0\nhook-deadline=2m\nexec-result-kept=60\n";
    let arguments = ["-b", "c,d", "-F", "-l", "  /log", "--pathname"];
    assert_eq!(
        parsed(&arguments).unwrap_err().to_string(),
        "unrecognized option '--pathname'"
    );
    insta::assert_snapshot!(dump_conf(&resolved(config, &arguments[..5])));
}

#[test]
fn a_broken_configuration_is_told_with_its_line() {
    let table = [
        ("path=/x\n", 1, "a key before the first group"),
        (
            "[general]\nverbose=yes\n",
            2,
            "the value of 'verbose' cannot be interpreted: it is true or false",
        ),
        (
            "[general]\n\n[x\n",
            3,
            "'[x' is no key with a value, no group and no comment",
        ),
        ("[]\n", 1, "invalid group name ''"),
        ("[general]\npath[=1\n", 2, "invalid key name 'path['"),
        (
            "[general]\npath=/\\q\n",
            2,
            "the value of 'path' cannot be interpreted: a backslash stands before s, n, t, r or \\",
        ),
        (
            "[hospes]\nfreeze-limit=soon\n",
            2,
            "the value of 'freeze-limit' cannot be interpreted: it is a time as 90, 90s, 10m or 1h",
        ),
        (
            "[hospes]\nhook-deadline=0\n",
            2,
            "the value of 'hook-deadline' cannot be interpreted: a hook needs a deadline",
        ),
    ];
    for (text, line, what) in table {
        let error = decode_config(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.what.as_str()), (line, what), "{text}");
    }
    let long = vec![b'#'; MOST_CONFIG_BYTES + 1];
    assert!(decode_config(&long).is_err());
}

#[test]
fn what_nobody_reads_is_warned_of() {
    let config =
        "[general]\nblacklist=a\nnope=1\nfreeze-limit=1\n[other]\npath=/x\n[hospes]\npath=/x\n";
    let config = decode_config(config.as_bytes()).expect("it is a key file");
    assert_eq!(config.settings.block_rpcs, ["a"]);
    assert_eq!(config.settings.path, None);
    assert_eq!(
        config.warnings,
        [
            "line 3: nobody reads 'nope' in [general]",
            "line 4: nobody reads 'freeze-limit' in [general]",
            "line 6: nobody reads the group [other]",
            "line 8: nobody reads 'path' in [hospes]",
            "line 2: 'blacklist' is called 'block-rpcs' today",
        ]
    );
}

#[test]
fn the_command_line_beats_the_file_and_lists_add_up() {
    let config = "[general]\npath=/file\nlogfile=/file\ndaemon=true\nblacklist=old\nblock-rpcs=a,b\n\
                  allow-rpcs=c\n[hospes]\nfreeze-limit=1h\n";
    let settings = resolved(config, &["-p", "/cli", "-b", "d", "-v"]);
    assert_eq!(settings.path.as_deref(), Some("/cli"));
    assert_eq!(settings.log_file.as_deref(), Some(Path::new("/file")));
    assert!(settings.daemonize && settings.verbose && !settings.retry_path);
    assert_eq!(settings.block_rpcs, ["b", "a", "old", "d"]);
    assert_eq!(settings.allow_rpcs, ["c"]);
    assert_eq!(settings.freeze_limit, Some(Duration::from_secs(3600)));
    assert_eq!(settings.hook_deadline, defaults::HOOK_DEADLINE);
}

#[test]
fn a_limit_of_zero_is_no_limit() {
    assert_eq!(
        resolved("[hospes]\nfreeze-limit=0\n", &[]).freeze_limit,
        None
    );
    assert_eq!(resolved("", &[]).freeze_limit, Some(defaults::FREEZE_LIMIT));
}

#[test]
fn the_file_is_the_named_one_or_the_default() {
    let cli = |arguments: &[&str]| invocation(arguments).cli;
    let source = |path: &str, is_required| ConfigSource {
        path: path.into(),
        is_required,
    };
    let qga_conf = || Some(OsString::from("/env"));
    assert_eq!(
        ConfigSource::find(System::Linux, &cli(&["-c/cli"]), qga_conf()),
        source("/cli", true)
    );
    assert_eq!(
        ConfigSource::find(System::Linux, &cli(&[]), qga_conf()),
        source("/env", false)
    );
    assert_eq!(
        ConfigSource::find(System::Linux, &cli(&[]), None),
        source(linux().config, false)
    );
}

#[test]
fn an_endpoint_is_what_method_and_path_say() {
    let endpoint = |arguments: &[&str]| resolved("", arguments).endpoint();
    assert_eq!(
        endpoint(&[]),
        Ok(Endpoint::VirtioSerial(linux().virtio_serial.into()))
    );
    assert_eq!(
        endpoint(&["-misa-serial"]),
        Ok(Endpoint::IsaSerial(linux().isa_serial.into()))
    );
    assert_eq!(
        endpoint(&["-munix-listen", "-p/x"]),
        Ok(Endpoint::UnixListen("/x".into()))
    );
    let vsock = |path| endpoint(&["-mvsock-listen", "-p", path]);
    assert_eq!(
        vsock("3:1234"),
        Ok(Endpoint::VsockListen { cid: 3, port: 1234 })
    );
    for path in ["", "zz", "3:", ":3", "3:4:5", "-1:4", "3:4294967296"] {
        let error = EndpointError::Address(path.into());
        assert_eq!(vsock(path), Err(error), "{path}");
    }
    let error = endpoint(&["-mnope", "-p/x"]).unwrap_err();
    assert_eq!(error.to_string(), "unsupported channel method/type: nope");
}

#[test]
fn a_method_without_a_default_needs_a_path() {
    for method in ["unix-listen", "vsock-listen", "nope", ""] {
        let partial = PartialSettings {
            method: Some(method.into()),
            ..PartialSettings::default()
        };
        assert_eq!(
            Settings::resolve(System::Linux, partial.clone(), None),
            Err(MissingPath)
        );
        let inherited = Settings::resolve(System::Linux, partial, Some(Inherited::Vsock))
            .expect("no path is needed");
        assert_eq!(inherited.endpoint(), Ok(Endpoint::Inherited));
        assert_eq!(
            (inherited.method.as_str(), inherited.path),
            ("vsock-listen", None)
        );
    }
}

fn any_settings() -> impl Strategy<Value = PartialSettings> {
    let text = || proptest::option::of(any::<String>().prop_map(|text| text.replace('\0', "")));
    let flag = || proptest::option::of(any::<bool>());
    let list = || proptest::collection::vec("[ a-z,\\\\]{0,6}", 0..3);
    let time = || proptest::option::of((1..100_000_u64).prop_map(Duration::from_secs));
    let texts = (text(), text(), text(), text(), text(), text());
    let others = (
        flag(),
        flag(),
        flag(),
        list(),
        list(),
        time(),
        time(),
        time(),
    );
    (texts, others).prop_map(|(texts, others)| {
        let mut settings = PartialSettings {
            method: texts.0,
            path: texts.1.or_else(|| Some("/x".into())),
            log_file: texts.2,
            pid_file: texts.3,
            freeze_hook: texts.4,
            state_dir: texts.5,
            verbose: others.0,
            daemonize: others.1,
            retry_path: others.2,
            freeze_limit: others.5,
            hook_deadline: others.6,
            exec_result_kept: others.7,
            ..PartialSettings::default()
        };
        others.3.iter().for_each(|list| settings.block(list));
        others.4.iter().for_each(|list| settings.allow(list));
        settings
    })
}

proptest! {
    #[test]
    fn what_is_dumped_reads_the_same(partial in any_settings()) {
        let mut settings = Settings::resolve(System::Linux, partial, None).expect("there is a path");
        let config = decode_config(dump_conf(&settings).as_bytes()).expect("it was dumped");
        prop_assert_eq!(config.warnings, Vec::<String>::new());
        let again = Settings::resolve(System::Linux, config.settings, None).expect("there is a path");
        // QEMU's agent reverses a list whenever it reads one.
        settings.block_rpcs.reverse();
        settings.allow_rpcs.reverse();
        prop_assert_eq!(again, settings);
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(decode_config(&bytes));
    }

    #[test]
    fn no_lines_break_the_reader(
        lines in proptest::collection::vec("[\\[\\]=a-z\\\\ \r#general]{0,12}", 0..8)
    ) {
        drop(decode_config(format!("[general]\n{}", lines.join("\n")).as_bytes()));
    }

    #[test]
    fn no_arguments_break_the_parser(
        arguments in proptest::collection::vec("-{0,3}[a-zA-Z=,]{0,4}", 0..6)
    ) {
        for system in [System::Linux, System::Windows] {
            drop(parse(system, arguments.iter().map(OsString::from)));
        }
    }
}

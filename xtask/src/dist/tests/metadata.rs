//! The package of the metadata scripts.

use ::metadata::scripts::{Dialect, settings};

use super::super::metadata;
use super::super::staging::Node;
use super::*;

const UNITS: [&str; 4] = [
    "google-graceful-shutdown-scripts.service",
    "google-shutdown-scripts.service",
    "google-startup-scripts.service",
    "hospes-metadata-watcher.service",
];

fn package(family: Family) -> Package {
    metadata::package(family, sources()).unwrap()
}

/// The units of `package`, by name.
fn units(package: &Package) -> Vec<(&str, String)> {
    let mut units = Vec::new();
    for (path, node) in package.tree.iter() {
        let name = path.strip_prefix("/usr/lib/systemd/system/");
        if let (Some(name), Node::File { content, .. }) = (name, node) {
            units.push((name, String::from_utf8(content.clone()).unwrap()));
        }
    }
    units
}

#[test]
fn the_deb_is_of_every_machine_and_needs_its_own_agent() {
    if !has("dpkg-deb") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = deb_of(&package(Family::Deb), &folder);
    assert_eq!(
        package.file_name().unwrap().to_str(),
        Some("hospes-metadata-scripts_1.2.3_all.deb")
    );
    for (field, value) in [
        ("Architecture", "all"),
        ("Depends", "hospes-agent (= 1.2.3)"),
        ("Conflicts", "google-guest-agent"),
        ("Replaces", "google-guest-agent"),
        ("Provides", ""),
    ] {
        let file = package.to_str().unwrap();
        let told = process::output(Command::new("dpkg-deb").args(["--field", file, field]));
        assert_eq!(told.unwrap().trim(), value, "{field}");
    }
    let listed = listed(&package);
    let units = UNITS.map(|unit| format!("-rw-r--r-- root/root ./usr/lib/systemd/system/{unit}"));
    for line in units.iter().map(String::as_str).chain([
        "-rw-r--r-- root/root ./usr/lib/systemd/system-preset/90-google-guest-agent.preset",
        "lrwxrwxrwx root/root ./usr/bin/google_metadata_script_runner -> ../sbin/hospes-agent",
        "lrwxrwxrwx root/root ./usr/bin/google_metadata_script_runner_adapt -> ../sbin/hospes-agent",
    ]) {
        assert!(
            listed.iter().any(|listed| listed == line),
            "{line} not in {listed:#?}"
        );
    }
    let in_etc = listed.iter().any(|line| line.contains("/etc/"));
    assert!(!in_etc, "dpkg would ask about it: {listed:#?}");
}

#[test]
fn the_rpm_is_of_every_machine_and_needs_its_own_agent() {
    if !has("rpmbuild") || !has("rpm") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = rpm_of(&package(Family::Rpm), &folder);
    assert_eq!(
        package.file_name().unwrap().to_str(),
        Some("hospes-metadata-scripts-1.2.3-1.noarch.rpm")
    );
    let told = |what: &str| said("rpm", &["-qp", what], &package);
    let has_line = |text: &str, line: &str| text.lines().any(|l| l == line);
    assert!(has_line(&told("--requires"), "hospes-agent = 1.2.3"));
    assert!(has_line(&told("--conflicts"), "google-guest-agent"));
    assert_eq!(told("--obsoletes"), "");
    let files = told("--list");
    let units = UNITS.map(|unit| format!("/usr/lib/systemd/system/{unit}"));
    for path in units.iter().map(String::as_str).chain([
        "/usr/bin/google_metadata_script_runner",
        "/usr/bin/google_metadata_script_runner_adapt",
    ]) {
        assert!(has_line(&files, path), "{path} not in {files}");
    }
}

#[test]
fn the_same_sources_make_the_same_metadata_package() {
    let build = || {
        let folder = tempfile::tempdir().unwrap();
        std::fs::read(deb_of(&package(Family::Deb), &folder)).unwrap()
    };
    if has("dpkg-deb") {
        assert!(build() == build(), "packages differ");
    }
}

/// systemd itself reads them; the programs are not on this machine.
#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if !has("systemd-analyze") {
        return;
    }
    for family in [Family::Deb, Family::Rpm] {
        let folder = tempfile::tempdir().unwrap();
        let verified = |units: &[(&str, String)]| {
            for (name, text) in units {
                std::fs::write(folder.path().join(name), text).unwrap();
            }
            let mut analyze = Command::new("systemd-analyze");
            analyze.args(["verify", "--man=no"]);
            analyze.args(units.iter().map(|(name, _)| folder.path().join(name)));
            analyze.env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()));
            let output = analyze.output().unwrap();
            let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.success(), complaints)
        };
        let package = package(family);
        let mut units = units(&package);
        let service = include_str!("../../../../packaging/hospes/hospes-metadata.service");
        units.push(("hospes-metadata.service", service.to_owned()));
        for (_, text) in &mut units {
            assert!(!text.contains('@'), "{text}");
            for program in [
                "/usr/bin/google_metadata_script_runner_adapt",
                "/usr/sbin/hospes-agent",
                "/usr/bin/hospes-agent",
                "/usr/bin/hospes ",
            ] {
                *text = text.replace(program, "/bin/true ");
            }
        }
        assert_eq!(verified(&units), (true, String::new()));
        units[0].1 = units[0].1.replace("Type=oneshot", "Type=onshot");
        assert!(verified(&units).1.contains("onshot"), "nothing is verified");
    }
}

#[test]
fn the_units_run_the_agent_where_each_family_has_it() {
    for (family, program) in [
        (Family::Deb, "/usr/sbin/hospes-agent"),
        (Family::Rpm, "/usr/bin/hospes-agent"),
    ] {
        let package = package(family);
        let commands: Vec<String> = units(&package)
            .iter()
            .flat_map(|(_, text)| text.lines())
            .filter(|line| line.starts_with("Exec"))
            .map(str::to_owned)
            .collect();
        let runner = "/usr/bin/google_metadata_script_runner_adapt";
        let expected = [
            format!("ExecStart={runner} graceful-shutdown"),
            format!("ExecStopPost={program} report-graceful-shutdown"),
            "ExecStart=/bin/true".to_owned(),
            format!("ExecStop={runner} shutdown --only-at-poweroff"),
            format!("ExecStart={runner} startup"),
            format!("ExecStart={program} metadata-watcher"),
        ];
        assert_eq!(commands, expected);
    }
}

/// The graceful unit is in the preset and has nothing to enable: nobody but the watcher starts it.
#[test]
fn the_preset_names_all_and_the_graceful_unit_is_enabled_by_nothing() {
    let package = package(Family::Deb);
    let preset = package.tree.iter().find_map(|(path, node)| match node {
        Node::File { content, .. } if path.ends_with(".preset") => Some(content.clone()),
        _ => None,
    });
    let preset = String::from_utf8(preset.unwrap()).unwrap();
    let mut named: Vec<_> = preset
        .lines()
        .map(|line| line.strip_prefix("enable ").unwrap())
        .collect();
    named.sort_unstable();
    assert_eq!(named, UNITS);
    for (name, text) in units(&package) {
        let graceful = name == "google-graceful-shutdown-scripts.service";
        assert_eq!(text.contains("[Install]"), !graceful, "{name}");
    }
}

/// An upgrade, a removal or a reinstallation runs no script and stops none.
#[test]
fn the_maintainer_scripts_touch_no_unit_that_runs_scripts() {
    let acts = ["start", "stop", "restart", "kill", "isolate", "reload"];
    let harmless = [
        r#"begin start "$shutdown""#,
        r#"begin restart "$watcher""#,
        r#"systemctl stop "$watcher" >/dev/null 2>&1 || :"#,
        "deb-systemd-invoke stop hospes-metadata-watcher.service >/dev/null || true",
        r#"systemctl --system --no-block "$1" "$2" || true"#,
        r#"systemctl --no-block "$1" "$2" >/dev/null 2>&1 || :"#,
    ];
    for family in [Family::Deb, Family::Rpm] {
        for (name, text) in package(family).scripts {
            process::output(Command::new("sh").args(["-n", "-c", &text])).unwrap();
            let lines = text.lines().map(str::trim);
            let commands = lines.filter(|line| !line.starts_with('#'));
            for line in commands.filter(|line| !harmless.contains(line)) {
                let mut words = line.split_whitespace();
                let acting = words.find(|word| acts.contains(word));
                assert_eq!(acting, None, "{name}: {line}");
            }
        }
    }
}

#[test]
fn the_settings_to_copy_are_those_that_the_program_reads() {
    for (dialect, file) in [
        (Dialect::Linux, "packaging/metadata/instance_configs.cfg"),
        (Dialect::Windows, "packaging/windows/instance_configs.cfg"),
    ] {
        let mut known: Vec<&str> = settings(dialect).map(|setting| setting.name).collect();
        let text = sources().text(file).unwrap();
        let setting = |line: &str| Some(line.strip_prefix('#')?.split_once(" =")?.0.to_owned());
        let mut offered: Vec<String> = text.lines().filter_map(setting).collect();
        known.sort_unstable();
        offered.sort();
        assert_eq!(offered, known);
    }
}

//! The zip for Windows: the agent, the same program as script runner, and what installs them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::options::{Options, Product, Profile};
use super::{archive, notices, report, toolchain};
use crate::setup::{self, Presence};
use crate::workspace::Workspace;
use crate::{process, say, windows};

/// The program under both of its names.
const PROGRAMS: [&str; 2] = ["hospes-agent.exe", "GCEMetadataScriptRunner.exe"];

/// Texts, and where they come from.
const TEXTS: [(&str, &str); 10] = [
    ("install.cmd", "packaging/windows/install.cmd"),
    ("uninstall.cmd", "packaging/windows/uninstall.cmd"),
    ("README.txt", "packaging/windows/README.txt"),
    (
        "instance_configs.cfg",
        "packaging/windows/instance_configs.cfg",
    ),
    ("qemu-ga.conf", "packaging/windows/qemu-ga.conf"),
    ("policy/gpt.ini", "packaging/windows/policy/gpt.ini"),
    ("policy/scripts.ini", "packaging/windows/policy/scripts.ini"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
];

/// The task scheduler wants UTF-16.
const TASK: (&str, &str) = ("startup-task.xml", "packaging/windows/startup-task.xml");

const NOTICES: &str = "third-party-licenses.txt";

/// The linker would write down the time.
const NO_TIME: &str = "\x1f-Clink-arg=-Wl,--no-insert-timestamp";

/// Makes the zip in the folder `out`, where the agent is asked for and can be built.
pub(super) fn make(
    workspace: &Workspace,
    options: &Options,
    epoch: u64,
    out: &Path,
) -> Result<Option<PathBuf>> {
    if options.deb_only || !options.products().contains(&Product::HospesAgent) {
        return Ok(None);
    }
    let name = Product::HospesAgent.name();
    say::heading(&format!("build {name} {} for Windows", options.version()));
    if let Presence::Absent(reason) = setup::can_build_for_windows() {
        say::line(&format!(
            "    NOTE: no zip for Windows: {reason}; `cargo xtask test-windows` installs them"
        ));
        return Ok(None);
    }
    let program = build(workspace, options)?;
    let program =
        std::fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
    let size = report::megabytes(program.len() as u64);
    say::line(&format!("    {size:.2} MB"));
    let notices = notices::of(workspace, Product::HospesAgent, windows::TARGET)?;
    let name = format!("{name}-{}-windows-x86_64", options.version());
    let files = files(workspace.root(), options.version(), &program, &notices)?;
    let files: Vec<(String, Vec<u8>)> = files
        .into_iter()
        .map(|(file, content)| (format!("{name}/{file}"), content))
        .collect();
    let path = out.join(format!("{name}.zip"));
    archive::write(&path, &files, epoch)?;
    Ok(Some(path))
}

/// Compiles the agent and says where it is.
fn build(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let name = Product::HospesAgent.name();
    let (profile, folder) = toolchain::profile(options.profile, Product::HospesAgent);
    let mut cargo = windows::cargo(workspace, "build")?;
    cargo.args(["--locked", "--package", name, "--bin", name]);
    cargo.args(["--profile", profile]);
    if options.profile == Profile::Dist {
        let flags = toolchain::without_paths(workspace) + NO_TIME;
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
    }
    toolchain::name_version(&mut cargo, options);
    process::run(&mut cargo)?;
    let made_in = windows::target_folder(workspace)?.join(windows::TARGET);
    Ok(made_in.join(folder).join(PROGRAMS[0]))
}

/// What is in the zip, with `program` as the agent and `notices` as the licences of others.
pub(crate) fn files(
    root: &Path,
    version: &str,
    program: &[u8],
    notices: &str,
) -> Result<Vec<(String, Vec<u8>)>> {
    let read = |path: &str| {
        let path = root.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut files = Vec::new();
    for name in PROGRAMS {
        files.push((name.to_owned(), program.to_vec()));
    }
    for (name, source) in TEXTS {
        let text = read(source)?.replace("@VERSION@", version);
        files.push((name.to_owned(), lines_of_windows(&text).into_bytes()));
    }
    files.push((NOTICES.to_owned(), lines_of_windows(notices).into_bytes()));
    let task = lines_of_windows(&read(TASK.1)?);
    files.push((TASK.0.to_owned(), utf_16(&task)));
    Ok(files)
}

/// cmd does not find labels in files with other ends of lines.
fn lines_of_windows(text: &str) -> String {
    let lines = text.lines();
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// With the mark of the order of bytes.
fn utf_16(text: &str) -> Vec<u8> {
    let marked = std::iter::once('\u{feff}').chain(text.chars());
    let units: Vec<u16> = String::from_iter(marked).encode_utf16().collect();
    units.into_iter().flat_map(u16::to_le_bytes).collect()
}

//! Startup scripts.

use anyhow::{Result, ensure};

use crate::apt::AptRepository;
use crate::windows::site::{Guest, RUNNER, logged};
use crate::windows::{Site, stand_in};

const POWERSHELL: &str = "# from PowerShell\r\nWrite-Output 1\r\n";
const CMD: &str = "@echo off\r\necho the cmd script has %HOSPES_SCRIPT_KEY%\r\n";
const BAT: &str = "@echo off\r\necho the bat script fails\r\nexit /b 7\r\n";
const FETCHED: &str = "@echo the fetched script runs\r\n";

/// What follows the first line, which has the version, but for the folder of the PowerShell script.
const EXPECTED: &str = r#"Found windows-startup-script-ps1 in metadata.
windows-startup-script-ps1: called: "powershell.exe" -NoProfile -NoLogo -ExecutionPolicy Unrestricted -File FOLDER\windows-startup-script-ps1.ps1
windows-startup-script-ps1: script: # from PowerShell
windows-startup-script-ps1 exit status 0
Found windows-startup-script-cmd in metadata.
windows-startup-script-cmd: the cmd script has windows-startup-script-cmd
windows-startup-script-cmd exit status 0
Found windows-startup-script-bat in metadata.
windows-startup-script-bat: the bat script fails
Script "windows-startup-script-bat" failed with error: exit status 7
Found windows-startup-script-url in metadata.
windows-startup-script-url: the fetched script runs
windows-startup-script-url exit status 0
Finished running startup scripts."#;

/// All four kinds, of which one fails; a second start in the same boot; one that is forced.
pub(super) async fn scripts(site: Site) -> Result<()> {
    let guest = site.guest().await?;
    stand_in::install(&guest.wine, &site.folder("stand-in")?).await?;
    let files = site.folder("files")?;
    // The server takes the whole for the file's name; the ending that counts is that of the path.
    std::fs::write(files.join("last.cmd?version=1.ps1"), FETCHED)?;
    let server = AptRepository::serve(&files).await?;
    let url = format!("{}/last.cmd?version=1.ps1", server.local_url());
    let scripts = [
        ("url", &*url),
        ("bat", BAT),
        ("cmd", CMD),
        ("ps1", POWERSHELL),
    ];
    for (kind, value) in scripts {
        let key = format!("windows-startup-script-{kind}");
        guest.host.set(&key, value).await?;
    }
    in_order(&site, &guest).await?;
    once(&site, &guest).await?;
    again(&site, &guest).await
}

async fn in_order(site: &Site, guest: &Guest) -> Result<()> {
    site.step("all kinds");
    let run = guest.run(RUNNER, &["startup"]).await?.expect(1)?;
    let output = expect_lines(&run.output)?;
    let port = guest.wine.port().text();
    let port: Vec<&str> = logged(&port).collect();
    ensure!(
        port == output.lines().collect::<Vec<_>>(),
        "COM1: {port:#?}"
    );
    for line in output.lines() {
        // Wine writes quotation marks as in C.
        let event = line.replace('\\', r"\\").replace('"', "\\\"");
        ensure!(
            run.errors.contains(&event),
            "no event: {line}\n{}",
            run.errors
        );
    }
    Ok(())
}

/// Answers standard output, if it is what is expected.
fn expect_lines(output: &str) -> Result<String> {
    let (first, rest) = output.split_once('\n').unwrap_or((output, ""));
    ensure!(
        first.starts_with("Starting startup scripts (version "),
        "{output}"
    );
    let folder = rest
        .split_once(" -File ")
        .and_then(|(_, rest)| rest.split_once(r"\windows-startup-script-ps1.ps1"))
        .map_or("", |(folder, _)| folder);
    ensure!(
        folder.starts_with(r"C:\") && folder.contains(r"\metadata-scripts"),
        "{output}"
    );
    let (expected, rest) = (EXPECTED.replace("FOLDER", folder), rest.trim_end());
    ensure!(rest == expected, "expected:\n{expected}\n\nfound:\n{rest}");
    Ok(output.to_owned())
}

async fn once(site: &Site, guest: &Guest) -> Result<()> {
    site.step("a second start in the same boot");
    let second = guest.run(RUNNER, &["startup"]).await?.expect(0)?;
    let line = "The startup scripts have run in this boot; `--again` runs them again.";
    ensure!(second.output.trim_end() == line, "{}", second.output);
    Ok(())
}

async fn again(site: &Site, guest: &Guest) -> Result<()> {
    site.step("again, with a PowerShell script that fails");
    guest.host.set("windows-startup-script-bat", CMD).await?;
    let fails = [(stand_in::EXIT, "3")];
    let arguments = ["startup", "--again"];
    let third = guest
        .run_with(RUNNER, &arguments, &fails)
        .await?
        .expect(1)?;
    let failed = third.output.matches("failed with error").count();
    let why = "Script \"windows-startup-script-ps1\" failed with error: exit status 3";
    ensure!(
        failed == 1 && third.output.contains(why),
        "{}",
        third.output
    );
    let succeeded = third.output.matches(" exit status 0\n").count();
    ensure!(succeeded == 3, "{}", third.output);
    Ok(())
}

/// Without a directory of the lab's: what Windows forgets with a boot.
pub(super) async fn boots(site: Site) -> Result<()> {
    let mut guest = site.guest_with(&[RUNNER], None).await?;
    guest.host.set("windows-startup-script-cmd", CMD).await?;
    let runs = "windows-startup-script-cmd exit status 0";
    for boot in ["this boot", "the next boot"] {
        site.step(boot);
        for line in [runs, "The startup scripts have run in this boot"] {
            let run = guest.run(RUNNER, &["startup"]).await?.expect(0)?;
            let found = run.output.contains(line);
            ensure!(found, "{boot}, expected `{line}`:\n{}", run.output);
        }
        let directories = std::fs::read_dir(guest.wine.path(r"ProgramData\hospes-agent\run"))?;
        ensure!(
            directories.count() == 1,
            "{boot}: what others left is there"
        );
        guest.wine.reboot()?;
    }
    Ok(())
}

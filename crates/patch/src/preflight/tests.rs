use proptest::prelude::*;

use super::*;
use crate::preview::{Install, Preview, Removal};
use crate::settings::{RebootPolicy, Settings};
use crate::version::Version;
use crate::wire;

const BOOT: &str = "11111111-2222-4333-8444-555555555555";
const DEBIAN: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n\
    VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
const UBUNTU: &str = "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nVERSION_ID=\"24.04\"\n\
    VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n";
const DF: &str = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
    /dev/vda1         20466256  9102344  10301928      47% /\n";
const FULL: &str = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
    /dev/vda2 491520 450000 41520 92% /boot\n";
const AUDIT: &str = "The following packages are in a mess due to serious problems during\n\
    installation.  They must be reinstalled for them (and any packages\n\
    that depend on them) to function properly:\n x                    short\n\n\
    The following packages have been unpacked but not yet configured.\n\
    They must be configured using dpkg --configure or the configure\n\
    menu option in dselect for them to work:\n y:amd64              short\n\n\
    The following packages are only half configured, probably due to problems\n\
    configuring them the first time.  The configuration should be retried using\n\
    dpkg --configure <package> or the configure menu option in dselect:\n z                    short\n\n\
    The following packages have been triggered, but the trigger processing\n\
    has not yet been done.  Trigger processing can be requested using\n\
    dselect or dpkg --configure --pending (or dpkg --triggers-only):\n w                    short\n\n\
    The following packages are missing the md5sums control file in the\n\
    database, they need to be reinstalled:\n y:amd64              short\n\n";
const INHIBITORS: &str = "\
WHO                          UID USER PID COMM            WHAT     WHY                                                       MODE\n\
ModemManager                 0   root 394 ModemManager    sleep    ModemManager needs to reset devices                       delay\n\
Unattended Upgrades Shutdown 0   root 493 unattended-upgr shutdown Stop ongoing upgrades or perform upgrades before shutdown delay\n\
PackageKit                   0   root 812 packagekitd     shutdown Package Update in Progress                                block\n\
\n3 inhibitors listed.\n";
const OLD_INHIBITORS: &str = "     Who: Unattended Upgrades Shutdown (UID 0/root, PID 493/unattended-upgr)\n\
    \x20   What: shutdown\n     Why: Stop ongoing upgrades\n    Mode: delay\n\n1 inhibitors listed.\n";
const POLICY: &str = "Package files:\n 100 /var/lib/dpkg/status\n     release a=now\nPinned packages:\n\
    \x20    libssl3 -> 3.0.19-1~deb12u2 with priority 1001\n     jq -> 1.6-2.1+deb12u2 with priority -1\n";
const CHECK: &str = "Reading package lists...\nYou might want to run 'apt --fix-broken install' to correct these.\n\
    The following packages have unmet dependencies:\n sed : Depends: nowhere (>= 2) but it is not installable\n\
    E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).\n";

type Frames = Vec<(&'static str, &'static str, &'static str)>;

/// A guest to which nothing stands in the way.
fn good() -> Frames {
    vec![
        ("os", "0", DEBIAN),
        ("boot-id", "0", BOOT),
        ("uid", "0", "0"),
        ("systemd", "0", "yes"),
        ("space:/", "0", DF),
        ("space:/var", "0", DF),
        ("space:/boot", "0", DF),
        ("apt", "0", "apt 2.6.1 (amd64)\nSupported modules:"),
        ("held", "0", ""),
        ("check", "0", "Reading package lists..."),
        ("policy", "0", "Pinned packages:"),
        ("journal", "0", "0"),
        ("audit", "0", ""),
        ("locks", "0", ""),
        ("kernel", "0", "6.1.0-18-amd64"),
        ("kernels", "0", "6.1.0-18-amd64"),
        ("failed", "0", ""),
    ]
}

fn with(change: &[(&'static str, &'static str, &'static str)]) -> Preflight {
    let mut frames = good();
    for (kind, status, body) in change {
        frames.retain(|frame| frame.0 != *kind);
        frames.push((kind, status, body));
    }
    let mut answer = "Last login: today\n@hospes-patch 1 0\n\n".to_owned();
    for (kind, status, body) in frames {
        answer.push_str(&format!("@{kind} {status} {}\n{body}\n", body.len()));
    }
    answer.push_str("@end 0 0\n\nlogout");
    Preflight::parse(answer.as_bytes()).unwrap()
}

fn settings() -> Settings {
    Settings::new("r1".parse().unwrap())
}

#[test]
fn everything_that_is_printed_is_read() {
    let facts = with(&[
        ("os", "0", UBUNTU),
        ("held", "0", "linux-generic\nnginx\n"),
        ("check", "100", CHECK),
        ("policy", "0", POLICY),
        ("journal", "0", "3"),
        ("audit", "0", AUDIT),
        ("space:/boot", "0", FULL),
        (
            "locks",
            "0",
            "1234 /var/lib/dpkg/lock-frontend apt-daily-upgrade.service unattended-upgr\n77 /var/lib/dpkg/lock - dpkg\n",
        ),
        ("inhibitors", "0", INHIBITORS),
        ("molly-guard", "0", "yes"),
        ("marked", "0", "linux-base\n"),
        (
            "failed",
            "0",
            "apt-news.service loaded failed failed Update APT News\nnginx.service loaded failed failed web\n",
        ),
    ]);
    insta::assert_json_snapshot!(facts);
    let old = with(&[("inhibitors", "0", OLD_INHIBITORS)]);
    assert_eq!(old.inhibitors[0].who, "Unattended Upgrades Shutdown");
    assert!(!old.inhibitors[0].blocks_shutdown());
}

#[test]
fn each_obstacle_has_its_verdict_and_its_remedy() {
    let lock = "1234 /var/lib/dpkg/lock-frontend apt-daily.service unattended-upgr";
    let half = "The following packages are only half configured, probably due to problems\n\
        configuring them the first time.\n zip   Archiver\n";
    let mess = "The following packages are in a mess due to serious problems during\n\
        installation.\n zip   Archiver\n";
    let mut lines = String::new();
    for (name, change) in [
        ("good", vec![]),
        ("not root", vec![("uid", "0", "1000")]),
        (
            "no apt",
            vec![
                ("apt", "127", ""),
                ("os", "0", "PRETTY_NAME=\"Alpine Linux v3.20\"\n"),
            ],
        ),
        ("no systemd", vec![("systemd", "1", "")]),
        ("full", vec![("space:/var", "0", FULL)]),
        ("room unknown", vec![("space:/", "1", "")]),
        ("locked", vec![("locks", "0", lock)]),
        (
            "locked and half way",
            vec![("locks", "0", lock), ("audit", "0", mess)],
        ),
        ("interrupted", vec![("journal", "0", "2")]),
        (
            "half configured",
            vec![("audit", "0", half), ("check", "100", CHECK)],
        ),
        ("in a mess", vec![("audit", "0", mess)]),
        ("broken", vec![("check", "100", CHECK)]),
        ("inhibited", vec![("inhibitors", "0", INHIBITORS)]),
        (
            "guarded, held and pinned",
            vec![
                ("molly-guard", "0", "yes"),
                ("held", "0", "zip"),
                ("policy", "0", POLICY),
            ],
        ),
    ] {
        let facts = with(&change);
        for allow_mending in [false, true] {
            let mut settings = settings();
            settings.allow_mending = allow_mending;
            let verdict = facts.verdict(&settings);
            let word = match &verdict {
                Verdict::Go => "go",
                Verdict::Mendable(_) => "mendable",
                Verdict::Busy(_) => "busy",
                Verdict::Refused(_) => "refused",
            };
            lines.push_str(&format!("{name} (mending {allow_mending}): {word}\n"));
        }
        for obstacle in facts.obstacles(&settings()) {
            lines.push_str(&format!("    {obstacle}; {}\n", obstacle.remedy()));
        }
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn an_inhibited_shutdown_matters_only_where_a_reboot_may_follow() {
    let facts = with(&[("inhibitors", "0", INHIBITORS)]);
    let mut settings = settings();
    assert!(matches!(facts.verdict(&settings), Verdict::Refused(_)));
    settings.reboot = RebootPolicy::Never;
    assert_eq!(facts.verdict(&settings), Verdict::Go);
}

#[test]
fn removals_have_to_be_allowed_and_kernels_need_room() {
    let facts = with(&[("space:/boot", "0", FULL)]);
    let mut preview = Preview::default();
    assert_eq!(facts.obstacles_to(&preview, &settings()), []);
    preview.installs.push(Install {
        package: "linux-image-6.1.0-21-amd64".to_owned(),
        version: Version::new("1"),
        origins: Vec::new(),
    });
    preview.removals.push(Removal {
        package: "bc".to_owned(),
        version: Version::new("1"),
    });
    let said = |settings: &Settings| {
        let found = facts.obstacles_to(&preview, settings).into_iter();
        found.map(|one| one.to_string()).collect::<Vec<_>>()
    };
    let room = "/boot has 40 MiB free, 160 are needed".to_owned();
    assert_eq!(
        said(&settings()),
        ["would remove bc".to_owned(), room.clone()]
    );
    let mut allowing = settings();
    allowing.allow_removals = true;
    assert_eq!(said(&allowing), [room]);
}

fn all_kinds(text: &str) -> Preflight {
    let kinds = [
        "os",
        "boot-id",
        "space:/",
        "apt",
        "held",
        "check",
        "policy",
        "journal",
        "audit",
        "locks",
        "inhibitors",
        "kernel",
        "kernels",
        "marked",
        "failed",
        "needrestart",
    ];
    let frames = kinds.iter().flat_map(|kind| {
        ["0", "1"].map(|status| wire::Frame {
            kind,
            status,
            body: text.as_bytes(),
        })
    });
    intake::take(&frames.collect::<Vec<_>>())
}

#[test]
fn what_is_kept_of_a_guest_is_bounded() {
    for line in ["1 /f u.service c\n", " p\n", "p.service x\n", "Who: a\n"] {
        let facts = all_kinds(&line.repeat(3_000));
        let failed = facts.failed_units.map_or(0, |units| units.len());
        assert!(facts.locks.len() <= 500 && facts.unsettled.len() <= 500 && failed <= 500);
        assert!(facts.held.len() <= 500 && facts.inhibitors.len() <= 100);
        assert!(facts.reboot.kernels.len() <= 500 && facts.reboot.marked_by.len() <= 500);
    }
}

proptest! {
    #[test]
    fn any_values_are_read_without_a_panic(
        text in "([ -~é\n\t]|WHO |WHAT |WHY | UID |MODE|Who: | -> | with priority |%){0,80}",
    ) {
        let facts = all_kinds(&text);
        let _ = facts.verdict(&settings());
    }
}

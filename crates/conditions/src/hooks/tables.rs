//! The names that decide: commands, units and properties.

/// Properties whose command lines systemd runs when a unit starts, stops or reloads.
pub(crate) const EXEC_KEYS: [&str; 7] = [
    "ExecCondition",
    "ExecStartPre",
    "ExecStart",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "ExecStopPost",
];

/// Properties that name what the manager itself does.
pub(crate) const ACTION_KEYS: [&str; 4] = [
    "SuccessAction",
    "FailureAction",
    "StartLimitAction",
    "JobTimeoutAction",
];

/// Properties that name units started because this one ended.
pub(crate) const EVENT_KEYS: [&str; 2] = ["OnFailure", "OnSuccess"];

/// Properties that name units started together with this one.
pub(crate) const PULL_KEYS: [&str; 4] = ["Wants", "Requires", "BindsTo", "Upholds"];

/// Properties that name units stopped together with this one.
pub(crate) const STOP_KEYS: [&str; 5] = [
    "ConsistsOf",
    "PropagatesStopTo",
    "BoundBy",
    "RequiredBy",
    "RequisiteOf",
];

/// Whether a text names the agent: its unit, package, program or port.
pub(super) fn names_agent(text: &str) -> bool {
    ["qemu-guest-agent", "qemu-ga", "hospes-agent", "guest_agent"]
        .iter()
        .any(|n| text.contains(n))
}

/// The power action that starting this unit is, if it is one.
pub(super) fn power_unit(name: &str) -> Option<&'static str> {
    let stem = name
        .strip_suffix(".target")
        .or_else(|| name.strip_suffix(".service"))?;
    Some(match stem.strip_prefix("systemd-").unwrap_or(stem) {
        "poweroff" | "runlevel0" | "shutdown" => "poweroff",
        "reboot" | "runlevel6" | "ctrl-alt-del" => "reboot",
        "halt" => "halt",
        "kexec" => "kexec",
        "soft-reboot" => "soft-reboot",
        "exit" => "exit",
        _ => return None,
    })
}

/// Units that a stop or start reaches on every system and that are not anybody's hook.
pub(super) fn is_ordinary_unit(name: &str) -> bool {
    const STEMS: [&str; 24] = [
        "sysinit",
        "basic",
        "multi-user",
        "graphical",
        "default",
        "network",
        "network-pre",
        "network-online",
        "local-fs",
        "local-fs-pre",
        "remote-fs",
        "remote-fs-pre",
        "sockets",
        "timers",
        "paths",
        "slices",
        "swap",
        "time-sync",
        "time-set",
        "nss-lookup",
        "nss-user-lookup",
        "getty",
        "rescue",
        "emergency",
    ];
    let Some((stem, kind)) = name.rsplit_once('.') else {
        return true;
    };
    match kind {
        "target" => STEMS.contains(&stem),
        "service" => stem.starts_with("google-"),
        "socket" | "timer" | "path" => false,
        _ => true,
    }
}

/// Commands that run the rest of their line as a command: name, short options that take a value,
/// and how many words stand before the command.
pub(super) const PREFIXES: [(&str, &str, usize); 26] = [
    ("exec", "a", 0),
    ("command", "", 0),
    ("builtin", "", 0),
    ("nohup", "", 0),
    ("setsid", "", 0),
    ("sudo", "ugpCrtTUhDR", 0),
    ("doas", "uC", 0),
    ("pkexec", "", 0),
    ("env", "uC", 0),
    ("nice", "n", 0),
    ("ionice", "cn", 0),
    ("chrt", "", 1),
    ("taskset", "", 1),
    ("timeout", "ks", 1),
    ("stdbuf", "ioe", 0),
    ("time", "fo", 0),
    ("systemd-run", "upHMEpdGr", 0),
    ("systemd-inhibit", "", 0),
    ("systemd-cat", "tp", 0),
    ("xargs", "IadEeLlnPs", 0),
    ("unshare", "", 0),
    ("nsenter", "tSGWw", 0),
    ("chroot", "", 1),
    ("flock", "wE", 1),
    ("busybox", "", 0),
    ("toybox", "", 0),
];

/// Long options of the prefixes whose value is the next word.
pub(super) const LONG_WITH_VALUE: [&str; 26] = [
    "--unit",
    "--property",
    "--description",
    "--slice",
    "--on-active",
    "--on-boot",
    "--on-startup",
    "--on-unit-active",
    "--on-unit-inactive",
    "--on-calendar",
    "--timer-property",
    "--path-property",
    "--socket-property",
    "--uid",
    "--gid",
    "--nice",
    "--working-directory",
    "--setenv",
    "--service-type",
    "--user",
    "--group",
    "--signal",
    "--kill-after",
    "--what",
    "--who",
    "--why",
];

/// Commands that take power words as plain text and run nothing.
pub(super) const INERT: [&str; 62] = [
    "echo",
    "printf",
    "logger",
    "wall",
    "notify-send",
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "test",
    "[",
    "[[",
    "cat",
    "tac",
    "ls",
    "rm",
    "rmdir",
    "mkdir",
    "touch",
    "cp",
    "mv",
    "ln",
    "chmod",
    "chown",
    "true",
    "false",
    ":",
    "which",
    "type",
    "hash",
    "sed",
    "awk",
    "cut",
    "tr",
    "head",
    "tail",
    "sort",
    "uniq",
    "wc",
    "sleep",
    "kill",
    "pkill",
    "killall",
    "pgrep",
    "pidof",
    "ps",
    "return",
    "exit",
    "set",
    "shift",
    "unset",
    "read",
    "cd",
    "break",
    "continue",
    "for",
    "case",
    "function",
    "alias",
    "man",
    "tee",
    "last",
];

/// Tools of the system that are not read when a script calls them by name.
pub(super) const SYSTEM_TOOLS: [&str; 40] = [
    "systemctl",
    "loginctl",
    "journalctl",
    "busctl",
    "dbus-send",
    "gdbus",
    "udevadm",
    "invoke-rc.d",
    "update-rc.d",
    "deb-systemd-helper",
    "deb-systemd-invoke",
    "dpkg",
    "dpkg-query",
    "dpkg-divert",
    "dpkg-maintscript-helper",
    "dpkg-statoverride",
    "dpkg-trigger",
    "py3compile",
    "py3clean",
    "adduser",
    "addgroup",
    "useradd",
    "groupadd",
    "getent",
    "md5sum",
    "sha256sum",
    "find",
    "install",
    "id",
    "date",
    "hostname",
    "mktemp",
    "basename",
    "dirname",
    "readlink",
    "stat",
    "sync",
    "qemu-ga",
    "hospes-agent",
    "restorecon",
];

//! The commands and their parameters (QEMU's `qga/qapi-schema.json`).

/// One command.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) setting: Setting,
}

/// One parameter, with values that it takes, as JSON.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) valid: &'static [&'static str],
}

/// What stands around a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Nothing.
    None,
    /// A file is open with the handle `@handle@`, and is closed afterwards.
    File,
    /// A file that was opened is closed afterwards.
    Opens,
    /// A program that was started is waited for.
    Starts,
    /// Both agents refuse it by their configuration.
    Blocked,
}

const fn command(name: &'static str, parameters: &'static [Parameter]) -> Command {
    let setting = Setting::None;
    Command {
        name,
        parameters,
        setting,
    }
}

impl Command {
    const fn within(self, setting: Setting) -> Self {
        Self { setting, ..self }
    }
}

const fn needs(name: &'static str, valid: &'static [&'static str]) -> Parameter {
    let required = true;
    Parameter {
        name,
        required,
        valid,
    }
}

const fn takes(name: &'static str, valid: &'static [&'static str]) -> Parameter {
    let required = false;
    Parameter {
        name,
        required,
        valid,
    }
}

const NOTHING: &[Parameter] = &[];
const ID: Parameter = needs("id", &["1", "-7", "9223372036854775807"]);
const HANDLE: Parameter = needs("handle", &["@handle@"]);
const USER: Parameter = needs("username", &["\"root\"", "\"no-such-user\""]);
const KEYS: Parameter = needs("keys", &["[\"ssh-ed25519 AAAA x\"]"]);

/// Every command of the 10.2 schema. Values of programs and files come from here and from
/// `commands.rs` only: whatever is made of them is harmless.
pub(crate) const COMMANDS: &[Command] = &[
    command("guest-sync-delimited", &[ID]),
    command("guest-sync", &[ID]),
    command("guest-ping", NOTHING),
    command("guest-get-time", NOTHING),
    command("guest-set-time", &[takes("time", &["1"])]).within(Setting::Blocked),
    command("guest-info", NOTHING),
    command("guest-shutdown", &[takes("mode", &["\"halt\""])]).within(Setting::Blocked),
    command(
        "guest-file-open",
        &[
            needs(
                "path",
                &[
                    "\"@dir@/plain\"",
                    "\"@dir@/empty\"",
                    "\"@dir@/link\"",
                    "\"@dir@/none\"",
                ],
            ),
            takes("mode", &["\"r\"", "\"rb\"", "\"r+\""]),
        ],
    )
    .within(Setting::Opens),
    command("guest-file-close", &[HANDLE]).within(Setting::File),
    command("guest-file-read", &[HANDLE, takes("count", &["3", "4096"])]).within(Setting::File),
    command(
        "guest-file-write",
        &[
            HANDLE,
            needs("buf-b64", &["\"aGVsbG8=\"", "\"\"", "\"aGVs\\nbG8=\""]),
            takes("count", &["2", "0"]),
        ],
    )
    .within(Setting::File),
    command(
        "guest-file-seek",
        &[
            HANDLE,
            needs("offset", &["0", "3", "-1"]),
            needs("whence", &["\"set\"", "\"cur\"", "\"end\"", "0", "1", "2"]),
        ],
    )
    .within(Setting::File),
    command("guest-file-flush", &[HANDLE]).within(Setting::File),
    command("guest-fsfreeze-status", NOTHING),
    command("guest-fsfreeze-freeze", NOTHING).within(Setting::Blocked),
    command(
        "guest-fsfreeze-freeze-list",
        &[takes("mountpoints", &["[]"])],
    )
    .within(Setting::Blocked),
    command("guest-fsfreeze-thaw", NOTHING),
    command("guest-fstrim", &[takes("minimum", &["0"])]).within(Setting::Blocked),
    command("guest-suspend-disk", NOTHING).within(Setting::Blocked),
    command("guest-suspend-ram", NOTHING).within(Setting::Blocked),
    command("guest-suspend-hybrid", NOTHING).within(Setting::Blocked),
    command("guest-network-get-interfaces", NOTHING),
    command("guest-network-get-route", NOTHING),
    command("guest-get-vcpus", NOTHING),
    command("guest-set-vcpus", &[needs("vcpus", &["[]"])]).within(Setting::Blocked),
    command("guest-get-disks", NOTHING),
    command("guest-get-fsinfo", NOTHING),
    command(
        "guest-set-user-password",
        &[
            needs("username", &["\"no-such-user\""]),
            needs("password", &["\"eA==\""]),
            needs("crypted", &["false"]),
        ],
    )
    .within(Setting::Blocked),
    command("guest-get-memory-blocks", NOTHING),
    command("guest-set-memory-blocks", &[needs("mem-blks", &["[]"])]).within(Setting::Blocked),
    command("guest-get-memory-block-info", NOTHING),
    command("guest-exec-status", &[needs("pid", &["1", "999999999"])]),
    command(
        "guest-exec",
        &[
            needs(
                "path",
                &[
                    "\"/bin/true\"",
                    "\"/bin/echo\"",
                    "\"echo\"",
                    "\"@dir@/none\"",
                ],
            ),
            takes("arg", &["[]", "[\"a b\", \"\"]"]),
            takes("env", &["[]", "[\"A=b\"]"]),
            takes("input-data", &["\"aGVsbG8=\"", "\"\""]),
            takes("capture-output", &["true", "false"]),
        ],
    )
    .within(Setting::Starts),
    command("guest-get-host-name", NOTHING),
    command("guest-get-users", NOTHING),
    command("guest-get-timezone", NOTHING),
    command("guest-get-osinfo", NOTHING),
    command("guest-get-devices", NOTHING),
    command("guest-ssh-get-authorized-keys", &[USER]),
    command(
        "guest-ssh-add-authorized-keys",
        &[USER, KEYS, takes("reset", &["false"])],
    )
    .within(Setting::Blocked),
    command("guest-ssh-remove-authorized-keys", &[USER, KEYS]).within(Setting::Blocked),
    command("guest-get-diskstats", NOTHING),
    command("guest-get-cpustats", NOTHING),
    command("guest-get-load", NOTHING),
];

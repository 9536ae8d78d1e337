//! Which commands may be called.

use qga::System;

use super::super::*;
use super::resolved;

/// Commands that every agent has; the first is answered while file systems are frozen.
const COMMANDS: [&str; 3] = ["guest-ping", "guest-exec", "guest-get-time"];

const SYSTEMS: [System; 2] = [System::Linux, System::Windows];

fn permissions(system: System, arguments: &[&str]) -> Permissions {
    Permissions::new(system, &resolved("", arguments))
}

#[test]
fn lists_decide_which_commands_are_allowed() {
    use Permission::{Allowed, Disabled, Frozen};
    let table: &[(&[&str], [Permission; 3])] = &[
        (&[], [Allowed, Allowed, Allowed]),
        (&["-bguest-exec"], [Allowed, Disabled, Allowed]),
        (&["-aguest-exec"], [Disabled, Allowed, Disabled]),
        (
            &["-aguest-exec,guest-ping", "-bguest-exec"],
            [Allowed, Disabled, Disabled],
        ),
        (&["-a,"], [Disabled, Disabled, Disabled]),
        (&["-a", ""], [Allowed, Allowed, Allowed]),
    ];
    for system in SYSTEMS {
        for (arguments, expected) in table {
            let permissions = permissions(system, arguments);
            let of = |is_frozen| COMMANDS.map(|name| permissions.of(name, is_frozen));
            assert_eq!(of(false), *expected, "{system:?} {arguments:?}");
            assert_eq!(
                of(true),
                [Allowed, Frozen, Frozen],
                "{system:?} {arguments:?}"
            );
        }
        let permissions = permissions(system, &["-bnope,guest-exec", "-aold"]);
        assert_eq!(permissions.unknown(), ["old", "nope"]);
        assert_eq!(permissions.of("nope", false), Permission::Unknown);
    }
}

#[test]
fn windows_refuses_a_freeze_whatever_the_settings_say() {
    let freeze = [
        "guest-fsfreeze-status",
        "guest-fsfreeze-freeze",
        "guest-fsfreeze-freeze-list",
        "guest-fsfreeze-thaw",
    ];
    let allowed = format!("-a{}", freeze.join(","));
    let blocked = format!("-b{}", freeze.join(","));
    for arguments in [&[][..], &[allowed.as_str()], &[blocked.as_str()]] {
        let permissions = permissions(System::Windows, arguments);
        for (name, is_frozen) in freeze
            .into_iter()
            .flat_map(|name| [(name, false), (name, true)])
        {
            let refused = permissions.of(name, is_frozen).admit(name).unwrap_err();
            assert!(refused.is_command_not_found(), "{refused}");
            assert_eq!(
                refused.desc,
                format!("Command {name} has been disabled: this agent has no VSS provider")
            );
        }
        assert!(permissions.unknown().is_empty());
    }
}

#[test]
fn a_command_of_another_system_is_no_command() {
    let table = [
        (System::Linux, "guest-get-devices"),
        (System::Windows, "guest-suspend-hybrid"),
        (System::Windows, "guest-set-vcpus"),
        (System::Windows, "guest-network-get-route"),
    ];
    for (system, name) in table {
        let permissions = permissions(system, &["-b", name]);
        assert_eq!(permissions.of(name, false), Permission::Unknown, "{name}");
        assert_eq!(permissions.of(name, true), Permission::Unknown, "{name}");
        assert_eq!(permissions.unknown(), [name]);
    }
    let devices = permissions(System::Windows, &[]).of("guest-get-devices", false);
    assert_eq!(devices, Permission::Allowed);
}

#[test]
fn refusals_are_told_in_the_words_of_qemus_agent() {
    let text = |permission: Permission| permission.admit("x").map_err(|error| error.to_string());
    assert_eq!(text(Permission::Allowed), Ok(()));
    let refused = |desc: &str| Err(format!("{desc} (CommandNotFound)"));
    assert_eq!(
        text(Permission::Disabled),
        refused("Command x has been disabled: the command is not allowed")
    );
    assert_eq!(
        text(Permission::Frozen),
        refused("Command x has been disabled: the agent is in frozen state")
    );
    assert_eq!(
        text(Permission::Unsupported("it is tired")),
        refused("Command x has been disabled: it is tired")
    );
    assert_eq!(
        text(Permission::Unknown),
        refused("The command x has not been found")
    );
}

//! Which commands may be called.

use qga::CommandSpec;

use super::super::*;
use super::resolved;

/// Three of the commands that every agent has.
const COMMANDS: &[CommandSpec] = &[
    command("guest-ping", true),
    command("guest-exec", false),
    command("guest-get-time", false),
];

const fn command(name: &'static str, while_frozen: bool) -> CommandSpec {
    CommandSpec {
        name,
        success_response: true,
        while_frozen,
    }
}

#[test]
fn lists_decide_which_commands_are_allowed() {
    use Permission::{Allowed, Disabled};
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
    for (arguments, expected) in table {
        let permissions = Permissions::new(&resolved("", arguments), COMMANDS);
        let found = COMMANDS
            .iter()
            .map(|command| permissions.of(command.name, false));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{arguments:?}");
        let frozen = COMMANDS
            .iter()
            .map(|command| permissions.of(command.name, true));
        let while_frozen = [Allowed, Permission::Frozen, Permission::Frozen];
        assert_eq!(frozen.collect::<Vec<_>>(), while_frozen, "{arguments:?}");
    }
    let permissions = Permissions::new(&resolved("", &["-bnope,guest-exec", "-aold"]), COMMANDS);
    assert_eq!(permissions.unknown(), ["old", "nope"]);
    assert_eq!(permissions.of("nope", false), Permission::Unknown);
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
        text(Permission::Unknown),
        refused("The command x has not been found")
    );
}

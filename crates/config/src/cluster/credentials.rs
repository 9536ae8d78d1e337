//! Who asks, and where the secret is. The file itself holds no secret.

use pve::{Credentials, SecretSource};

use toml_file::value::{Text, argv, text};
use toml_file::{Fault, Mistakes, Table};

use crate::value::Origin;

pub(super) const KEYS: [&str; 8] = [
    "token-id",
    "token-file",
    "token-env",
    "token-command",
    "user",
    "password-file",
    "password-env",
    "password-command",
];
/// Where one would write a secret, and what to write instead.
pub(super) const SECRETS: [(&str, &Kind); 5] = [
    ("token", &TOKEN),
    ("token-secret", &TOKEN),
    ("token-value", &TOKEN),
    ("secret", &TOKEN),
    ("password", &PASSWORD),
];

const TOKEN: Kind = Kind {
    who: "token-id",
    file: "token-file",
    environment: "token-env",
    command: "token-command",
};
const PASSWORD: Kind = Kind {
    who: "user",
    file: "password-file",
    environment: "password-env",
    command: "password-command",
};

/// One way to log in, by its keys.
pub(super) struct Kind {
    who: &'static str,
    file: &'static str,
    environment: &'static str,
    command: &'static str,
}

impl Kind {
    const fn sources(&self) -> [&'static str; 3] {
        [self.file, self.environment, self.command]
    }
}

pub(super) fn read(
    table: &Table<'_>,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> Option<Credentials> {
    refuse_secrets(table, mistakes);
    let id = table.read("token-id", mistakes, |value| token_id(text(value)?));
    let user = table.read("user", mistakes, |value| user(text(value)?));
    let (kind, other) = match (table.has("token-id"), table.has("user")) {
        (true, both) => {
            if both {
                let note = "log in with a token, or with a user's password";
                table.refuse("user", "is there beside `token-id`", note, mistakes);
            }
            (TOKEN, PASSWORD)
        }
        (false, true) => (PASSWORD, TOKEN),
        (false, false) => {
            lacks(
                table,
                r"`token-id`, or `user`",
                r#"token-id = "hospes@pve!ops""#,
                mistakes,
            );
            return None;
        }
    };
    for key in other.sources() {
        let message = format!("goes with `{}`, not with `{}`", other.who, kind.who);
        let note = format!(
            "write {} in its place",
            key.replace(prefix(&other), prefix(&kind))
        );
        table.refuse(key, &message, &note, mistakes);
    }
    let source = source(table, &kind, origin, mistakes)?;
    match (id, user) {
        (Some(id), None) => Some(Credentials::Token { id, secret: source }),
        (None, Some(user)) => Some(Credentials::Ticket {
            user,
            password: source,
        }),
        _ => None,
    }
}

fn prefix(kind: &Kind) -> &'static str {
    kind.file.trim_end_matches("-file")
}

fn refuse_secrets(table: &Table<'_>, mistakes: &mut Mistakes) {
    for (key, kind) in SECRETS {
        let [file, environment, command] = kind.sources();
        let note = format!(
            "write it into a file that only its owner can read, and name that: {file} = \
             \"NAME.secret\"; or take {environment} or {command}"
        );
        let message = "would be a secret in the configuration, which holds none";
        table.refuse(key, message, &note, mistakes);
    }
}

/// The one place that holds the secret.
fn source(
    table: &Table<'_>,
    kind: &Kind,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> Option<SecretSource> {
    let named: Vec<&str> = kind
        .sources()
        .into_iter()
        .filter(|key| table.has(key))
        .collect();
    let Some((first, others)) = named.split_first() else {
        let written = SECRETS.iter().any(|(key, _)| table.has(key));
        if !written {
            let [file, environment, command] = kind.sources();
            let lacking = format!("`{file}`, `{environment}` or `{command}`");
            lacks(
                table,
                &lacking,
                &format!(r#"{file} = "NAME.secret""#),
                mistakes,
            );
        }
        return None;
    };
    for key in others {
        let message = format!("is there beside `{first}`");
        table.refuse(key, &message, "the secret is in one place", mistakes);
    }
    let file = table.read(kind.file, mistakes, |value| origin.path(text(value)?));
    let environment = table.read(kind.environment, mistakes, |value| variable(text(value)?));
    let command = table.read(kind.command, mistakes, argv);
    file.map(SecretSource::File)
        .or(environment.map(SecretSource::Environment))
        .or(command.map(SecretSource::Command))
}

fn lacks(table: &Table<'_>, what: &str, example: &str, mistakes: &mut Mistakes) {
    let message = format!("{} lacks {what}", table.title());
    mistakes.push(Fault::new(table.span(), message).with_note(format!("add {example}")));
}

fn token_id((text, span): Text<'_>) -> Result<String, Fault> {
    let parts = text.rsplit_once('!');
    if parts.is_some_and(|(user, id)| is_user(user) && is_word(id)) {
        return Ok(text.to_owned());
    }
    let fault = Fault::new(span, "expects `USER@REALM!ID`, such as `hospes@pve!ops`");
    if text.contains('=') {
        return Err(fault.with_note("what is behind `=` is the secret: write it into token-file"));
    }
    Err(fault)
}

fn user((text, span): Text<'_>) -> Result<String, Fault> {
    if is_user(text) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(span, "expects `USER@REALM`, such as `root@pam`"))
}

fn is_user(text: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !matches!(c, ':' | '/' | '!');
    text.rsplit_once('@').is_some_and(|(name, realm)| {
        !name.is_empty() && name.chars().all(allowed) && is_word(realm)
    })
}

/// A realm or a token's name.
fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(allowed)
}

fn variable((text, span): Text<'_>) -> Result<String, Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.chars().all(allowed) && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        span,
        "expects the name of an environment variable",
    ))
}

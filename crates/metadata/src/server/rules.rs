//! Which keys may be changed, and to what.

use thiserror::Error;

use super::Limits;
use crate::Key;
use crate::control::{Change, Scope};

/// Bytes of the part of a key that somebody chooses: Compute Engine's limit.
const LONGEST_NAME: usize = 128;
/// Bytes of a value that is a line.
const LONGEST_LINE: usize = 256;

/// Why a change is refused. No value is shown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// No such guest.
    #[error("there is no guest `{0}`: name one of the configuration")]
    NoSuchGuest(String),
    /// The key is fixed, a directory, or none of the protocol.
    #[error("`{key}` cannot be set: expected one of {changeable}")]
    NotChangeable {
        /// Which.
        key: Key,
        /// What can be.
        changeable: String,
    },
    /// A name in the key is too long.
    #[error("a name in a metadata key has at most {0} bytes: choose a shorter one")]
    NameTooLong(usize),
    /// Not what the key means.
    #[error("that is no value of `{key}`: expected {expected}")]
    Form {
        /// Which.
        key: Key,
        /// A value that is one.
        expected: String,
    },
    /// One value is too large.
    #[error("the value of `{key}` is too large: at most {limit} bytes")]
    ValueTooLarge {
        /// Which.
        key: Key,
        /// Bytes.
        limit: usize,
    },
    /// Too many.
    #[error("more than {limit} {what}: take some away first")]
    TooMany {
        /// Values, or guest attributes.
        what: &'static str,
        /// How many.
        limit: usize,
    },
    /// Too large together.
    #[error("the {what} would have more than {limit} bytes together: take some away first")]
    Full {
        /// Values, or guest attributes.
        what: &'static str,
        /// Bytes.
        limit: usize,
    },
}

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    Line,
    OneOf(&'static [&'static str]),
}

/// `*` is a name that somebody chooses. No pattern goes on below another, so a value and a
/// directory never share a name.
type Rule = (&'static str, Form);

const OF_A_GUEST: &[Rule] = &[
    ("instance/attributes/*", Form::Text),
    ("instance/description", Form::Text),
    ("instance/guest-attributes/*/*", Form::Text),
    ("instance/maintenance-event", Form::Line),
    ("instance/preempted", Form::OneOf(&["FALSE", "TRUE"])),
    ("instance/shutdown-details/max-duration", Form::Line),
    ("instance/shutdown-details/request-timestamp", Form::Line),
    ("instance/shutdown-details/stop-state", Form::Line),
    ("instance/shutdown-details/target-state", Form::Line),
    ("instance/virtual-clock/drift-token", Form::Line),
];
const OF_THE_PROJECT: &[Rule] = &[("project/attributes/*", Form::Text)];

const GUEST_ATTRIBUTES: &str = "instance/guest-attributes/";

/// Whether it is one that the guest may set itself.
pub(super) fn is_guest_attribute(key: &str) -> bool {
    key.starts_with(GUEST_ATTRIBUTES)
}

/// Whether the key is one that can be set at all.
pub(super) fn is_changeable(scope: &Scope, key: &Key) -> bool {
    rule(scope, key).is_some()
}

/// Judges one change by itself.
pub(super) fn check(scope: &Scope, change: &Change, limits: &Limits) -> Result<(), ChangeError> {
    let key = &change.key;
    let Some((pattern, form)) = rule(scope, key) else {
        return Err(ChangeError::NotChangeable {
            key: key.clone(),
            changeable: patterns(scope),
        });
    };
    let mut pairs = pattern.split('/').zip(key.segments());
    if pairs.any(|(part, name)| part == "*" && name.len() > LONGEST_NAME) {
        return Err(ChangeError::NameTooLong(LONGEST_NAME));
    }
    let Some(value) = &change.value else {
        return Ok(());
    };
    if value.len() > limits.value_bytes {
        return Err(ChangeError::ValueTooLarge {
            key: key.clone(),
            limit: limits.value_bytes,
        });
    }
    form.check(value).map_err(|expected| ChangeError::Form {
        key: key.clone(),
        expected,
    })
}

impl Form {
    /// Says what is expected of a value that is otherwise.
    fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::Line if value.len() > LONGEST_LINE || value.contains(char::is_control) => {
                Err(format!("one line of at most {LONGEST_LINE} bytes"))
            }
            Self::OneOf(words) if !words.contains(&value) => Err(words.join(" or ")),
            Self::Text | Self::Line | Self::OneOf(_) => Ok(()),
        }
    }
}

const fn rules(scope: &Scope) -> &'static [Rule] {
    match scope {
        Scope::Project => OF_THE_PROJECT,
        Scope::Guest(_) => OF_A_GUEST,
    }
}

fn rule(scope: &Scope, key: &Key) -> Option<Rule> {
    let matches = |pattern: &str| {
        let (parts, names) = (pattern.split('/'), key.segments());
        parts.clone().count() == names.count()
            && parts
                .zip(key.segments())
                .all(|(part, name)| part == "*" || part == name)
    };
    rules(scope)
        .iter()
        .find(|(pattern, _)| matches(pattern))
        .copied()
}

fn patterns(scope: &Scope) -> String {
    let patterns: Vec<_> = rules(scope).iter().map(|(pattern, _)| *pattern).collect();
    patterns.join(", ")
}

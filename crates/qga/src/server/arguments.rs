//! A request's arguments, taken one by one; what is wrong is told in the words of QEMU's agent.
//!
//! The order of taking is the order of the command's definition: of several problems the first in
//! that order is told, and an argument that nobody took comes last.

use std::fmt::{self, Display};

use serde_json::{Map, Value};

use crate::message::AgentError;

pub(super) type Read<T> = Result<T, AgentError>;

/// The members of one object that were not taken yet.
pub(super) struct Arguments {
    members: Map<String, Value>,
    /// What stands before each name: nothing, or the object's own place (`vcpus[0].`).
    prefix: String,
}

impl Arguments {
    /// A command's arguments; none and an empty object are the same.
    pub(super) fn new(arguments: Option<Value>) -> Read<Self> {
        let members = match arguments {
            None => Map::new(),
            Some(Value::Object(members)) => members,
            Some(_) => {
                let problem = "QMP input member 'arguments' must be an object";
                return Err(AgentError::generic(problem));
            }
        };
        let prefix = String::new();
        Ok(Self { members, prefix })
    }

    /// An element of an array that is an object itself.
    pub(super) fn element(value: Value, place: &Place<'_>) -> Read<Self> {
        match value {
            Value::Object(members) => {
                let prefix = format!("{place}.");
                Ok(Self { members, prefix })
            }
            _ => Err(wrong_type(place, "object")),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Read<String> {
        self.required(name, text)
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Read<Option<String>> {
        self.optional(name, text)
    }

    pub(super) fn integer(&mut self, name: &str) -> Read<i64> {
        self.required(name, integer)
    }

    pub(super) fn optional_integer(&mut self, name: &str) -> Read<Option<i64>> {
        self.optional(name, integer)
    }

    pub(super) fn unsigned(&mut self, name: &str) -> Read<u64> {
        self.required(name, unsigned)
    }

    pub(super) fn flag(&mut self, name: &str) -> Read<bool> {
        self.required(name, flag)
    }

    pub(super) fn optional_flag(&mut self, name: &str) -> Read<Option<bool>> {
        self.optional(name, flag)
    }

    pub(super) fn texts(&mut self, name: &str) -> Read<Vec<String>> {
        self.required(name, |value, place| list(value, place, text))
    }

    pub(super) fn optional_texts(&mut self, name: &str) -> Read<Option<Vec<String>>> {
        self.optional(name, |value, place| list(value, place, text))
    }

    /// An argument that must be there, as `read` understands it.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value, &Place<'_>) -> Read<T>,
    ) -> Read<T> {
        let found = self.optional(name, read)?;
        found.ok_or_else(|| {
            let place = self.place(name);
            AgentError::generic(format!("Parameter '{place}' is missing"))
        })
    }

    /// An argument that may be absent. One that is there as null is of the wrong type.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value, &Place<'_>) -> Read<T>,
    ) -> Read<Option<T>> {
        let value = self.members.remove(name);
        value
            .map(|value| read(value, &self.place(name)))
            .transpose()
    }

    /// Tells an argument that was not taken; of several the first of the alphabet.
    pub(super) fn end(&self) -> Read<()> {
        let Some(name) = self.members.keys().min() else {
            return Ok(());
        };
        let (prefix, name) = (&self.prefix, Shown(name));
        let problem = format!("Parameter '{prefix}{name}' is unexpected");
        Err(AgentError::generic(problem))
    }

    fn place<'a>(&'a self, name: &'a str) -> Place<'a> {
        Place {
            prefix: &self.prefix,
            name,
            index: None,
        }
    }
}

/// Where a value stands: `path`, `keys[1]`, `vcpus[0].online`.
pub(super) struct Place<'a> {
    prefix: &'a str,
    name: &'a str,
    index: Option<usize>,
}

impl Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.prefix, self.name)?;
        match self.index {
            Some(index) => write!(formatter, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// A client's word in an error: a reply does not repeat megabytes.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 256;
        match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(formatter, "{}...", &self.0[..end]),
            None => formatter.write_str(self.0),
        }
    }
}

/// The elements of an array, each as `read` understands it.
pub(super) fn list<T>(
    value: Value,
    place: &Place<'_>,
    read: impl Fn(Value, &Place<'_>) -> Read<T>,
) -> Read<Vec<T>> {
    let Value::Array(items) = value else {
        return Err(wrong_type(place, "array"));
    };
    let element = |(index, item)| {
        let place = Place {
            index: Some(index),
            ..*place
        };
        read(item, &place)
    };
    items.into_iter().enumerate().map(element).collect()
}

fn text(value: Value, place: &Place<'_>) -> Read<String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(wrong_type(place, "string")),
    }
}

/// A number without fraction and exponent, within 64 bits.
pub(super) fn integer(value: Value, place: &Place<'_>) -> Read<i64> {
    value.as_i64().ok_or_else(|| wrong_type(place, "integer"))
}

/// As [`integer`] without a sign. A negative number means the 64 bits that it is made of.
fn unsigned(value: Value, place: &Place<'_>) -> Read<u64> {
    let negative = || value.as_i64().map(i64::cast_unsigned);
    let problem = || AgentError::generic(format!("Parameter '{place}' expects uint64"));
    value.as_u64().or_else(negative).ok_or_else(problem)
}

fn flag(value: Value, place: &Place<'_>) -> Read<bool> {
    value.as_bool().ok_or_else(|| wrong_type(place, "boolean"))
}

pub(super) fn wrong_type(place: &Place<'_>, expected: &str) -> AgentError {
    AgentError::generic(format!(
        "Invalid parameter type for '{place}', expected: {expected}"
    ))
}

/// A word that is none of those that an argument may be.
pub(super) fn wrong_word(place: &Place<'_>, word: &str) -> AgentError {
    let word = Shown(word);
    AgentError::generic(format!(
        "Parameter '{place}' does not accept value '{word}'"
    ))
}

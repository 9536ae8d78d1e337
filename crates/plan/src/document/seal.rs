//! Digests: of the facts that a document was made from, and of the document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::Document;
use crate::fleet::{Facts, Fleet, MemberId, Standing};

/// A longer document is none.
const SIZE_LIMIT: usize = 64 << 20;

/// Why bytes are no plan document.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// They are too many.
    #[error("the plan document is longer than {} MiB; write it again with `hospes patch plan`", SIZE_LIMIT >> 20)]
    TooLong,
    /// They say something else.
    #[error(
        "this is no plan document of this version: {}; write it again with `hospes patch plan`",
        shown(.0)
    )]
    Malformed(#[from] serde_json::Error),
    /// Somebody changed it.
    #[error(
        "the plan document was changed after it was written; change the plan file and write it \
         again with `hospes patch plan`"
    )]
    Changed,
}

/// One line of bounded length: the reader's words may quote the document.
fn shown(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let plain = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(300).collect()
}

impl Document {
    /// The document that `json` holds.
    ///
    /// # Errors
    /// It holds none, or one that was changed after it was made.
    pub fn read(json: &[u8]) -> Result<Self, Unreadable> {
        if json.len() > SIZE_LIMIT {
            return Err(Unreadable::TooLong);
        }
        let document: Self = serde_json::from_slice(json)?;
        match document.clone().sealed()?.seal == document.seal {
            true => Ok(document),
            false => Err(Unreadable::Changed),
        }
    }

    /// With the seal of what it says now.
    pub(crate) fn sealed(mut self) -> Result<Self, serde_json::Error> {
        self.seal.clear();
        self.seal = digest(&self)?;
        Ok(self)
    }
}

/// Who is in which group; the first, where there are several.
pub(crate) fn grouped(fleet: &Fleet) -> BTreeMap<&MemberId, &str> {
    let mut groups = BTreeMap::new();
    for group in fleet.groups() {
        for id in fleet.chosen(group) {
            groups.entry(id).or_insert(group);
        }
    }
    groups
}

/// Of all that counts of the members of groups.
pub(crate) fn fleet_digest(fleet: &Fleet) -> Result<String, serde_json::Error> {
    let facts: Vec<_> = grouped(fleet)
        .into_iter()
        .filter_map(|(id, group)| Some((id, group, fleet.facts(id)?)))
        .map(|(id, group, facts)| (id, group, &facts.host, word(facts)))
        .collect();
    digest(&facts)
}

/// The reason does not count: it may tell a time, or a number that changes.
const fn word(facts: &Facts) -> &'static str {
    match facts.standing {
        Standing::Ready => "ready",
        Standing::Unready(_) => "unready",
        Standing::Unknown(_) => "unknown",
    }
}

fn digest(what: &impl Serialize) -> Result<String, serde_json::Error> {
    let bytes = Sha256::digest(serde_json::to_vec(what)?);
    let mut text = String::from("sha256:");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn what_an_error_quotes_of_a_document_is_one_bounded_line() {
        for name in ["\\u001b[2Jseal".to_owned(), "x".repeat(100_000)] {
            let error = Document::read(format!("{{\"{name}\":1}}").as_bytes()).unwrap_err();
            let words = error.to_string();
            assert!(words.contains("unknown field"), "{words}");
            assert!(!words.contains(char::is_control), "{words:?}");
            assert!(words.len() < 500, "{}", words.len());
        }
    }
}

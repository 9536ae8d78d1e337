//! Selectors: which guests a command is about.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use conditions::GuestId;
use thiserror::Error;

use crate::nearness::{did_you_mean, near};
use crate::{Config, Guest};

/// Chooses guests: `all`, a name, a pattern (`web*`) or `tag:web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every guest.
    All,
    /// The guest of that name.
    Name(GuestId),
    /// Those whose names match.
    Glob(Glob),
    /// Those that have the tag.
    Tag(String),
}

/// A pattern of names: `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

/// A text that is not a selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` selects nothing: write `all`, a guest's name, a pattern such as `web*`, or `tag:web`"
)]
pub struct InvalidSelector(String);

/// Why a selection came out empty.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectError {
    /// No selector was given.
    #[error("no guest was named: name some, or `all` (`hospes guests` lists them)")]
    NothingAsked,
    /// The configuration has no guests.
    #[error("the configuration has no guests: add a [guest.NAME] table")]
    NoGuests,
    /// There is no guest of that name.
    #[error("no guest `{name}`{} (`hospes guests` lists them)", offered(.near))]
    UnknownGuest {
        /// The name.
        name: GuestId,
        /// Names that are near.
        near: Vec<String>,
    },
    /// No guest has that tag.
    #[error("no guest has the tag `{tag}`{} (`hospes guests` lists them)", offered(.near))]
    UnknownTag {
        /// The tag.
        tag: String,
        /// Tags that are near.
        near: Vec<String>,
    },
    /// No guest's name matches.
    #[error("no guest's name matches `{0}` (`hospes guests` lists them)")]
    NoMatch(String),
}

fn offered(near: &[String]) -> String {
    let near: Vec<&str> = near.iter().map(String::as_str).collect();
    did_you_mean(&near)
        .map(|question| format!("; {question}"))
        .unwrap_or_default()
}

impl Config {
    /// The guests that `selectors` choose, each once: in the order of the selectors, and by name
    /// within one.
    ///
    /// # Errors
    /// A selector chooses no guest, or there is none; near names are offered.
    pub fn select(&self, selectors: &[Selector]) -> Result<Vec<&Guest>, SelectError> {
        if selectors.is_empty() {
            return Err(SelectError::NothingAsked);
        }
        let (mut chosen, mut seen) = (Vec::new(), BTreeSet::new());
        for selector in selectors {
            let matching: Vec<&Guest> = self
                .guests
                .values()
                .filter(|guest| selector.matches(guest))
                .collect();
            if matching.is_empty() {
                return Err(self.nothing_for(selector));
            }
            chosen.extend(
                matching
                    .into_iter()
                    .filter(|guest| seen.insert(&guest.name)),
            );
        }
        Ok(chosen)
    }

    fn nothing_for(&self, selector: &Selector) -> SelectError {
        let offers = |word: &str, candidates: BTreeSet<&str>| {
            near(word, candidates)
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        match selector {
            _ if self.guests.is_empty() => SelectError::NoGuests,
            Selector::All => SelectError::NoGuests,
            Selector::Glob(Glob(pattern)) => SelectError::NoMatch(pattern.clone()),
            Selector::Name(name) => {
                let names = self.guests.keys().map(GuestId::as_str).collect();
                SelectError::UnknownGuest {
                    near: offers(name.as_str(), names),
                    name: name.clone(),
                }
            }
            Selector::Tag(tag) => {
                let tags = self.guests.values().flat_map(|guest| &guest.tags);
                let near = offers(tag, tags.map(String::as_str).collect());
                SelectError::UnknownTag {
                    near,
                    tag: tag.clone(),
                }
            }
        }
    }
}

impl Selector {
    /// Whether it chooses `guest`.
    #[must_use]
    pub fn matches(&self, guest: &Guest) -> bool {
        match self {
            Self::All => true,
            Self::Name(name) => guest.name == *name,
            Self::Glob(glob) => glob.matches(guest.name.as_str()),
            Self::Tag(tag) => guest.tags.contains(tag),
        }
    }
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let invalid = || InvalidSelector(text.chars().take(80).collect());
        // Tags and patterns are made of the characters of names.
        let name_like = |part: &str| part.parse::<GuestId>().is_ok();
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(tag) = text.strip_prefix("tag:") {
            return if name_like(tag) {
                Ok(Self::Tag(tag.to_owned()))
            } else {
                Err(invalid())
            };
        }
        if text.contains(['*', '?']) {
            let fits = name_like(&format!("x{}", text.replace(['*', '?'], "")));
            return if fits {
                Ok(Self::Glob(Glob(text.to_owned())))
            } else {
                Err(invalid())
            };
        }
        text.parse().map(Self::Name).map_err(|_| invalid())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Name(name) => name.fmt(f),
            Self::Glob(Glob(pattern)) => f.write_str(pattern),
            Self::Tag(tag) => write!(f, "tag:{tag}"),
        }
    }
}

impl Glob {
    /// Whether `name` matches. Only the last star is ever taken back, so that the time is bounded
    /// by the product of the lengths.
    fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut p, mut n) = (0, 0);
        let mut last_star: Option<(usize, usize)> = None;
        while n < name.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    last_star = Some((p + 1, n));
                    p += 1;
                }
                Some(&wanted) if wanted == b'?' || wanted == name[n] => {
                    p += 1;
                    n += 1;
                }
                _ => {
                    let Some((after_star, taken)) = last_star else {
                        return false;
                    };
                    last_star = Some((after_star, taken + 1));
                    (p, n) = (after_star, taken + 1);
                }
            }
        }
        pattern[p..].iter().all(|rest| *rest == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, matches) in [
            ("web*", "web1", true),
            ("web*", "web", true),
            ("web*", "xweb", false),
            ("*1", "web11", true),
            ("*1*", "web", false),
            ("w?b1", "web1", true),
            ("web?", "web", false),
            ("?", "ab", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyyczzb", false),
            (
                "*a*a*a*a*a*a*a*a*b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ] {
            assert_eq!(
                Glob(pattern.to_owned()).matches(name),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn selectors_are_told_apart_and_print_as_written() {
        for text in ["all", "web1", "web*", "*", "?eb.1", "tag:web", "*-db_1"] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "tag:",
            "tag:a b",
            "a/b",
            "web1,web2",
            "tag:web*",
            "a b*",
            "-rf",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}

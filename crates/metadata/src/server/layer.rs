//! The values of one scope: what is fixed, what was set, and when each key last changed.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::Key;

/// What is there without anybody setting it.
#[derive(Debug)]
pub(super) enum Fixed {
    Text(String),
    Number(u64),
    Words(Vec<String>),
    /// There even when it is empty: `{}`.
    Directory,
    /// There even when it is empty, and its entries are numbered: `[]`.
    List,
}

/// A value as it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Leaf<'a> {
    Text(&'a str),
    Number(u64),
    Words(&'a [String]),
}

/// What stands at a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry<'a> {
    Leaf(Leaf<'a>),
    Directory,
    List,
}

#[derive(Debug, Default)]
pub(super) struct Layer {
    fixed: BTreeMap<String, Fixed>,
    set: BTreeMap<String, String>,
    /// Of each key that ever changed and of every directory above it, the newest change. What was
    /// taken away stays here: its directory's etag must not fall back.
    revisions: BTreeMap<String, u64>,
}

impl Layer {
    pub(super) fn new(fixed: BTreeMap<String, Fixed>) -> Self {
        Self {
            fixed,
            ..Self::default()
        }
    }

    pub(super) fn fix(&mut self, fixed: BTreeMap<String, Fixed>) {
        self.fixed = fixed;
    }

    /// A guest that nobody named has records at most.
    pub(super) fn has_facts(&self) -> bool {
        !self.fixed.is_empty()
    }

    pub(super) fn apply(&mut self, key: &Key, value: Option<String>, revision: u64) {
        if self.revision(key) >= revision {
            return;
        }
        match value {
            Some(value) => self.set.insert(key.as_str().to_owned(), value),
            None => self.set.remove(key.as_str()),
        };
        for part in with_directories(key.as_str()) {
            let newest = self.revisions.entry(part.to_owned()).or_default();
            *newest = revision.max(*newest);
        }
    }

    /// The newest change at or below a key.
    pub(super) fn revision(&self, key: &Key) -> u64 {
        self.revisions.get(key.as_str()).copied().unwrap_or(0)
    }

    /// What was set, without what is fixed.
    pub(super) fn set(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(super) fn is_set(&self, key: &Key) -> bool {
        self.set.contains_key(key.as_str())
    }

    /// What stands at a key.
    pub(super) fn entry(&self, key: &str) -> Option<Entry<'_>> {
        let set = self.set.get(key).map(|text| Entry::Leaf(Leaf::Text(text)));
        let fixed = || self.fixed.get(key).map(Entry::of);
        let above_something = || self.below(key).next().map(|_| Entry::Directory);
        set.or_else(fixed).or_else(above_something)
    }

    /// Everything below a directory; a value that was set comes after the fixed one that it hides.
    pub(super) fn below(&self, directory: &str) -> impl Iterator<Item = (&str, Entry<'_>)> {
        let fixed = range(&self.fixed, directory).map(|(key, fixed)| (key, Entry::of(fixed)));
        let set = range(&self.set, directory)
            .map(|(key, text)| (key, Entry::Leaf(Leaf::Text(text.as_str()))));
        fixed.chain(set)
    }
}

impl<'a> Entry<'a> {
    fn of(fixed: &'a Fixed) -> Self {
        match fixed {
            Fixed::Text(text) => Self::Leaf(Leaf::Text(text)),
            Fixed::Number(number) => Self::Leaf(Leaf::Number(*number)),
            Fixed::Words(words) => Self::Leaf(Leaf::Words(words)),
            Fixed::Directory => Self::Directory,
            Fixed::List => Self::List,
        }
    }
}

/// `a/b/c`, `a/b`, `a` and the root.
fn with_directories(key: &str) -> impl Iterator<Item = &str> {
    let above = |part: &&'_ str| part.rfind('/').unwrap_or(0);
    std::iter::successors(Some(key), move |part| {
        (!part.is_empty()).then(|| &part[..above(part)])
    })
}

/// The keys that begin with `directory/`. `0` is the byte behind `/`.
fn range<'a, T>(
    map: &'a BTreeMap<String, T>,
    directory: &str,
) -> impl Iterator<Item = (&'a str, &'a T)> + use<'a, T> {
    let (first, end) = (format!("{directory}/"), format!("{directory}0"));
    let bounds = if directory.is_empty() {
        (Bound::Unbounded, Bound::Unbounded)
    } else {
        (
            Bound::Included(first.as_str()),
            Bound::Excluded(end.as_str()),
        )
    };
    map.range::<str, _>(bounds)
        .map(|(key, value)| (key.as_str(), value))
}

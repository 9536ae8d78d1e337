//! Reading a TOML table key by key, each mistake with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::value::kind;
use crate::{Fault, Mistakes, did_you_mean, near};

/// A value with its place in the file.
pub type Value<'t> = Spanned<DeValue<'t>>;

/// A table of the file.
#[derive(Debug, Clone)]
pub struct Table<'t> {
    /// Its name as a header would have it, without brackets; empty for the file itself.
    name: String,
    /// The place of its name.
    span: Range<usize>,
    entries: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    /// The file itself.
    #[must_use]
    pub fn file(document: &'t Spanned<DeTable<'t>>) -> Self {
        Self {
            name: String::new(),
            span: 0..0,
            entries: document.get_ref(),
        }
    }

    /// The place of its name.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> String {
        if self.name.is_empty() {
            "the file".to_owned()
        } else {
            format!("[{}]", self.name)
        }
    }

    /// Complains about each key that is not one of `known`.
    pub fn allow_only(&self, known: &[&str], mistakes: &mut Mistakes) {
        self.allow_only_beside(&[], known, mistakes);
    }

    /// The same, where about `refused` is complained elsewhere.
    pub fn allow_only_beside(&self, refused: &[&str], known: &[&str], mistakes: &mut Mistakes) {
        for (key, _) in self.entries {
            let name: &str = key.get_ref();
            if !known.contains(&name) && !refused.contains(&name) {
                mistakes.push_with(|| self.unknown(name, key.span(), known));
            }
        }
    }

    fn unknown(&self, key: &str, span: Range<usize>, known: &[&str]) -> Fault {
        let shown: String = key.chars().take(60).collect();
        let title = self.title();
        Fault::new(span, format!("unknown key `{shown}` in {title}"))
            .with_hint(did_you_mean(&near(key, known.iter().copied())))
            .with_note(format!("{title} takes {}", known.join(", ")))
    }

    /// What `parse` makes of the value of `key`; nothing when the key is absent or mistaken.
    pub fn read<T>(
        &self,
        key: &str,
        mistakes: &mut Mistakes,
        parse: impl FnOnce(&'t Value<'t>) -> Result<T, Fault>,
    ) -> Option<T> {
        let (_, value) = self.find(key)?;
        mistakes.collect(parse(value).map_err(|fault| fault.about(key)))
    }

    /// Whether `key` is there, right or mistaken.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Complains about `key`, if it is there.
    pub fn refuse(&self, key: &str, message: &str, note: &str, mistakes: &mut Mistakes) {
        if let Some((name, _)) = self.find(key) {
            let fault = Fault::new(name.span(), message).about(key).with_note(note);
            mistakes.push(fault);
        }
    }

    /// That `key` is not there.
    #[must_use]
    pub fn lacks(&self, key: &str) -> Fault {
        Fault::new(self.span(), format!("{} lacks `{key}`", self.title()))
    }

    /// The place of the value of `key`.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<Range<usize>> {
        self.find(key).map(|(_, value)| value.span())
    }

    /// The table called `key` in this one.
    pub fn table(&self, key: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let (name, value) = self.find(key)?;
        self.inner(name.get_ref(), name.span(), value, mistakes)
    }

    /// The table called `key` in this one; what is no table has been complained about elsewhere.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Self> {
        self.table(key, &mut Mistakes::default())
    }

    /// The names of all that is in the table called `key`, right or mistaken.
    #[must_use]
    pub fn names_in(&self, key: &str) -> Vec<&'t str> {
        let inner = self.peek(key).into_iter();
        inner
            .flat_map(|table| table.entries.keys())
            .map(|name| name.get_ref().as_ref())
            .collect()
    }

    /// All tables in the table called `key`, with their names.
    pub fn tables(&self, key: &str, mistakes: &mut Mistakes) -> Vec<(&'t str, Self)> {
        let Some(outer) = self.table(key, mistakes) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (name, value) in outer.entries {
            let inner = outer.inner(name.get_ref(), name.span(), value, mistakes);
            tables.extend(inner.map(|table| (name.get_ref().as_ref(), table)));
        }
        tables
    }

    /// The tables of the list called `key`, as `[[key]]` makes it.
    pub fn list(&self, key: &str, mistakes: &mut Mistakes) -> Vec<Self> {
        let Some((name, value)) = self.find(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            let found = kind(value.get_ref());
            let message = format!("expects a list of tables ([[{key}]]), not {found}");
            mistakes.push(Fault::new(value.span(), message).about(key));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            tables.extend(self.inner(name.get_ref(), item.span(), item, mistakes));
        }
        tables
    }

    fn inner(
        &self,
        key: &str,
        span: Range<usize>,
        value: &'t Value<'t>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let dot = if self.name.is_empty() { "" } else { "." };
        let name = format!("{}{dot}{key}", self.name);
        if let DeValue::Table(entries) = value.get_ref() {
            return Some(Self {
                name,
                span,
                entries,
            });
        }
        let message = format!("expects a table ([{name}]), not {}", kind(value.get_ref()));
        mistakes.push(Fault::new(value.span(), message).about(key));
        None
    }

    fn find(&self, key: &str) -> Option<(&'t Spanned<DeString<'t>>, &'t Value<'t>)> {
        self.entries.iter().find(|(name, _)| name.get_ref() == key)
    }
}

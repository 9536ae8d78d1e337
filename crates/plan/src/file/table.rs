//! Reading a TOML table key by key, each mistake with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::mistake::{Fault, Mistakes};
use super::nearness::{did_you_mean, near};
use super::value::kind;

/// A value with its place in the file.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// A table of the file.
#[derive(Debug, Clone)]
pub(super) struct Table<'t> {
    /// Its name as a header would have it, without brackets; empty for the file itself.
    name: String,
    /// The place of its name.
    span: Range<usize>,
    entries: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    /// The file itself.
    pub(super) fn file(document: &'t Spanned<DeTable<'t>>) -> Self {
        Self {
            name: String::new(),
            span: 0..0,
            entries: document.get_ref(),
        }
    }

    /// The place of its name.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Complains about each key that is not one of `known`.
    pub(super) fn allow_only(&self, known: &[&str], mistakes: &mut Mistakes) {
        for (key, _) in self.entries {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                mistakes.push_with(|| self.unknown(name, key.span(), known));
            }
        }
    }

    fn unknown(&self, key: &str, span: Range<usize>, known: &[&str]) -> Fault {
        let shown: String = key.chars().take(60).collect();
        let title = match self.name.as_str() {
            "" => "the file".to_owned(),
            name => format!("[{name}]"),
        };
        Fault::new(span, format!("unknown key `{shown}` in {title}"))
            .with_hint(did_you_mean(&near(key, known.iter().copied())))
            .with_note(format!("{title} takes {}", known.join(", ")))
    }

    /// What `parse` makes of the value of `key`; nothing when the key is absent or mistaken.
    pub(super) fn read<T>(
        &self,
        key: &str,
        mistakes: &mut Mistakes,
        parse: impl FnOnce(&'t Value<'t>) -> Result<T, Fault>,
    ) -> Option<T> {
        let (_, value) = self.find(key)?;
        mistakes.collect(parse(value).map_err(|fault| fault.about(key)))
    }

    /// Whether `key` is there, right or mistaken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Complains that `key` is missing.
    pub(super) fn missing(&self, key: &str, note: &str, mistakes: &mut Mistakes) {
        let message = format!("[{}] has no `{key}`", self.name);
        mistakes.push(Fault::new(self.span(), message).with_note(note));
    }

    /// The table called `key` in this one.
    pub(super) fn table(&self, key: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let (key, value) = self.find(key)?;
        self.inner(key.get_ref(), key.span(), value, mistakes)
    }

    /// All tables in the table called `key`, with their names.
    pub(super) fn tables(&self, key: &str, mistakes: &mut Mistakes) -> Vec<(&'t str, Self)> {
        let Some(outer) = self.table(key, mistakes) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (key, value) in outer.entries {
            let inner = outer.inner(key.get_ref(), key.span(), value, mistakes);
            tables.extend(inner.map(|table| (key.get_ref().as_ref(), table)));
        }
        tables
    }

    /// The tables of the list called `key`, as `[[key]]` makes it.
    pub(super) fn list(&self, key: &str, mistakes: &mut Mistakes) -> Vec<Self> {
        let Some((name, value)) = self.find(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            let message = format!(
                "expects a list of tables ([[{key}]]), not {}",
                kind(value.get_ref())
            );
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

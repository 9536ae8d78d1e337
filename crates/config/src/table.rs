//! Reading a TOML table key by key, each mistake with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::mistake::{Fault, Mistakes};
use crate::nearness::{did_you_mean, near};
use crate::value::kind;

/// A value with its place in the file.
pub(crate) type Value<'t> = Spanned<DeValue<'t>>;

/// A table of the file.
#[derive(Debug, Clone)]
pub(crate) struct Table<'t> {
    /// Its name as a header would have it, without brackets; empty for the file itself.
    name: String,
    /// The place of its name.
    span: Range<usize>,
    entries: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    /// The file itself.
    pub(crate) fn file(document: &'t Spanned<DeTable<'t>>) -> Self {
        Self {
            name: String::new(),
            span: 0..0,
            entries: document.get_ref(),
        }
    }

    /// The place of its name.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Its name for people.
    pub(crate) fn title(&self) -> String {
        if self.name.is_empty() {
            "the file".to_owned()
        } else {
            format!("[{}]", self.name)
        }
    }

    /// Complains about each key that is not one of `known`.
    pub(crate) fn allow_only(&self, known: &[&str], mistakes: &mut Mistakes) {
        self.allow_only_beside(&[], known, mistakes);
    }

    /// The same, where about `refused` is complained elsewhere.
    pub(crate) fn allow_only_beside(
        &self,
        refused: &[&str],
        known: &[&str],
        mistakes: &mut Mistakes,
    ) {
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
    pub(crate) fn read<T>(
        &self,
        key: &str,
        mistakes: &mut Mistakes,
        parse: impl FnOnce(&'t Value<'t>) -> Result<T, Fault>,
    ) -> Option<T> {
        let (_, value) = self.find(key)?;
        mistakes.collect(parse(value).map_err(|fault| fault.about(key)))
    }

    /// Whether `key` is there, right or mistaken.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Complains about `key`, if it is there.
    pub(crate) fn refuse(&self, key: &str, message: &str, note: &str, mistakes: &mut Mistakes) {
        if let Some((name, _)) = self.find(key) {
            let fault = Fault::new(name.span(), message).about(key).with_note(note);
            mistakes.push(fault);
        }
    }

    /// The place of the value of `key`.
    pub(crate) fn place(&self, key: &str) -> Option<Range<usize>> {
        self.find(key).map(|(_, value)| value.span())
    }

    /// The table called `key` in this one.
    pub(crate) fn table(&self, key: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let (key, value) = self.find(key)?;
        self.inner(key, value, mistakes)
    }

    /// The table called `key` in this one; what is no table has been complained about elsewhere.
    pub(crate) fn peek(&self, key: &str) -> Option<Self> {
        self.table(key, &mut Mistakes::default())
    }

    /// The names of all that is in this one.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'t str> {
        self.entries.keys().map(|key| key.get_ref().as_ref())
    }

    /// All tables in this one, with their names.
    pub(crate) fn tables(&self, mistakes: &mut Mistakes) -> Vec<(&'t str, Self)> {
        let mut tables = Vec::new();
        for (key, value) in self.entries {
            if let Some(table) = self.inner(key, value, mistakes) {
                tables.push((key.get_ref().as_ref(), table));
            }
        }
        tables
    }

    fn inner<'k>(
        &self,
        key: &'k Spanned<toml::de::DeString<'t>>,
        value: &'t Value<'t>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let dot = if self.name.is_empty() { "" } else { "." };
        let name = format!("{}{dot}{}", self.name, key.get_ref());
        if let DeValue::Table(entries) = value.get_ref() {
            return Some(Self {
                name,
                span: key.span(),
                entries,
            });
        }
        let message = format!("expects a table ([{name}]), not {}", kind(value.get_ref()));
        mistakes.push(Fault::new(value.span(), message).about(key.get_ref()));
        None
    }

    fn find(&self, key: &str) -> Option<(&'t Spanned<toml::de::DeString<'t>>, &'t Value<'t>)> {
        self.entries.iter().find(|(name, _)| name.get_ref() == key)
    }
}

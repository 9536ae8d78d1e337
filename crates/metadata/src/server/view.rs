//! What one guest sees, as listings, text and JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::layer::{Entry, Layer, Leaf};
use crate::Key;

/// Directories whose names were chosen by somebody: JSON shows them as they are.
const CHOSEN: &[&str] = &["attributes", "guest-attributes"];

/// One or two layers as one tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    layers: [Option<&'a Layer>; 2],
}

impl<'a> View<'a> {
    pub(super) const fn of_one(layer: &'a Layer) -> Self {
        Self {
            layers: [Some(layer), None],
        }
    }

    pub(super) const fn of_both(guest: &'a Layer, project: &'a Layer) -> Self {
        Self {
            layers: [Some(guest), Some(project)],
        }
    }

    pub(super) fn revision(&self, key: &Key) -> u64 {
        let revisions = self.layers().map(|layer| layer.revision(key));
        revisions.max().unwrap_or(0)
    }

    pub(super) fn entry(&self, key: &Key) -> Option<Entry<'a>> {
        self.layers().find_map(|layer| layer.entry(key.as_str()))
    }

    /// The values at and below a key, in the order of the keys.
    pub(super) fn values(&self, key: &Key) -> Vec<(Key, String)> {
        let below = self.layers().flat_map(|layer| layer.below(key.as_str()));
        let here = self.entry(key).map(|entry| (key.as_str(), entry));
        let values: BTreeMap<&str, Leaf<'_>> = here
            .into_iter()
            .chain(below)
            .filter_map(|(key, entry)| match entry {
                Entry::Leaf(leaf) => Some((key, leaf)),
                Entry::Directory | Entry::List => None,
            })
            .collect();
        values
            .into_iter()
            .filter_map(|(key, leaf)| Some((key.parse().ok()?, leaf.text())))
            .collect()
    }

    /// The names in a directory, one a line; directories end with a slash.
    pub(super) fn listing(&self, directory: &Key) -> Vec<String> {
        self.tree(directory).names()
    }

    /// A directory as JSON.
    pub(super) fn json(&self, directory: &Key) -> Value {
        let chosen = directory.segments().any(|name| CHOSEN.contains(&name));
        self.tree(directory).json(chosen)
    }

    /// A directory as text: a value a line, behind its path.
    pub(super) fn text(&self, directory: &Key) -> String {
        let mut lines = String::new();
        self.tree(directory).write_lines("", &mut lines);
        lines
    }

    fn layers(&self) -> impl Iterator<Item = &'a Layer> + use<'a> {
        self.layers.into_iter().flatten()
    }

    fn tree(&self, directory: &Key) -> Node<'a> {
        let mut root = Node::of(self.entry(directory).unwrap_or(Entry::Directory));
        let skipped = directory.segments().count();
        for layer in self.layers() {
            for (key, entry) in layer.below(directory.as_str()) {
                root.insert(&mut key.split('/').skip(skipped), entry);
            }
        }
        root
    }
}

/// A value, or a directory with what is in it.
#[derive(Debug)]
enum Node<'a> {
    Leaf(Leaf<'a>),
    Directory {
        is_list: bool,
        children: BTreeMap<&'a str, Node<'a>>,
    },
}

impl<'a> Node<'a> {
    const fn of(entry: Entry<'a>) -> Self {
        match entry {
            Entry::Leaf(leaf) => Self::Leaf(leaf),
            Entry::Directory | Entry::List => Self::Directory {
                is_list: matches!(entry, Entry::List),
                children: BTreeMap::new(),
            },
        }
    }

    fn insert(&mut self, path: &mut dyn Iterator<Item = &'a str>, entry: Entry<'a>) {
        let Some(name) = path.next() else {
            *self = Self::of(entry);
            return;
        };
        if let Self::Directory { children, .. } = self {
            let child = children
                .entry(name)
                .or_insert_with(|| Self::of(Entry::Directory));
            child.insert(path, entry);
        }
    }

    /// In order: of a list by number.
    fn children(&self) -> Vec<(&'a str, &Self)> {
        match self {
            Self::Leaf(_) => Vec::new(),
            Self::Directory { is_list, children } => {
                let mut ordered: Vec<_> =
                    children.iter().map(|(name, node)| (*name, node)).collect();
                if *is_list {
                    ordered.sort_by_key(|(name, _)| name.parse::<usize>().unwrap_or(usize::MAX));
                }
                ordered
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let name = |(name, node): (&str, &Self)| match node {
            Self::Leaf(_) => name.to_owned(),
            Self::Directory { .. } => format!("{name}/"),
        };
        self.children().into_iter().map(name).collect()
    }

    fn json(&self, chosen: bool) -> Value {
        match self {
            Self::Leaf(leaf) => leaf.json(),
            Self::Directory { is_list: true, .. } => {
                let nodes = self.children().into_iter();
                nodes.map(|(_, node)| node.json(chosen)).collect()
            }
            Self::Directory { .. } => {
                let members = self.children().into_iter().map(|(name, node)| {
                    let shown = if chosen { name.to_owned() } else { camel(name) };
                    (shown, node.json(chosen || CHOSEN.contains(&name)))
                });
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn write_lines(&self, path: &str, lines: &mut String) {
        if let Self::Leaf(leaf) = self {
            lines.push_str(&format!("{path} {}\n", leaf.text()));
        }
        for (name, node) in self.children() {
            let below = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            };
            node.write_lines(&below, lines);
        }
    }
}

impl Leaf<'_> {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Words(_) => self.json().to_string(),
        }
    }

    pub(super) fn json(self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Words(words) => json!(words),
        }
    }
}

/// `cpu-platform` as `cpuPlatform`.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let mut letters = part.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &capital.into_iter().chain(letters).collect::<String>()
    })
}

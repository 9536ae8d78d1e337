//! `[cluster.NAME]`, as written.

use std::collections::BTreeMap;
use std::time::Duration;

use pve::ClusterSettings;
use toml::de::DeValue;
use toml_file::value::{Text, duration, texts};
use toml_file::{Fault, Mistakes, Table, Value};

use super::credentials::{self, SECRETS};
use super::names::is_id;
use super::nodes::Nodes;
use super::{Cluster, trust};
use crate::Selector;
use crate::guest::{Settings, Whose, is_tag};
use crate::value::Origin;

const KEYS: &[&str] = &[
    "endpoints",
    "fingerprint",
    "ca-file",
    "call-timeout",
    "include",
    "exclude",
    "ssh",
    "deadlines",
    "metadata",
    "tag",
    "node-ssh",
    "node-deadlines",
    "node",
];
const TAG_KEYS: &[&str] = &["ssh", "deadlines", "metadata"];

/// It leaves room for the guest's name and id behind it.
const NAME_LIMIT: usize = 32;
const USUAL_CALL: Duration = Duration::from_secs(30);
const LONGEST_CALL: Duration = Duration::from_secs(5 * 60);

/// Whether the value of `key` in a cluster's table can be shown to anybody.
pub(crate) fn is_open(key: &str) -> bool {
    KEYS.contains(&key) || key == "user"
}

impl Cluster {
    /// The cluster `name` of `table`; nothing when it lacks what no cluster can do without.
    pub(crate) fn read(
        name: &str,
        table: &Table<'_>,
        defaults: &Settings,
        origin: Origin<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let known = [KEYS, &credentials::KEYS].concat();
        let refused = SECRETS.map(|(key, _)| key);
        table.allow_only_beside(&refused, &known, mistakes);
        let valid = mistakes.collect(cluster_name((name, table.span())));
        let endpoints = trust::endpoints(table, mistakes);
        let trust = trust::trust(table, origin, mistakes);
        let credentials = credentials::read(table, origin, mistakes);
        let call = table.read("call-timeout", mistakes, |value| {
            duration(value, Duration::ZERO..=LONGEST_CALL)
        });
        let include = table.read("include", mistakes, selectors);
        let exclude = table.read("exclude", mistakes, selectors);
        let guests = Settings::read(table, Whose::Cluster, origin, mistakes);
        let tags = tags(table, origin, mistakes);
        let nodes = Nodes::read(table, &defaults.ssh, origin, mistakes);
        let settings = ClusterSettings {
            name: valid?,
            endpoints: endpoints?,
            trust,
            credentials: credentials?,
            call: call.unwrap_or(USUAL_CALL),
        };
        Some(Self {
            settings,
            include: include.unwrap_or_default(),
            exclude: exclude.unwrap_or_default(),
            guests: guests.or(&defaults.clone().of_clusters()),
            tags,
            declared: BTreeMap::new(),
            nodes,
        })
    }
}

fn tags(
    table: &Table<'_>,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, Settings> {
    let mut tags = BTreeMap::new();
    for (tag, table) in table.tables("tag", mistakes) {
        table.allow_only(TAG_KEYS, mistakes);
        if !is_tag(tag) {
            let message = "is no tag of Proxmox VE (A-Z a-z 0-9 . _ - +)";
            mistakes.push(Fault::new(table.span(), message).about(tag));
        }
        let settings = Settings::read(&table, Whose::Cluster, origin, mistakes);
        tags.insert(tag.to_owned(), settings);
    }
    tags
}

fn cluster_name((name, span): Text<'_>) -> Result<String, Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let fits = (1..=NAME_LIMIT).contains(&name.len()) && !name.starts_with('-');
    if fits && name.chars().all(allowed) {
        return Ok(name.to_owned());
    }
    let shown: String = name.chars().take(80).collect();
    let wanted = format!("1 to {NAME_LIMIT} of A-Z a-z 0-9 _ -");
    Err(Fault::new(
        span,
        format!("`{shown}` is not a cluster name ({wanted})"),
    ))
}

fn selectors<'t>(value: &'t Value<'t>) -> Result<Vec<Selector>, Fault> {
    let selector = |(text, span): Text<'_>| {
        text.parse()
            .map_err(|error| Fault::new(span, format!("is mistaken: {error}")))
    };
    texts(value)?.into_iter().map(selector).collect()
}

/// A guest's id.
pub(crate) fn vmid(value: &Value<'_>) -> Result<u32, Fault> {
    let DeValue::Integer(number) = value.get_ref() else {
        return Err(Fault::new(
            value.span(),
            "expects a number without quotes, such as 101",
        ));
    };
    match u32::from_str_radix(number.as_str(), number.radix()) {
        Ok(vmid) if is_id(vmid) => Ok(vmid),
        _ => Err(Fault::new(
            value.span(),
            "expects a guest's id, from 100 to 999999999",
        )),
    }
}

//! The API's own schema: which calls there are, with which parameters and privileges.
//!
//! `schema.json` has what the lab plays, of release 9.1 (names, types, privileges), and a few calls beyond it
//! that other clients make. A call that is not in it is answered 501. Patterns are not looked at: they
//! are Perl's.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use serde_json::Value;

use super::layout::Release;
use super::parameters::{Parameters, boolean};
use super::permission::{Wanted, holds};
use super::reply::ApiError;
use super::shared::Shared;

const CALLS: &str = include_str!("schema.json");

/// All calls, by method and number of segments.
#[derive(Debug)]
pub(super) struct Schema {
    calls: HashMap<(String, usize), Vec<CallSchema>>,
}

/// One call.
#[derive(Debug)]
pub(super) struct CallSchema {
    pub(super) path: String,
    segments: Vec<String>,
    parameters: BTreeMap<String, Value>,
    permissions: Value,
}

/// A call that was found, with the values of its path.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) call: &'a CallSchema,
    pub(super) of_path: BTreeMap<String, String>,
}

impl Schema {
    pub(super) fn load() -> Result<Self> {
        let mut calls: HashMap<(String, usize), Vec<CallSchema>> = HashMap::new();
        let entries: Vec<Value> = serde_json::from_str(CALLS).context("the schema is no JSON")?;
        for entry in entries {
            let (method, call) = CallSchema::read(&entry).context("an entry of the schema")?;
            let place = calls.entry((method, call.segments.len()));
            place.or_default().push(call);
        }
        Ok(Self { calls })
    }

    /// The call that a path means: fixed segments go before variable ones.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let asked: Vec<&str> = segments(path).collect();
        let candidates = self.calls.get(&(method.to_owned(), asked.len()))?;
        let fitting = candidates.iter().filter(|call| call.fits(&asked));
        let call =
            fitting.min_by_key(|call| call.segments.iter().filter(|s| is_variable(s)).count())?;
        let pairs = call.segments.iter().zip(&asked);
        let of_path = pairs.filter_map(|(segment, value)| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            Some((name.to_owned(), (*value).to_owned()))
        });
        Some(Found {
            call,
            of_path: of_path.collect(),
        })
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn is_variable(segment: &str) -> bool {
    segment.starts_with('{')
}

impl CallSchema {
    fn read(entry: &Value) -> Option<(String, Self)> {
        let path = entry["path"].as_str()?.to_owned();
        let parameters = entry["parameters"].as_object().cloned().unwrap_or_default();
        let call = Self {
            segments: segments(&path).map(str::to_owned).collect(),
            parameters: parameters.into_iter().collect(),
            permissions: entry["permissions"].clone(),
            path,
        };
        Some((entry["method"].as_str()?.to_owned(), call))
    }

    fn fits(&self, asked: &[&str]) -> bool {
        let mut pairs = self.segments.iter().zip(asked);
        pairs.all(|(segment, value)| is_variable(segment) || segment == value)
    }

    /// Fails like the API where a parameter is unknown, missing or wrong.
    pub(super) fn check_parameters(
        &self,
        of_path: &BTreeMap<String, String>,
        given: &Parameters,
    ) -> Result<(), ApiError> {
        let mut errors = BTreeMap::new();
        for (name, _) in given.pairs() {
            if of_path.contains_key(name) {
                errors.insert(
                    name.clone(),
                    "duplicate parameter (already defined in URI)".to_owned(),
                );
            } else if !self.parameters.contains_key(name) {
                errors.insert(
                    name.clone(),
                    "property is not defined in schema and the schema does not allow additional \
                     properties"
                        .to_owned(),
                );
            }
        }
        for (name, wanted) in &self.parameters {
            let values: Vec<&str> = match of_path.get(name) {
                Some(value) => vec![value],
                None => given.all(name).collect(),
            };
            if let Some(wrong) = wrong_with(name, &values, wanted) {
                errors.insert(name.clone(), wrong);
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::parameters(errors))
        }
    }

    /// Fails like the API where a privilege is missing.
    pub(super) fn check_permissions(
        &self,
        shared: &Shared,
        of_path: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        match (&self.permissions["user"], &self.permissions["check"]) {
            (Value::String(_), _) => Ok(()),
            (_, Value::Null) => Err(ApiError::forbidden_to_all()),
            (_, check) => permitted(shared, check, of_path),
        }
    }

    /// Whether nobody needs to have logged in.
    pub(super) fn is_for_the_world(&self) -> bool {
        self.permissions["user"] == "world"
    }
}

fn permitted(
    shared: &Shared,
    check: &Value,
    of_path: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let parts = check.as_array().map_or(&[][..], Vec::as_slice);
    match parts.first().and_then(Value::as_str) {
        Some("and") => parts[1..]
            .iter()
            .try_for_each(|part| permitted(shared, part, of_path)),
        Some("or") => {
            let mut last = Err(ApiError::forbidden_to_all());
            for part in &parts[1..] {
                last = permitted(shared, part, of_path);
                if last.is_ok() {
                    break;
                }
            }
            last
        }
        Some("perm") => permitted_at(shared, &parts[1..], of_path),
        _ => Err(ApiError::forbidden_to_all()),
    }
}

fn permitted_at(
    shared: &Shared,
    check: &[Value],
    of_path: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let [path, privileges, options @ ..] = check else {
        return Err(ApiError::forbidden_to_all());
    };
    let mut path = path.as_str().unwrap_or("/").to_owned();
    for (name, value) in of_path {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    let names = privileges.as_array().into_iter().flatten();
    let names = names.filter_map(|name| name.as_str().map(str::to_owned));
    let privileges = of_release(names.collect(), shared.release());
    let any = options.iter().any(|option| option == "any") || privileges.len() == 1;
    let wanted = if any { Wanted::Any } else { Wanted::All };
    if holds(shared, &path, &privileges, wanted) {
        return Ok(());
    }
    let named = match wanted {
        Wanted::Any => privileges.join("|"),
        Wanted::All => {
            let lacking = privileges.iter();
            let mut lacking = lacking
                .filter(|name| !holds(shared, &path, std::slice::from_ref(name), Wanted::All));
            lacking.next().cloned().unwrap_or_default()
        }
    };
    Err(ApiError::forbidden(&path, &named))
}

/// Release 8 has one privilege for everything about the agent.
fn of_release(privileges: Vec<String>, release: Release) -> Vec<String> {
    let is_agents = |name: &String| name.starts_with("VM.GuestAgent.");
    if release == Release::V8_4 && privileges.iter().any(is_agents) {
        return vec!["VM.Monitor".to_owned()];
    }
    privileges
}

fn wrong_with(name: &str, values: &[&str], wanted: &Value) -> Option<String> {
    let Some(&value) = values.first() else {
        let needed = wanted["optional"] != 1;
        return needed.then(|| "property is missing and it is not optional".to_owned());
    };
    match wanted["type"].as_str().unwrap_or("string") {
        "integer" => wrong_number(value, limits(name)),
        "number" => match value.parse::<f64>() {
            Ok(_) => None,
            Err(_) => Some(format!("type check ('number') failed - got '{value}'")),
        },
        "boolean" => boolean(value)
            .is_none()
            .then(|| format!("type check ('boolean') failed - got '{value}'")),
        "array" => None,
        _ => wrong_text(value, limits(name), wanted),
    }
}

/// Least and most of a number, or of a text's length. The copies hold names and types only.
const fn limits(name: &str) -> (u64, u64) {
    match name.as_bytes() {
        b"vmid" => (100, 999_999_999),
        b"count" => (1, 16 << 20),
        b"input-data" => (0, 64 << 10),
        b"snapname" => (0, 40),
        _ => (0, u64::MAX),
    }
}

fn wrong_number(value: &str, (least, most): (u64, u64)) -> Option<String> {
    let Ok(number) = value.parse::<i128>() else {
        return Some(format!("type check ('integer') failed - got '{value}'"));
    };
    if number < i128::from(least) {
        return Some(format!("value must have a minimum value of {least}"));
    }
    let is_too_large = number > i128::from(most);
    is_too_large.then(|| format!("value must have a maximum value of {most}"))
}

fn wrong_text(value: &str, (_, most): (u64, u64), wanted: &Value) -> Option<String> {
    if value.chars().count() as u64 > most {
        return Some(format!("value may only be {most} characters long"));
    }
    let words: Vec<&str> = wanted["enum"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if words.contains(&value) {
        return None;
    }
    let words = words.join(", ");
    Some(format!(
        "value '{value}' does not have a value in the enumeration '{words}'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_segments_go_before_variable_ones() {
        let schema = Schema::load().unwrap();
        let found = schema
            .find("POST", "/nodes/pve1/qemu/101/agent/ping")
            .unwrap();
        assert_eq!(found.of_path["vmid"], "101");
        assert!(found.call.path.ends_with("/agent/ping"));
        assert!(schema.find("GET", "/nope").is_none());
        assert!(
            schema
                .find("GET", "/nodes/pve1/qemu/101/agent/ping")
                .is_none()
        );
    }

    #[test]
    fn each_call_of_the_product_is_here_with_the_same_parameters_and_privileges() {
        let copy = include_str!("../../../pve/tests/data/pve-api-schema.json");
        let product: Vec<Value> = serde_json::from_str(copy).unwrap();
        let lab: Vec<Value> = serde_json::from_str(CALLS).unwrap();
        for call in product {
            let same =
                |other: &&Value| ["method", "path"].iter().all(|key| other[key] == call[key]);
            let played = lab
                .iter()
                .find(same)
                .unwrap_or_else(|| panic!("not played: {call}"));
            assert_eq!(played["permissions"], call["permissions"], "{call}");
            assert_eq!(played["parameters"], call["parameters"], "{call}");
        }
    }

    #[test]
    fn each_mistake_is_told_by_parameter() {
        let schema = Schema::load().unwrap();
        let found = schema
            .find("POST", "/nodes/pve1/qemu/99/status/shutdown")
            .unwrap();
        let given = Parameters::read(b"timeout=abc&bogus=1&forceStop=perhaps", "", None).unwrap();
        let error = found
            .call
            .check_parameters(&found.of_path, &given)
            .unwrap_err();
        let told: Vec<(&str, &str)> = error
            .errors
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let expected = [
            (
                "bogus",
                "property is not defined in schema and the schema does not allow additional properties",
            ),
            ("forceStop", "type check ('boolean') failed - got 'perhaps'"),
            ("timeout", "type check ('integer') failed - got 'abc'"),
            ("vmid", "value must have a minimum value of 100"),
        ];
        assert_eq!(told, expected);
    }
}

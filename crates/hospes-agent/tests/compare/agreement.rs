//! Whether two answers agree.

use serde_json::Value;

use crate::differences::{Covers, DIFFERENCES};
use crate::line::Line;
use crate::story::Step;

/// What was asked.
pub(crate) struct Context<'a> {
    pub(crate) command: Option<&'a str>,
    pub(crate) step: &'a Step,
    /// The first step of the story, as text.
    pub(crate) text: &'a str,
    /// Differences that earlier steps of the same story showed.
    pub(crate) earlier: &'a [&'static str],
}

pub(crate) enum Verdict {
    /// The same JSON.
    Exact,
    /// The same members and types; what differs changes from one moment to the next.
    Shape,
    /// As these entries of the table say.
    Listed(Vec<&'static str>),
    /// The reason.
    Different(String),
}

/// Members that change from one moment to the next, or with the process: `*` is any member or
/// element.
const VOLATILE: &[(&str, &[&str])] = &[
    ("guest-get-time", &[""]),
    ("guest-info", &["/version"]),
    ("guest-exec", &["/pid"]),
    ("guest-get-fsinfo", &["/*/used-bytes"]),
    ("guest-network-get-interfaces", &["/*/statistics/*"]),
    ("guest-get-diskstats", &["/*/stats/*"]),
    (
        "guest-get-cpustats",
        &[
            "/*/user",
            "/*/nice",
            "/*/system",
            "/*/idle",
            "/*/iowait",
            "/*/irq",
            "/*/softirq",
            "/*/steal",
            "/*/guest",
            "/*/guestnice",
        ],
    ),
];

pub(crate) fn judge(context: &Context<'_>, peer: &[Line], ours: &[Line]) -> Verdict {
    let found = judge_lines(context, peer, ours);
    if matches!(found, Verdict::Different(_)) {
        let listed = DIFFERENCES
            .iter()
            .find(|difference| match difference.covers {
                Covers::Step(covers) => covers(context, peer, ours),
                _ => false,
            });
        if let Some(difference) = listed {
            return Verdict::Listed(vec![difference.key]);
        }
    }
    found
}

fn judge_lines(context: &Context<'_>, peer: &[Line], ours: &[Line]) -> Verdict {
    if peer.len() != ours.len() {
        let (peer, ours) = (peer.len(), ours.len());
        return Verdict::Different(format!("{peer} lines against {ours}"));
    }
    let verdicts = peer.iter().zip(ours);
    verdicts
        .map(|(peer, ours)| judge_line(context, peer, ours))
        .reduce(Verdict::worse)
        .unwrap_or(Verdict::Exact)
}

fn judge_line(context: &Context<'_>, peer: &Line, ours: &Line) -> Verdict {
    let found = compare(context, peer, ours);
    if matches!(found, Verdict::Different(_)) {
        let listed = DIFFERENCES
            .iter()
            .find(|difference| match difference.covers {
                Covers::Line(covers) => covers(context, peer, ours),
                _ => false,
            });
        if let Some(difference) = listed {
            return Verdict::Listed(vec![difference.key]);
        }
    }
    found
}

fn compare(context: &Context<'_>, peer: &Line, ours: &Line) -> Verdict {
    if peer.delimiters != ours.delimiters {
        return Verdict::Different("another number of 0xFF".to_owned());
    }
    if peer.compact() == ours.compact() {
        return Verdict::Exact;
    }
    let (Some(peer), Some(ours)) = (&peer.json, &ours.json) else {
        return Verdict::Different("not JSON".to_owned());
    };
    if peer == ours {
        return Verdict::Exact;
    }
    let volatile = VOLATILE
        .iter()
        .find(|(name, _)| context.command == Some(*name));
    let volatile = volatile.map_or(&[][..], |(_, places)| places);
    match difference(peer, ours, "", volatile) {
        Some(place) => Verdict::Different(format!("differs at '{place}'")),
        None => Verdict::Shape,
    }
}

/// The first place that differs and is not volatile.
fn difference(peer: &Value, ours: &Value, place: &str, volatile: &[&str]) -> Option<String> {
    match (peer, ours) {
        (Value::Object(left), Value::Object(right)) => {
            if !left.keys().eq(right.keys()) {
                return Some(place.to_owned());
            }
            let pairs = left.iter().zip(right.values());
            let mut places = pairs.filter_map(|((name, left), right)| {
                difference(left, right, &format!("{place}/{name}"), volatile)
            });
            places.next()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut places = left.iter().zip(right).enumerate().filter_map(|(at, pair)| {
                difference(pair.0, pair.1, &format!("{place}/{at}"), volatile)
            });
            places.next()
        }
        (left, right) if left == right => None,
        (left, right) if same_type(left, right) && is_volatile(place, volatile) => None,
        _ => Some(place.to_owned()),
    }
}

fn same_type(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.is_f64() == right.is_f64(),
        _ => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}

fn is_volatile(place: &str, volatile: &[&str]) -> bool {
    let Some(place) = place.strip_prefix("/return") else {
        return false;
    };
    volatile.iter().any(|pattern| {
        let (mut names, mut patterns) = (place.split('/'), pattern.split('/'));
        names
            .by_ref()
            .zip(patterns.by_ref())
            .all(|(name, pattern)| pattern == "*" || name == pattern)
            && place.matches('/').count() == pattern.matches('/').count()
    })
}

impl Verdict {
    /// Of several lines of one answer the worst counts.
    fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Listed(mut keys), Self::Listed(more)) => {
                keys.extend(more);
                Self::Listed(keys)
            }
            (one, other) if one.rank() >= other.rank() => one,
            (_, other) => other,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Shape => 1,
            Self::Listed(_) => 2,
            Self::Different(_) => 3,
        }
    }
}

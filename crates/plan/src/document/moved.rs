//! Whether reality is still what a document was made from.

use std::collections::BTreeMap;
use std::fmt;

use super::{Document, fleet_digest, grouped};
use crate::fleet::{Fleet, Host, MemberId, Standing};

/// Something that is not as it was when the document was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A member is not there any more.
    Gone(MemberId),
    /// A group is for somebody of whom the document does not know.
    New {
        /// Who.
        id: MemberId,
        /// Of which group.
        group: String,
    },
    /// A member is in another group, or in none.
    Regrouped {
        /// Who.
        id: MemberId,
        /// Where it was.
        was: String,
        /// Where it is.
        is: Option<String>,
    },
    /// A guest runs on another node.
    Elsewhere {
        /// Who.
        id: MemberId,
        /// Where it was.
        was: Option<Host>,
        /// Where it is.
        is: Option<Host>,
    },
    /// A member was ready and is not, or nobody can tell.
    NotReady {
        /// Who.
        id: MemberId,
        /// Why.
        reason: String,
    },
}

/// What a document knows of a member of a group.
struct Known<'d> {
    group: &'d str,
    host: Option<&'d Host>,
    was_ready: bool,
}

/// What has changed in `fleet` since `document` was made of it, as far as it counts. That somebody
/// is ready again who was left out does not.
#[must_use]
pub fn moved(document: &Document, fleet: &Fleet) -> Vec<Difference> {
    if fleet_digest(fleet).is_ok_and(|digest| digest == document.fleet) {
        return Vec::new();
    }
    let (known, groups) = (known(document), grouped(fleet));
    let mut differences = Vec::new();
    for (id, known) in &known {
        differences.extend(difference(id, known, groups.get(id).copied(), fleet));
    }
    let new = groups.iter().filter(|(id, _)| !known.contains_key(*id));
    differences.extend(new.map(|(id, group)| Difference::New {
        id: (*id).clone(),
        group: (*group).to_owned(),
    }));
    differences
}

fn known(document: &Document) -> BTreeMap<&MemberId, Known<'_>> {
    let planned = document.members().map(|(group, _, member)| {
        let known = Known {
            group: &group.name,
            host: member.host.as_ref(),
            was_ready: true,
        };
        (&member.id, known)
    });
    let left_out = document.left_out.iter().filter_map(|left_out| {
        let known = Known {
            group: left_out.group.as_deref()?,
            host: left_out.host.as_ref(),
            was_ready: left_out.is_ready,
        };
        Some((&left_out.id, known))
    });
    planned.chain(left_out).collect()
}

fn difference(
    id: &MemberId,
    known: &Known<'_>,
    group: Option<&str>,
    fleet: &Fleet,
) -> Option<Difference> {
    let id = id.clone();
    let Some(facts) = fleet.facts(&id) else {
        return Some(Difference::Gone(id));
    };
    if group != Some(known.group) {
        return Some(Difference::Regrouped {
            id,
            was: known.group.to_owned(),
            is: group.map(str::to_owned),
        });
    }
    if facts.host.as_ref() != known.host {
        return Some(Difference::Elsewhere {
            id,
            was: known.host.cloned(),
            is: facts.host.clone(),
        });
    }
    match &facts.standing {
        Standing::Unready(reason) | Standing::Unknown(reason) if known.was_ready => {
            let reason = reason.clone();
            Some(Difference::NotReady { id, reason })
        }
        _ => None,
    }
}

impl Difference {
    /// Who is not as it was.
    #[must_use]
    pub const fn member(&self) -> &MemberId {
        match self {
            Self::Gone(id)
            | Self::New { id, .. }
            | Self::Regrouped { id, .. }
            | Self::Elsewhere { id, .. }
            | Self::NotReady { id, .. } => id,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |host: &Option<Host>| match host {
            Some(host) => host.to_string(),
            None => "no known node".to_owned(),
        };
        match self {
            Self::Gone(id) => write!(f, "{id} is not there any more"),
            Self::New { id, group } => write!(f, "{id} is new in group `{group}`"),
            Self::Regrouped {
                id,
                was,
                is: Some(is),
            } => {
                write!(f, "{id} was in group `{was}` and is in `{is}`")
            }
            Self::Regrouped { id, was, is: None } => {
                write!(f, "{id} was in group `{was}` and is in none")
            }
            Self::Elsewhere { id, was, is } => {
                write!(f, "{id} was on {} and is on {}", place(was), place(is))
            }
            Self::NotReady { id, reason } => write!(f, "{id} is not ready any more: {reason}"),
        }
    }
}

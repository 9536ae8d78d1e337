//! What the planner is told of the program's guests.
//!
//! ```text
//! selectors of groups ─► Fleet::muster ─► Meant: whom each group chooses
//!                                           ├─► (one look through SSH at each of them: Standing)
//!                                           └─► plan::Fleet
//! ```

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use conditions::GuestId;
use config::SelectError;
use plan::{Document, Facts, Kind, MemberId, PlanFile, Standing};
use thiserror::Error;

use crate::fleet::{Fleet, Member, Muster};

/// Whom a group is for, in the words of its plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'p> {
    group: &'p str,
    words: &'p [String],
    except: &'p [String],
}

/// A plan has a group of nodes.
#[derive(Debug, Error)]
#[error(
    "group `{0}` is for nodes, and campaigns patch guests only: take the group out of the plan file"
)]
pub(crate) struct NodesUnsupported(String);

/// Everybody, and whom each group chooses of them.
pub(crate) struct Meant {
    muster: Muster,
    groups: BTreeMap<String, Vec<GuestId>>,
}

/// What is done where a selector chooses nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// Something else may have been meant.
    IsMistake,
    /// They are not there any more.
    IsGone,
}

/// Whether the planner is told of those who are in no group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// A plan file is about everybody, and says of everybody why not.
    Told,
    /// The command line is about those whom it names.
    Unmentioned,
}

/// Whom the groups of a plan file are for.
///
/// # Errors
/// A group is for nodes.
pub(crate) fn wanted_by_file(file: &PlanFile) -> Result<Vec<Wanted<'_>>, NodesUnsupported> {
    let groups = file.groups.iter();
    groups
        .map(|(name, group)| {
            let (words, except) = (&*group.words, &*group.except);
            Wanted::of(name, group.kind, words, except)
        })
        .collect()
}

/// Whom the groups of a plan document are for.
///
/// # Errors
/// A group is for nodes.
pub(crate) fn wanted_by_document(document: &Document) -> Result<Vec<Wanted<'_>>, NodesUnsupported> {
    let groups = document.groups().iter();
    groups
        .map(|group| Wanted::of(&group.name, group.kind, &group.words, &group.except))
        .collect()
}

impl<'p> Wanted<'p> {
    fn of(
        group: &'p str,
        kind: Kind,
        words: &'p [String],
        except: &'p [String],
    ) -> Result<Self, NodesUnsupported> {
        match kind {
            Kind::Guest => Ok(Self {
                group,
                words,
                except,
            }),
            Kind::Node => Err(NodesUnsupported(group.to_owned())),
        }
    }

    fn chosen(&self, fleet: &Fleet, muster: &Muster, nobody: Nobody) -> Result<Vec<GuestId>> {
        let chosen = match fleet.select_of(muster, self.words) {
            Err(error) if nobody == Nobody::IsGone && chose_nobody(&error) => Vec::new(),
            chosen => chosen.with_context(|| format!("group `{}`", self.group))?,
        };
        let mut except = BTreeSet::new();
        for word in self.except {
            // Nobody to leave out is as wanted.
            match fleet.select_of(muster, std::slice::from_ref(word)) {
                Ok(guests) => except.extend(guests),
                Err(error) if chose_nobody(&error) => {}
                Err(error) => return Err(error.context(format!("group `{}`", self.group))),
            }
        }
        let kept = chosen.into_iter().filter(|guest| !except.contains(guest));
        Ok(kept.collect())
    }
}

fn chose_nobody(error: &anyhow::Error) -> bool {
    let nobody = error.downcast_ref();
    matches!(
        nobody,
        Some(SelectError::Nobody { .. } | SelectError::NoGuests)
    )
}

impl Meant {
    /// Asks the clusters once, and resolves the selectors of all groups.
    pub(crate) async fn of(fleet: &Fleet, wanted: &[Wanted<'_>], nobody: Nobody) -> Result<Self> {
        let muster = fleet.muster().await;
        let mut groups = BTreeMap::new();
        for group in wanted {
            let chosen = group.chosen(fleet, &muster, nobody)?;
            groups.insert(group.group.to_owned(), chosen);
        }
        Ok(Self { muster, groups })
    }

    /// Those of whom it counts whether they can be patched, each once.
    pub(crate) fn members(&self) -> Vec<Member> {
        let chosen: BTreeSet<&GuestId> = self.groups.values().flatten().collect();
        let chosen = chosen.into_iter();
        chosen
            .filter_map(|guest| self.muster.member(guest))
            .collect()
    }

    /// Those of a document who are still there.
    pub(crate) fn of_document(&self, document: &Document) -> Vec<Member> {
        let members = document.members();
        let guests = members.filter_map(|(_, _, member)| match &member.id {
            MemberId::Guest(guest) => self.muster.member(guest),
            MemberId::Node(_) => None,
        });
        guests.collect()
    }

    /// Whether the one of that name is a template, which never runs.
    pub(crate) fn is_template(&self, guest: &GuestId) -> bool {
        self.muster.is_template(guest)
    }

    /// What the planner is told: who there is, whom groups are for, and how each of those stands.
    pub(crate) fn fleet(
        &self,
        mut standings: BTreeMap<GuestId, Standing>,
        others: Others,
    ) -> plan::Fleet {
        let mut fleet = plan::Fleet::default();
        for guest in self.muster.names() {
            let standing = standings.remove(guest);
            if standing.is_none() && others == Others::Unmentioned {
                continue;
            }
            let facts = Facts {
                host: self.muster.host(guest),
                standing: standing.unwrap_or_else(|| Standing::Unknown("not asked".to_owned())),
            };
            fleet.add(MemberId::Guest(guest.clone()), facts);
        }
        for (group, guests) in &self.groups {
            let members = guests.iter().cloned().map(MemberId::Guest);
            fleet.choose(group, members.collect());
        }
        fleet
    }
}

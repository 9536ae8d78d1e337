//! What the planner is told of the program's guests and nodes.
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
use plan::{Document, Facts, Host, Kind, MemberId, PlanFile, Standing};

use crate::fleet::{Fleet, Member, Muster, Node};

/// Whom a group is for, in the words of its plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'p> {
    group: &'p str,
    kind: Kind,
    words: &'p [String],
    except: &'p [String],
}

/// Everybody, and whom each group chooses of them.
pub(crate) struct Meant {
    muster: Muster,
    /// Of all clusters, where a group is for nodes.
    nodes: Vec<Node>,
    groups: BTreeMap<String, Vec<MemberId>>,
}

/// Those who are patched.
pub(crate) struct Members {
    pub(crate) guests: Vec<Member>,
    pub(crate) nodes: Vec<Node>,
}

/// Whom words may mean.
struct Known<'m> {
    muster: &'m Muster,
    nodes: &'m [Node],
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
pub(crate) fn wanted_by_file(file: &PlanFile) -> Vec<Wanted<'_>> {
    let groups = file.groups.iter();
    let wanted = groups.map(|(name, group)| Wanted {
        group: name,
        kind: group.kind,
        words: &group.words,
        except: &group.except,
    });
    wanted.collect()
}

/// Whom the groups of a plan document are for.
pub(crate) fn wanted_by_document(document: &Document) -> Vec<Wanted<'_>> {
    let groups = document.groups().iter();
    let wanted = groups.map(|group| Wanted {
        group: &group.name,
        kind: group.kind,
        words: &group.words,
        except: &group.except,
    });
    wanted.collect()
}

impl Wanted<'_> {
    fn chosen(&self, fleet: &Fleet, known: &Known<'_>, nobody: Nobody) -> Result<Vec<MemberId>> {
        let named = || format!("group `{}`", self.group);
        match self.kind {
            Kind::Guest => {
                let guests = self.guests(fleet, known.muster, nobody)?.into_iter();
                Ok(guests.map(MemberId::Guest).collect())
            }
            Kind::Node => {
                let nodes = self.nodes(known.nodes, nobody).with_context(named)?;
                Ok(nodes.into_iter().map(MemberId::Node).collect())
            }
        }
    }

    fn nodes(&self, known: &[Node], nobody: Nobody) -> Result<Vec<Host>> {
        let mut chosen = Vec::new();
        for word in self.words {
            match Fleet::named(known, std::slice::from_ref(word)) {
                Ok(hosts) => chosen.extend(hosts),
                Err(_) if nobody == Nobody::IsGone => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Nobody to leave out is as wanted.
        let except = self.except.iter().filter_map(|word| {
            let hosts = Fleet::named(known, std::slice::from_ref(word));
            hosts.ok()
        });
        let mut left_out: BTreeSet<Host> = except.flatten().collect();
        chosen.retain(|host| left_out.insert(host.clone()));
        Ok(chosen)
    }

    fn guests(&self, fleet: &Fleet, muster: &Muster, nobody: Nobody) -> Result<Vec<GuestId>> {
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
        let nodes = match wanted.iter().any(|group| group.kind == Kind::Node) {
            true => fleet.nodes(None).await?,
            false => Vec::new(),
        };
        let known = Known {
            muster: &muster,
            nodes: &nodes,
        };
        let mut groups = BTreeMap::new();
        for group in wanted {
            let chosen = group.chosen(fleet, &known, nobody)?;
            groups.insert(group.group.to_owned(), chosen);
        }
        Ok(Self {
            muster,
            nodes,
            groups,
        })
    }

    /// Those of whom it counts whether they can be patched, each once.
    pub(crate) fn members(&self) -> Members {
        let chosen: BTreeSet<&MemberId> = self.groups.values().flatten().collect();
        self.those(chosen.into_iter())
    }

    /// Those of a document who are still there.
    pub(crate) fn of_document(&self, document: &Document) -> Members {
        self.those(document.members().map(|(_, _, member)| &member.id))
    }

    fn those<'i>(&self, ids: impl Iterator<Item = &'i MemberId>) -> Members {
        let (mut guests, mut nodes) = (Vec::new(), Vec::new());
        for id in ids {
            match id {
                MemberId::Guest(guest) => guests.extend(self.muster.member(guest)),
                MemberId::Node(host) => {
                    let known = self.nodes.iter().find(|node| node.host == *host);
                    nodes.extend(known.cloned());
                }
            }
        }
        Members { guests, nodes }
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
        let chosen: BTreeSet<&MemberId> = self.groups.values().flatten().collect();
        for node in &self.nodes {
            if others == Others::Unmentioned && !chosen.contains(&node.id()) {
                continue;
            }
            let lacks = node.lacks.without_ceph().words();
            let standing = match (node.online, lacks) {
                (Some(true), Some(lacks)) => Standing::Unready(format!(
                    "{lacks}; hospes patch nodes --check tells what grants it"
                )),
                (Some(true), None) => Standing::Ready,
                (Some(false), _) => Standing::Unready("its cluster does not see it".to_owned()),
                (None, _) => Standing::Unknown("its cluster does not say".to_owned()),
            };
            let host = None;
            fleet.add(node.id(), Facts { host, standing });
        }
        for (group, members) in &self.groups {
            fleet.choose(group, members.clone());
        }
        fleet
    }
}

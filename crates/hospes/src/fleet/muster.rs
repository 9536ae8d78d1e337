//! Everybody as seen at one time, for many selections at once.

use std::collections::BTreeMap;

use anyhow::Result;
use conditions::{GuestId, NodeName};
use config::Selector;
use plan::Host;

use super::roster::{Row, parsed, selected};
use super::{Fleet, Member, host_name};

/// Everybody who may be selected; each cluster was asked once.
pub(crate) struct Muster {
    rows: Vec<Row>,
    /// Their places, by name.
    places: BTreeMap<GuestId, usize>,
}

impl Fleet {
    /// Everybody. A cluster that cannot be asked is told, and remembered for the end.
    pub(crate) async fn muster(&self) -> Muster {
        let rows = self.roster(&[Selector::All]).await;
        let names = rows.iter().map(|row| row.guest.name.clone());
        Muster {
            places: names.zip(0..).collect(),
            rows,
        }
    }

    /// Whom `selectors` choose of them, as [`Fleet::select`] does.
    pub(crate) fn select_of(&self, muster: &Muster, selectors: &[String]) -> Result<Vec<GuestId>> {
        let chosen = selected(&muster.rows, &parsed(selectors)?);
        let guests = chosen.map_err(|error| self.explained(error))?;
        Ok(guests.into_iter().map(|guest| guest.name).collect())
    }
}

impl Muster {
    /// Everybody's name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &GuestId> {
        self.places.keys()
    }

    /// The guest of that name.
    pub(crate) fn member(&self, name: &GuestId) -> Option<Member> {
        let row = self.row(name)?;
        Some(Member::new(row.guest.clone(), &row.backend))
    }

    /// Whether the one of that name is a template, which never runs.
    pub(crate) fn is_template(&self, name: &GuestId) -> bool {
        self.row(name).is_some_and(|row| row.is_template)
    }

    /// Where the guest of that name runs, as far as it is known.
    pub(crate) fn host(&self, name: &GuestId) -> Option<Host> {
        let place = &self.row(name)?.guest.place;
        let Some(place) = place.clustered() else {
            return Some(Host {
                cluster: None,
                name: NodeName::new(host_name()),
            });
        };
        Some(Host {
            cluster: Some(place.cluster.clone()),
            name: NodeName::new(&*place.found.as_ref()?.node),
        })
    }

    fn row(&self, name: &GuestId) -> Option<&Row> {
        self.rows.get(*self.places.get(name)?)
    }
}

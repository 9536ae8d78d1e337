//! A state directory, and guests that remember who was patched.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use journal::CampaignId;
use patch_report::input::What;
use plan::campaign::{Outcome, Summary};
use plan::{Document, Facts, Fleet, MemberId, PlanFile, Standing};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::super::beginning::{Begun, begin, take_up};
use super::super::driver::{Driven, Driver};
use super::super::notes::{entry, told};
use super::super::turns::Turns;
use super::super::{Hooks, Word, write};
use crate::clock::now;
use crate::show::Progress;
use crate::store::Store;

/// Guests, as they are whoever looks at them.
pub(super) struct World {
    /// What becomes of each turn that was begun.
    pub(super) begun: RefCell<BTreeMap<(MemberId, u32), Outcome>>,
    /// What becomes of the next turn of a member; done, if nothing is said.
    pub(super) fates: RefCell<BTreeMap<MemberId, Vec<Outcome>>>,
    /// So many touches, and the hospes that touches it dies.
    pub(super) fuse: Cell<Option<u32>>,
    died: Notify,
}

pub(super) struct Site {
    pub(super) dir: TempDir,
    pub(super) store: Store,
    pub(super) world: Rc<World>,
}

impl World {
    /// The hospes may die here.
    async fn touch(&self) {
        match self.fuse.get() {
            None => {}
            Some(0) => {
                self.died.notify_one();
                pending::<()>().await;
            }
            Some(left) => self.fuse.set(Some(left - 1)),
        }
        tokio::task::yield_now().await;
    }

    fn fate(&self, member: &MemberId) -> Outcome {
        let mut fates = self.fates.borrow_mut();
        let next = fates.get_mut(member).filter(|fates| !fates.is_empty());
        next.map_or(Outcome::Done, |fates| fates.remove(0))
    }
}

impl Turns for World {
    async fn begin(&self, member: &MemberId, turn: u32) -> Outcome {
        self.touch().await;
        let key = (member.clone(), turn);
        let fate = self.fate(member);
        let before = self.begun.borrow_mut().insert(key, fate.clone());
        assert_eq!(before, None, "{member} was begun twice in turn {turn}");
        self.touch().await;
        fate
    }

    async fn follow(&self, member: &MemberId, turn: u32) -> Option<Outcome> {
        self.touch().await;
        let begun = self.begun.borrow().get(&(member.clone(), turn)).cloned();
        self.touch().await;
        begun
    }
}

impl Site {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(dir.path()).unwrap(),
            dir,
            world: Rc::new(World {
                begun: RefCell::default(),
                fates: RefCell::default(),
                fuse: Cell::new(None),
                died: Notify::new(),
            }),
        }
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn begin(&self, document: Document) -> Begun {
        begin(&self.store, document, "patch apply").unwrap()
    }

    pub(super) async fn take_up(&self) -> Begun {
        let id = CampaignId(1);
        take_up(&self.store, id, "patch resume").await.unwrap()
    }

    /// Drives it until it ends, or until this hospes dies.
    pub(super) async fn drive(&self, begun: Begun) -> Result<Option<Summary>> {
        let Begun {
            lock,
            campaign,
            effects,
            seen,
        } = begun;
        let key = (lock.campaign(), campaign.head().began);
        let document = campaign.document();
        let hooks = Hooks::of(key, document, self.dir.path(), vec!["setsid".into()]);
        let progress = Progress::new(true, false);
        let driver = Driver {
            store: &self.store,
            lock: &lock,
            turns: &*self.world,
            hooks: &hooks,
            progress: &progress,
        };
        let first = seen.map(|seen| What::TakenUp { seen });
        tokio::select! {
            driven = driver.drive(campaign, effects, first) => match driven? {
                Driven::Ended(summary) => Ok(Some(summary)),
                Driven::Interrupted(_) => panic!("nobody interrupted it"),
            },
            () = self.world.died.notified() => Ok(None),
        }
    }

    pub(super) fn say(&self, word: &Word) {
        let (at, journal) = (now(), self.store.journal());
        let note = write(word.what(), "eva", at);
        journal
            .say_to_campaign(CampaignId(1), &word.written(), &note, at)
            .unwrap();
    }

    /// The timeline.
    pub(super) fn notes(&self) -> Vec<String> {
        let record = self.store.journal().campaign(CampaignId(1)).unwrap();
        let notes = record.notes.iter();
        notes.map(|note| told(&entry(note).what)).collect()
    }

    /// Who was begun, and how often.
    pub(super) fn begun(&self) -> Vec<String> {
        let begun = self.world.begun.borrow();
        begun
            .keys()
            .map(|(member, turn)| format!("{member} {turn}"))
            .collect()
    }
}

/// The plan that `text` makes of so many guests called `webN`, of each group those that it names.
pub(super) fn document(text: &str, guests: usize) -> Document {
    let mut file = PlanFile::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    for group in file.groups.values_mut() {
        group.policy.retry_after = std::time::Duration::from_millis(1);
    }
    let mut fleet = Fleet::default();
    let ids: Vec<MemberId> = (1..=guests)
        .map(|guest| format!("web{guest}").parse().unwrap())
        .collect();
    for id in &ids {
        let facts = Facts {
            host: None,
            standing: Standing::Ready,
        };
        fleet.add(id.clone(), facts);
    }
    for (name, group) in &file.groups {
        let words = &group.words;
        let members = ids.iter().filter(|id| words.contains(&id.to_string()));
        let members = match words.iter().any(|word| word == "all") {
            true => ids.clone(),
            false => members.cloned().collect(),
        };
        fleet.choose(name, members);
    }
    plan::plan(&file, &fleet, now()).unwrap()
}

/// Waits until `is` holds.
pub(super) async fn until(is: impl Fn() -> bool) {
    let began = now();
    while !is() {
        assert!(
            now().since(began) < std::time::Duration::from_secs(30),
            "it never came to be"
        );
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

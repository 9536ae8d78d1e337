//! Many guests, some at a time: who is next, and when no other is begun.
//!
//! ```text
//! waiting ──next──► under way ──ended──► done
//!    │                │  at most `at_once`, at most `per_node` of one node
//!    └─ failed + under way > max_failures: nobody is begun any more; the rest is not begun
//! ```
//!
//! A guest under way counts as if it failed, so that the budget is never overrun: at most
//! `max_failures` + 1 guests of a change are under way at a time.

use std::collections::BTreeMap;

/// How many at a time, and how many may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Guests under way at a time.
    pub(crate) at_once: usize,
    /// Of those, guests of one node.
    pub(crate) per_node: usize,
    /// Guests that may fail before no other is begun; without it any number may.
    pub(crate) max_failures: Option<usize>,
}

/// The state of a walk over guests that are known by their place in a list.
#[derive(Debug)]
pub(crate) struct Rounds {
    pace: Pace,
    /// The nodes of those that wait, by place; a guest without one has no limit but `at_once`.
    waiting: BTreeMap<usize, Option<String>>,
    under_way: BTreeMap<usize, Option<String>>,
    failed: usize,
    is_halted: bool,
}

impl Rounds {
    /// A walk over guests on these nodes.
    pub(crate) fn new(nodes: impl IntoIterator<Item = Option<String>>, pace: Pace) -> Self {
        Self {
            pace,
            waiting: nodes.into_iter().enumerate().collect(),
            under_way: BTreeMap::new(),
            failed: 0,
            is_halted: false,
        }
    }

    /// The next guest to begin with, if one may be begun now.
    pub(crate) fn next(&mut self) -> Option<usize> {
        if self.is_over_budget() || self.under_way.len() >= self.pace.at_once.max(1) {
            return None;
        }
        let mut waiting = self.waiting.iter();
        let (&place, _) = waiting.find(|(_, node)| self.has_room(node.as_deref()))?;
        let node = self.waiting.remove(&place)?;
        self.under_way.insert(place, node);
        Some(place)
    }

    /// A guest has ended.
    pub(crate) fn ended(&mut self, place: usize, succeeded: bool) {
        if self.under_way.remove(&place).is_some() && !succeeded {
            self.failed += 1;
        }
    }

    /// Nobody is begun any more.
    pub(crate) const fn halt(&mut self) {
        self.is_halted = true;
    }

    /// The guests that were not begun, in order.
    pub(crate) fn not_begun(&self) -> Vec<usize> {
        self.waiting.keys().copied().collect()
    }

    /// Guests that wait to be begun.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn is_over_budget(&self) -> bool {
        let may_have_failed = self.failed + self.under_way.len();
        let is_spent = |budget| may_have_failed > budget;
        self.is_halted || self.pace.max_failures.is_some_and(is_spent)
    }

    fn has_room(&self, node: Option<&str>) -> bool {
        let Some(node) = node else { return true };
        let of_node = self.under_way.values();
        let under_way = of_node.filter(|other| other.as_deref() == Some(node));
        under_way.count() < self.pace.per_node.max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nodes(names: &[&str]) -> Vec<Option<String>> {
        let node = |name: &&str| (!name.is_empty()).then(|| (*name).to_owned());
        names.iter().map(node).collect()
    }

    fn pace(at_once: usize, per_node: usize, max_failures: Option<usize>) -> Pace {
        Pace {
            at_once,
            per_node,
            max_failures,
        }
    }

    fn all_next(rounds: &mut Rounds) -> Vec<usize> {
        std::iter::from_fn(|| rounds.next()).collect()
    }

    #[test]
    fn a_full_node_lets_the_guests_of_others_go_first() {
        let mut rounds = Rounds::new(nodes(&["a", "a", "b", "", ""]), pace(4, 1, None));
        assert_eq!(all_next(&mut rounds), [0, 2, 3, 4]);
        rounds.ended(0, true);
        assert_eq!(all_next(&mut rounds), [1]);
        assert_eq!(rounds.waiting(), 0);
    }

    #[test]
    fn without_a_budget_for_failures_it_is_one_after_the_other_until_the_first() {
        let mut rounds = Rounds::new(nodes(&["a", "b", "c"]), pace(8, 8, Some(0)));
        assert_eq!(all_next(&mut rounds), [0]);
        rounds.ended(0, true);
        assert_eq!(all_next(&mut rounds), [1]);
        rounds.ended(1, false);
        assert_eq!(all_next(&mut rounds), [0; 0]);
        assert_eq!(rounds.not_begun(), [2]);
    }

    #[test]
    fn who_is_interrupted_begins_nobody_more() {
        let mut rounds = Rounds::new(nodes(&["a", "b"]), pace(1, 1, None));
        assert_eq!(rounds.next(), Some(0));
        rounds.halt();
        rounds.ended(0, false);
        assert_eq!((rounds.next(), rounds.not_begun()), (None, vec![1]));
    }

    proptest! {
        #[test]
        fn no_limit_is_ever_passed_and_everybody_has_a_turn(
            places in proptest::collection::vec(proptest::option::of(0_usize..4), 0..30),
            at_once in 0_usize..6,
            per_node in 0_usize..4,
            budget in proptest::option::of(0_usize..5),
            ends in proptest::collection::vec((any::<proptest::sample::Index>(), prop::bool::weighted(0.7)), 60),
        ) {
            let named: Vec<_> = places.iter().map(|node| node.map(|node| node.to_string())).collect();
            let mut rounds = Rounds::new(named.clone(), pace(at_once, per_node, budget));
            let (mut under_way, mut begun, mut failed) = (Vec::<usize>::new(), 0, 0);
            for (which, succeeded) in ends {
                for place in all_next(&mut rounds) {
                    under_way.push(place);
                    begun += 1;
                }
                prop_assert!(under_way.len() <= at_once.max(1));
                for node in 0..4 {
                    let name = Some(node.to_string());
                    let here = under_way.iter().filter(|place| named[**place] == name).count();
                    prop_assert!(here <= per_node.max(1));
                }
                if under_way.is_empty() {
                    break;
                }
                let place = under_way.swap_remove(which.index(under_way.len()));
                rounds.ended(place, succeeded);
                failed += usize::from(!succeeded);
                if let Some(budget) = budget {
                    prop_assert!(failed <= budget + 1);
                }
            }
            if budget.is_none() && under_way.is_empty() {
                prop_assert_eq!(begun, places.len());
            }
            prop_assert_eq!(begun + rounds.not_begun().len(), places.len());
        }
    }
}

//! A walk over many guests, some at a time; what became of each is told as soon as it is known.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::fleet::Member;
use crate::rounds::{Pace, Rounds};
use crate::show::Progress;

/// What became of one guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Succeeded,
    Failed,
    /// The operator wants no more.
    Interrupted,
}

/// What a walk came to.
pub(super) struct Walked<T> {
    /// What became of those that were begun, in the order of the selection.
    pub(super) done: Vec<T>,
    /// Those that were not begun, by their place.
    pub(super) not_begun: Vec<usize>,
}

/// Begins with `each` of the guests as `pace` allows. `told` hears what became of one at once and
/// judges it.
pub(super) async fn walk<T, W>(
    members: &[Member],
    pace: Pace,
    progress: &Progress,
    each: impl Fn(usize) -> W,
    mut told: impl FnMut(&T) -> Verdict,
) -> Walked<T>
where
    W: Future<Output = T>,
{
    let mut rounds = Rounds::new(members.iter().map(Member::node), pace);
    let mut under_way = FuturesUnordered::new();
    let mut done: Vec<(usize, T)> = Vec::new();
    let mut failed = 0;
    loop {
        while let Some(place) = rounds.next() {
            let work = each(place);
            under_way.push(async move { (place, work.await) });
        }
        let tally = Tally {
            done: done.len(),
            failed,
            under_way: under_way.len(),
            waiting: rounds.waiting(),
        };
        tally.tell(progress);
        let Some((place, result)) = under_way.next().await else {
            break;
        };
        progress.ended(members[place].id());
        let verdict = told(&result);
        rounds.ended(place, verdict == Verdict::Succeeded);
        failed += usize::from(verdict != Verdict::Succeeded);
        if verdict == Verdict::Interrupted {
            rounds.halt();
        }
        done.push((place, result));
    }
    done.sort_by_key(|(place, _)| *place);
    Walked {
        done: done.into_iter().map(|(_, result)| result).collect(),
        not_begun: rounds.not_begun(),
    }
}

struct Tally {
    done: usize,
    failed: usize,
    under_way: usize,
    waiting: usize,
}

impl Tally {
    /// One guest needs no count.
    fn tell(&self, progress: &Progress) {
        let all = self.done + self.under_way + self.waiting;
        if all > 1 {
            progress.tally(&format!(
                "{} of {all} done, {} of them not well; {} under way",
                self.done, self.failed, self.under_way
            ));
        }
    }
}

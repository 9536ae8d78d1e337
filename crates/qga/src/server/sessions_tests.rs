//! Sessions in small stories, and against a naive model.

use proptest::prelude::*;

use super::*;

#[test]
fn replies_come_out_in_the_order_of_their_requests() {
    let mut sessions = Sessions::new();
    let (slow, silent, fast) = (sessions.accept(), sessions.accept(), sessions.accept());
    assert!(!sessions.is_idle());
    assert!(sessions.settle(fast, Some("fast")).is_empty());
    assert!(sessions.settle(silent, None).is_empty());
    assert_eq!(sessions.settle(slow, Some("slow")), ["slow", "fast"]);
    assert!(sessions.is_idle());
    let next = sessions.accept();
    assert_eq!(sessions.settle(next, Some("next")), ["next"]);
}

#[test]
fn a_reply_of_an_older_session_is_dropped() {
    let mut sessions = Sessions::new();
    let (trim, ping) = (sessions.accept(), sessions.accept());
    assert!(sessions.settle(ping, Some("ping")).is_empty());
    sessions.begin_session();
    assert!(sessions.is_idle());
    assert_eq!(sessions.outstanding(), 1);
    let sync = sessions.accept();
    assert_eq!(sessions.settle(sync, Some("sync")), ["sync"]);
    let late = sessions.accept();
    assert!(sessions.settle(trim, Some("trim")).is_empty());
    assert_eq!(sessions.settle(late, Some("late")), ["late"]);
    assert_eq!(sessions.outstanding(), 0);
}

#[test]
fn a_request_is_settled_once() {
    let mut sessions = Sessions::new();
    let (first, second) = (sessions.accept(), sessions.accept());
    assert!(sessions.settle(second, Some(2)).is_empty());
    assert!(sessions.settle(second, Some(3)).is_empty());
    assert_eq!(sessions.settle(first, Some(1)), [1, 2]);
    assert!(sessions.settle(first, Some(1)).is_empty());
    let old = sessions.accept();
    sessions.begin_session();
    assert_eq!(sessions.outstanding(), 1);
    for _ in 0..2 {
        assert!(sessions.settle(old, None).is_empty());
        assert_eq!(sessions.outstanding(), 0);
    }
}

#[derive(Debug, Clone)]
enum Move {
    Accept,
    Sync,
    /// Settles one of the open requests of any session.
    Settle(prop::sample::Index, bool),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => Just(Move::Accept),
        1 => Just(Move::Sync),
        4 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(which, answered)| Move::Settle(which, answered)),
    ]
}

/// What the stream should have done, kept without cleverness.
#[derive(Default)]
struct Model {
    /// Every request ever: its session, and whether and how it was settled.
    requests: Vec<(Ticket, usize, Option<bool>)>,
    session: usize,
    sent: Vec<usize>,
}

impl Model {
    fn open(&self) -> Vec<usize> {
        let is_open = |number: &usize| self.requests[*number].2.is_none();
        (0..self.requests.len()).filter(is_open).collect()
    }

    fn owed(&self) -> impl Iterator<Item = usize> {
        let current = |number: &usize| self.requests[*number].1 == self.session;
        (0..self.requests.len()).filter(current)
    }

    /// The current session's answered requests before its first open one, but those sent before.
    fn due(&mut self) -> Vec<usize> {
        let settled = |number: &usize| self.requests[*number].2.is_some();
        let answered = |number: &usize| self.requests[*number].2 == Some(true);
        let unsent = |number: &usize| !self.sent.contains(number);
        let due: Vec<usize> = self
            .owed()
            .take_while(settled)
            .filter(answered)
            .filter(unsent)
            .collect();
        self.sent.extend(&due);
        due
    }
}

proptest! {
    #[test]
    fn every_interleaving_is_as_the_model_says(
        moves in prop::collection::vec(any_move(), 0..120),
    ) {
        let mut sessions = Sessions::new();
        let mut model = Model::default();
        for step in moves {
            match step {
                Move::Accept => {
                    let ticket = sessions.accept();
                    prop_assert!(model.requests.iter().all(|(other, ..)| *other != ticket));
                    model.requests.push((ticket, model.session, None));
                }
                Move::Sync => {
                    sessions.begin_session();
                    model.session += 1;
                }
                Move::Settle(which, answered) => {
                    let open = model.open();
                    if open.is_empty() {
                        continue;
                    }
                    let number = *which.get(&open);
                    let ticket = model.requests[number].0;
                    model.requests[number].2 = Some(answered);
                    let sent = sessions.settle(ticket, answered.then_some(number));
                    prop_assert_eq!(sent, model.due());
                }
            }
            let open = model.open();
            let first_open = model.owed().find(|number| open.contains(number));
            prop_assert_eq!(sessions.is_idle(), first_open.is_none());
            let waiting = model.owed().filter(|number| {
                first_open.is_some_and(|first| *number > first) && !open.contains(number)
            });
            prop_assert_eq!(sessions.outstanding(), open.len() + waiting.count());
        }
    }
}

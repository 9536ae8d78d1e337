//! Leaving an agent that was silent alone for a while.
//!
//! ```text
//!            answered                     silent (again: the rest begins anew)
//!           ┌────────┐                        ┌────────┐
//!           ▼        │        silent          ▼        │
//!         ┌─── asked ┴──┐ ───────────────► ┌── resting ┴──┐
//!         │ all may ask │                  │ nobody asks  │
//!         └─────────────┘ ◄─────────────── └──────────────┘
//!                      the rest is over, or it answered one
//!                      that asked all the same
//! ```
//!
//! A dead agent costs its node three seconds a call, in which one of its few workers does nothing
//! else. So whoever checks a guest learns what the last call has learned, and only the first call
//! after the rest is let through. A rest never makes a guest look better than it is.

use std::time::Duration;

/// What is known of one guest's agent. Times are those of any clock that does not go back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaker {
    silence: Option<Silence>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Silence {
    seen: Duration,
    words: String,
}

/// Why an agent is not asked at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting<'a> {
    /// What the last call was told.
    pub words: &'a str,
    /// How long ago.
    pub ago: Duration,
}

impl Breaker {
    /// How long a silent agent is left alone: longer than the calls of one check, shorter than the
    /// patience of somebody who has just started the agent.
    pub const REST: Duration = Duration::from_secs(10);

    /// Why the agent may not be asked now; `None` if it may.
    #[must_use]
    pub fn resting(&self, now: Duration) -> Option<Resting<'_>> {
        let silence = self.silence.as_ref()?;
        let ago = now.saturating_sub(silence.seen);
        (ago < Self::REST).then_some(Resting {
            words: &silence.words,
            ago,
        })
    }

    /// It did not answer a call that ended now; `words` are what the caller was told.
    pub fn silent(&mut self, now: Duration, words: String) {
        self.silence = Some(Silence { seen: now, words });
    }

    /// It answered.
    pub fn answered(&mut self) {
        self.silence = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Event {
        Silent,
        Answered,
        Pass(u64),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            Just(Event::Silent),
            Just(Event::Answered),
            (0..15_000_u64).prop_map(Event::Pass),
        ];
        prop::collection::vec(event, 0..60)
    }

    proptest! {
        #[test]
        fn it_rests_exactly_for_a_while_after_a_silence_that_no_answer_followed(events in events()) {
            let mut breaker = Breaker::default();
            let mut now = Duration::ZERO;
            let mut last: Option<(Duration, String)> = None;
            for (count, event) in events.into_iter().enumerate() {
                match event {
                    Event::Silent => {
                        let words = format!("silence {count}");
                        breaker.silent(now, words.clone());
                        last = Some((now, words));
                    }
                    Event::Answered => {
                        breaker.answered();
                        last = None;
                    }
                    Event::Pass(ms) => now += Duration::from_millis(ms),
                }
                let expected = last
                    .as_ref()
                    .filter(|(seen, _)| now < *seen + Breaker::REST)
                    .map(|(seen, words)| Resting { words, ago: now - *seen });
                prop_assert_eq!(breaker.resting(now), expected);
            }
        }
    }

    #[test]
    fn an_agent_that_was_never_asked_may_be_asked() {
        assert_eq!(Breaker::default().resting(Duration::ZERO), None);
    }
}

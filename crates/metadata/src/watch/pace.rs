//! How long to wait between two requests for one key, and what of it is worth a line.

use std::fmt;
use std::time::Duration;

use super::notice::Rounded;
use crate::Failure;

/// Where a key or the directory above it does not exist.
const ABSENT: Duration = Duration::from_secs(60);
/// The first rest after a failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest where a server has answered before: it comes back.
const LONGEST_KNOWN: Duration = Duration::from_secs(60);
/// The longest where none ever has, or one refuses to answer: most machines have none.
const LONGEST_UNKNOWN: Duration = Duration::from_secs(300);
/// A hanging GET that is answered sooner did not hang.
const HUNG: Duration = Duration::from_secs(1);
/// Answers in a row that need not have hung: values may change quickly, for a while.
const BURST: u32 = 8;
/// A kind is told at most once in this time.
const TOLD_AGAIN: Duration = Duration::from_secs(600);

/// The rhythm of the requests for one key.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    failures: u32,
    unhung: u32,
    has_answered: bool,
    /// What was told last; at first, that nothing is wrong.
    told: Option<Kind>,
    /// When each kind was told last.
    told_at: [Option<Duration>; KINDS],
}

/// What a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Another value than the last time.
    Changed,
    /// The same value.
    Same,
}

/// What follows a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Until the next one.
    pub wait: Duration,
    /// A line for the log.
    pub notice: Option<Interruption>,
}

/// That requests have begun to fail, to fail in another way, or to succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    failure: Option<Failure>,
    wait: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Answers,
    Absent,
    Forbidden,
    TooOften,
    ServerError,
    OtherStatus,
    TimedOut,
    Refused,
    Unreachable,
    Garbage,
    TooLarge,
    Cancelled,
}

const KINDS: usize = Kind::Cancelled as usize + 1;

impl Pace {
    /// Takes in how a request ended that was sent `took` ago. `random` is any number: it keeps the
    /// guests of one host apart.
    pub fn step(
        &mut self,
        outcome: Result<Answer, &Failure>,
        took: Duration,
        now: Duration,
        random: u32,
    ) -> Rest {
        let kind = Kind::of(outcome.err());
        let wait = self.wait(kind, outcome.ok(), took, random);
        let notice = self.is_news(kind, now).then(|| Interruption {
            failure: outcome.err().cloned(),
            wait,
        });
        Rest { wait, notice }
    }

    fn wait(
        &mut self,
        kind: Kind,
        answer: Option<Answer>,
        took: Duration,
        random: u32,
    ) -> Duration {
        let is_answer = matches!(kind, Kind::Answers | Kind::Absent);
        self.has_answered |= is_answer;
        self.failures = if is_answer {
            0
        } else {
            self.failures.saturating_add(1)
        };
        self.unhung = match kind {
            Kind::Answers if took < HUNG => self.unhung.saturating_add(1),
            _ => 0,
        };
        let is_expected = self.has_answered && kind != Kind::Forbidden;
        let longest = if is_expected {
            LONGEST_KNOWN
        } else {
            LONGEST_UNKNOWN
        };
        match kind {
            Kind::Answers if self.unhung <= BURST => Duration::ZERO,
            // A value that changes so often is worth a request a second.
            Kind::Answers if answer == Some(Answer::Changed) => FIRST,
            Kind::Answers => jittered(self.unhung - BURST, longest, random),
            Kind::Absent => ABSENT,
            _ => jittered(self.failures, longest, random),
        }
    }

    fn is_news(&mut self, kind: Kind, now: Duration) -> bool {
        if self.told.unwrap_or(Kind::Answers) == kind {
            return false;
        }
        let Some(told_at) = self.told_at.get_mut(kind as usize) else {
            return false;
        };
        if told_at.is_some_and(|at| now.saturating_sub(at) < TOLD_AGAIN) {
            return false;
        }
        *told_at = Some(now);
        self.told = Some(kind);
        true
    }
}

/// Doubles up to `longest`, of which half is left to chance.
fn jittered(count: u32, longest: Duration, random: u32) -> Duration {
    let doublings = count.saturating_sub(1).min(16);
    let full = (FIRST * 2_u32.pow(doublings)).min(longest);
    full / 2 + full.mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0)
}

impl Kind {
    const fn of(failure: Option<&Failure>) -> Self {
        let Some(failure) = failure else {
            return Self::Answers;
        };
        match failure {
            Failure::Status(404) => Self::Absent,
            Failure::Status(403) => Self::Forbidden,
            Failure::Status(429) => Self::TooOften,
            Failure::Status(500..) => Self::ServerError,
            Failure::Status(_) => Self::OtherStatus,
            Failure::TimedOut(_) => Self::TimedOut,
            Failure::Refused => Self::Refused,
            Failure::Unreachable(_) => Self::Unreachable,
            Failure::Garbage(_) => Self::Garbage,
            Failure::TooLarge(_) => Self::TooLarge,
            Failure::Cancelled => Self::Cancelled,
        }
    }
}

impl Interruption {
    /// Whether somebody should look at it: not when requests succeed, nor when there is nothing to
    /// ask.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| !failure.is_not_found())
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            None => write!(f, "the metadata server answers"),
            Some(failure) if failure.is_not_found() => write!(
                f,
                "the metadata server has no such value; asking every {}, without further lines",
                Rounded(ABSENT)
            ),
            Some(failure) => write!(
                f,
                "{failure}; trying again after {}, later each time, without further lines",
                Rounded(self.wait.max(FIRST))
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Requests that end like this, one after the other; answers the rests and the notices.
    fn run(outcomes: &[Result<Answer, Failure>], took: Duration, random: u32) -> Vec<Rest> {
        let (mut pace, mut now) = (Pace::default(), Duration::ZERO);
        let step = |outcome: &Result<Answer, Failure>| {
            now += took;
            let rest = pace.step(outcome.as_ref().copied(), took, now, random);
            now += rest.wait;
            rest
        };
        outcomes.iter().map(step).collect()
    }

    fn seconds(rests: &[Rest]) -> Vec<f64> {
        let wait = |rest: &Rest| (rest.wait.as_secs_f64() * 10.0).round() / 10.0;
        rests.iter().map(wait).collect()
    }

    fn told(rests: &[Rest]) -> usize {
        rests.iter().filter(|rest| rest.notice.is_some()).count()
    }

    #[test]
    fn a_server_that_hangs_is_asked_again_at_once_and_says_nothing() {
        let rests = run(&vec![Ok(Answer::Same); 50], 60 * SECOND, 7);
        assert!(rests.iter().all(|rest| rest.wait.is_zero()));
        assert_eq!(told(&rests), 0);
    }

    #[test]
    fn an_absent_value_is_one_line_and_a_minute_each() {
        let rests = run(&vec![Err(Failure::Status(404)); 100], SECOND, 7);
        assert!(rests.iter().all(|rest| rest.wait == ABSENT));
        assert_eq!(told(&rests), 1);
        assert!(!rests[0].notice.as_ref().unwrap().is_warning());
    }

    #[test]
    fn where_no_server_is_the_rests_grow_to_minutes_and_one_line_is_said() {
        let rests = run(&vec![Err(Failure::Refused); 12], Duration::ZERO, u32::MAX);
        let expected = [
            1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0, 300.0,
        ];
        assert_eq!(seconds(&rests), expected);
        assert_eq!(told(&rests), 1);
        let halves = run(&vec![Err(Failure::Refused); 12], Duration::ZERO, 0);
        assert_eq!(seconds(&halves), expected.map(|wait| wait / 2.0));
    }

    #[test]
    fn a_server_that_is_known_is_missed_for_a_minute_at_most_and_both_changes_are_told() {
        let mut outcomes = vec![Ok(Answer::Same)];
        outcomes.extend(vec![Err(Failure::Status(503)); 20]);
        outcomes.push(Ok(Answer::Same));
        let rests = run(&outcomes, 2 * SECOND, u32::MAX);
        assert_eq!(seconds(&rests)[20], 60.0);
        assert_eq!(told(&rests), 2);
        assert_eq!(rests[21].wait, Duration::ZERO);
        let last = rests[21].notice.as_ref().unwrap();
        assert_eq!(last.to_string(), "the metadata server answers");
    }

    #[test]
    fn a_server_that_goes_back_and_forth_does_not_fill_the_log() {
        let pair = [
            Ok(Answer::Same),
            Err(Failure::Status(503)),
            Err(Failure::Refused),
        ];
        let outcomes: Vec<_> = pair.into_iter().cycle().take(300).collect();
        let rests = run(&outcomes, SECOND, 0);
        let spent: Duration = rests.iter().map(|rest| rest.wait + SECOND).sum();
        let windows = usize::try_from(spent.as_secs() / TOLD_AGAIN.as_secs()).unwrap();
        assert!(told(&rests) <= 3 * (windows + 1), "{}", told(&rests));
    }

    #[test]
    fn a_server_that_does_not_hang_is_not_asked_without_end() {
        let rests = run(
            &vec![Ok(Answer::Same); 40],
            Duration::from_millis(1),
            u32::MAX,
        );
        let waits = seconds(&rests);
        assert!(waits[..8].iter().all(|wait| *wait == 0.0));
        assert_eq!(waits[8..12], [1.0, 2.0, 4.0, 8.0]);
        assert_eq!(waits[39], 60.0);
    }

    #[test]
    fn a_value_that_changes_without_end_is_asked_for_every_second() {
        let rests = run(&vec![Ok(Answer::Changed); 40], Duration::ZERO, 0);
        let waits = seconds(&rests);
        assert!(waits[..8].iter().all(|wait| *wait == 0.0));
        assert!(waits[8..].iter().all(|wait| *wait == 1.0));
    }

    #[test]
    fn a_server_that_refuses_for_good_is_left_alone_for_minutes() {
        let mut outcomes = vec![Ok(Answer::Same)];
        outcomes.extend(vec![Err(Failure::Status(403)); 20]);
        let rests = run(&outcomes, SECOND, u32::MAX);
        assert_eq!(seconds(&rests)[20], 300.0);
        assert!(rests[1].notice.as_ref().unwrap().is_warning());
    }
}

//! What is known of a guest's end.

use std::time::{Duration, Instant};

use metadata::Key;

/// A watcher asks again within 60 s; the rest is for the way.
const PRESENT_FOR: Duration = Duration::from_secs(70);

/// When a guest asked, and whether it watches for a stop.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    last_request: Option<Instant>,
    watching: usize,
    last_watch: Option<Instant>,
}

/// Whether to wait for a change of `key` is to watch for a stop: the stop state, or the directory it
/// is in. Who waits further up is answered by every change, and may know nothing of stops.
pub(crate) fn watches_for_a_stop(key: &Key) -> bool {
    *key == Key::stop_state() || *key == Key::shutdown_details()
}

impl Presence {
    /// Something was asked.
    pub(crate) fn request(&mut self, now: Instant) {
        self.last_request = Some(now);
    }

    /// A request that watches for a stop begins.
    pub(crate) fn watch_begins(&mut self) {
        self.watching += 1;
    }

    /// It was answered or given up.
    pub(crate) fn watch_ends(&mut self, now: Instant) {
        self.watching = self.watching.saturating_sub(1);
        self.last_watch = Some(now);
    }

    /// Somebody in the guest watches for a stop.
    pub(crate) fn is_watcher_present(&self, now: Instant) -> bool {
        let since = |at: Instant| now.saturating_duration_since(at);
        self.watching > 0 || self.last_watch.is_some_and(|at| since(at) <= PRESENT_FOR)
    }

    /// How long ago something was asked.
    pub(crate) fn since_last_request(&self, now: Instant) -> Option<Duration> {
        self.last_request
            .map(|at| now.saturating_duration_since(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_is_present_while_it_waits_and_for_70_s_after() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut presence = Presence::default();
        assert!(!presence.is_watcher_present(begun));
        presence.watch_begins();
        presence.watch_begins();
        assert!(presence.is_watcher_present(at(100_000)));
        presence.watch_ends(at(100));
        assert!(presence.is_watcher_present(at(500)), "one still waits");
        presence.watch_ends(at(600));
        assert!(presence.is_watcher_present(at(670)));
        assert!(!presence.is_watcher_present(at(671)));
    }

    #[test]
    fn a_guest_that_never_asked_has_no_last_request() {
        let begun = Instant::now();
        let mut presence = Presence::default();
        assert_eq!(presence.since_last_request(begun), None);
        presence.request(begun);
        let later = begun + Duration::from_secs(7);
        assert_eq!(
            presence.since_last_request(later),
            Some(Duration::from_secs(7))
        );
        assert!(!presence.is_watcher_present(later));
    }

    #[test]
    fn only_waiting_for_the_stop_itself_counts() {
        let table = [
            ("instance/shutdown-details/stop-state", true),
            ("instance/shutdown-details", true),
            ("instance/shutdown-details/max-duration", false),
            ("instance", false),
            ("", false),
        ];
        for (path, counts) in table {
            assert_eq!(watches_for_a_stop(&path.parse().unwrap()), counts, "{path}");
        }
    }
}

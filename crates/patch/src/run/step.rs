//! What follows from what came of an effect.

use conditions::{BootId, Timestamp};
use lifecycle::operation::BootProof;

use super::{Effect, Ending, Event, Look, Outcome, Phase, RebootReport, Run, Saved};
use crate::postcheck::{self, Postcheck};
use crate::preflight::{self, Preflight, Verdict};
use crate::preview::{self, Preview, PreviewError};
use crate::reboot::{self, Circumstances, Decision};
use crate::refresh::{self, Refresh};
use crate::result::{self, Upgraded};
use crate::upgrade::{self, Follow, Progress, Started};

/// How often a unit is started that systemd does not take or that does not show.
const MAX_STARTS: u8 = 3;

impl Run {
    /// The effect of the phase.
    pub(super) fn look(&self) -> Effect {
        let settings = &self.saved.settings;
        let limits = &settings.limits;
        let (look, script) = match &self.saved.phase {
            Phase::Preflight { .. } => (Look::Preflight, preflight::script(limits.look)),
            Phase::Refreshing { .. } => {
                (Look::Refresh, refresh::script(limits.lock, limits.refresh))
            }
            Phase::Previewing { .. } => {
                (Look::Preview, preview::script(settings.scope, limits.look))
            }
            Phase::Starting { .. } => {
                let mend = self.needs_mending();
                (Look::Start, upgrade::start(settings, mend, limits.look))
            }
            Phase::Following { offset, .. } | Phase::Recalling { offset, .. } => {
                let script = upgrade::follow(&settings.id, *offset, limits.look);
                (Look::Follow, script)
            }
            Phase::Marking { .. } => {
                let script = upgrade::follow(&settings.id, u64::MAX / 2, limits.look);
                (Look::Follow, script)
            }
            Phase::Collecting { .. } => {
                let script = result::script(&settings.id, settings.scope, limits.look);
                (Look::Collect, script)
            }
            Phase::Checking { .. } => (
                Look::Check,
                postcheck::script(&settings.commands, limits.look),
            ),
            Phase::Snapshotting => return Effect::Snapshot(settings.id.snapshot()),
            Phase::Rebooting { old, resumed, .. } => {
                return Effect::Reboot {
                    old: old.clone(),
                    resumed: *resumed,
                };
            }
            Phase::Ended(outcome) => return Effect::Finish(outcome.clone()),
        };
        Effect::Shell(look, script)
    }

    pub(super) fn take(&mut self, event: Event, now: Timestamp) -> Effect {
        match (self.saved.phase.clone(), event) {
            (Phase::Snapshotting, Event::Snapshotted(result)) => self.snapshotted(result, now),
            (Phase::Rebooting { .. }, Event::Rebooted(report)) => self.rebooted(report, now),
            // The answer was lost: reality tells.
            (Phase::Rebooting { old, since, .. }, _) => {
                let until = now + self.saved.settings.limits.look;
                self.go(Phase::Marking { old, since, until })
            }
            (_, Event::Printed(Ok(stdout))) => self.printed(&stdout, now),
            (_, Event::Printed(Err(words))) => self.silent(words, now),
            _ => self.look(),
        }
    }

    fn printed(&mut self, stdout: &[u8], now: Timestamp) -> Effect {
        let settings = self.saved.settings.clone();
        let taken = match self.saved.phase.clone() {
            Phase::Preflight { busy_until, .. } => {
                Preflight::parse(stdout).map(|facts| self.preflighted(facts, busy_until, now))
            }
            Phase::Refreshing { until } => {
                Refresh::parse(stdout).map(|refresh| self.refreshed(refresh, until, now))
            }
            Phase::Previewing { .. } => match Preview::parse(stdout, settings.scope) {
                Ok(preview) => Ok(self.previewed(preview, now)),
                Err(PreviewError::Answer(error)) => Err(error),
                Err(error @ PreviewError::Apt(_)) => Ok(self.not_begun(error.to_string(), now)),
            },
            Phase::Starting { tries, .. } => {
                Started::parse(stdout).map(|started| self.started(tries, started, now))
            }
            Phase::Following { .. } | Phase::Recalling { .. } | Phase::Marking { .. } => {
                Follow::parse(stdout).map(|follow| self.followed(follow, now))
            }
            Phase::Collecting { .. } => {
                let preview = self.saved.report.preview.clone().unwrap_or_default();
                Upgraded::parse(stdout, &preview, settings.scope)
                    .map(|upgraded| self.collected(upgraded, now))
            }
            Phase::Checking { .. } => Postcheck::parse(stdout, &settings.commands)
                .map(|postcheck| self.checked(postcheck, now)),
            Phase::Snapshotting | Phase::Rebooting { .. } | Phase::Ended(_) => Ok(self.look()),
        };
        taken.unwrap_or_else(|error| self.silent(error.to_string(), now))
    }

    /// A script did not run to its end, or what it printed is not its own.
    fn silent(&mut self, reason: String, now: Timestamp) -> Effect {
        let until = match self.saved.phase.clone() {
            Phase::Starting { tries, refusal } => return self.follow(tries, refusal, now),
            Phase::Marking { old, since, .. } if self.is_past(now) => {
                return self.go(Phase::Rebooting {
                    old,
                    since,
                    resumed: true,
                });
            }
            Phase::Preflight { until, .. }
            | Phase::Refreshing { until }
            | Phase::Previewing { until }
            | Phase::Recalling { until, .. }
            | Phase::Collecting { until }
            | Phase::Marking { until, .. }
            | Phase::Checking { until } => until,
            Phase::Following { silent_until, .. } => silent_until,
            Phase::Snapshotting | Phase::Rebooting { .. } | Phase::Ended(_) => return self.look(),
        };
        if now < until {
            return self.pause();
        }
        let during = self.look().name().to_owned();
        self.leave(Ending::Unreachable { during, reason }, now)
    }

    fn is_past(&self, now: Timestamp) -> bool {
        matches!(self.saved.phase, Phase::Marking { until, .. } if now >= until)
    }

    fn preflighted(&mut self, facts: Preflight, busy_until: Timestamp, now: Timestamp) -> Effect {
        let verdict = facts.verdict(&self.saved.settings);
        self.saved.report.preflight = Some(facts);
        match verdict {
            Verdict::Go | Verdict::Mendable(_) => {
                let until = now + self.saved.settings.limits.refresh;
                self.go(Phase::Refreshing { until })
            }
            Verdict::Busy(_) if now < busy_until => {
                let until = now + self.saved.settings.limits.look;
                self.saved.phase = Phase::Preflight { until, busy_until };
                self.pause()
            }
            Verdict::Busy(obstacles) | Verdict::Refused(obstacles) => {
                self.end(Ending::Refused { obstacles }, now)
            }
        }
    }

    fn refreshed(&mut self, refresh: Refresh, until: Timestamp, now: Timestamp) -> Effect {
        self.saved.report.refresh = Some(refresh.clone());
        let reason = match refresh {
            Refresh::Fresh { .. } => {
                let until = now + self.saved.settings.limits.look;
                return self.go(Phase::Previewing { until });
            }
            Refresh::Locked { .. } if now < until => return self.pause(),
            Refresh::Locked { words } => words,
            Refresh::Failed { complaints } => complaints.join("; "),
        };
        let reason =
            format!("apt's lists cannot be refreshed: {reason}; run `apt-get update` in the guest");
        self.not_begun(reason, now)
    }

    fn previewed(&mut self, preview: Preview, now: Timestamp) -> Effect {
        let settings = &self.saved.settings;
        let facts = self.saved.report.preflight.as_ref();
        let obstacles = facts.map(|facts| facts.obstacles_to(&preview, settings));
        let is_empty = preview.is_empty() && !self.needs_mending();
        let wants_snapshot = settings.snapshot && self.saved.report.snapshot.is_none();
        self.saved.report.preview = Some(preview);
        if let Some(obstacles) = obstacles.filter(|obstacles| !obstacles.is_empty()) {
            return self.end(Ending::Refused { obstacles }, now);
        }
        if is_empty {
            return self.collect(now);
        }
        if wants_snapshot {
            return self.go(Phase::Snapshotting);
        }
        self.go(Phase::Starting {
            tries: 0,
            refusal: None,
        })
    }

    fn snapshotted(&mut self, result: Result<(), String>, now: Timestamp) -> Effect {
        match result {
            Ok(()) => {
                self.saved.report.snapshot = Some(self.saved.settings.id.snapshot());
                self.go(Phase::Starting {
                    tries: 0,
                    refusal: None,
                })
            }
            Err(words) => {
                let reason = format!(
                    "the snapshot could not be taken: {words}; patch without one, or make room"
                );
                self.not_begun(reason, now)
            }
        }
    }

    fn started(&mut self, tries: u8, started: Started, now: Timestamp) -> Effect {
        let refusal = match started {
            Started::Taken | Started::Already => None,
            Started::Refused(words) => Some(words),
        };
        self.follow(tries, refusal, now)
    }

    fn follow(&mut self, tries: u8, refusal: Option<String>, now: Timestamp) -> Effect {
        let limits = &self.saved.settings.limits;
        self.go(Phase::Following {
            until: now + limits.upgrade,
            silent_until: now + limits.silence,
            settle_until: now + limits.settle,
            offset: 0,
            tries,
            refusal,
        })
    }

    fn followed(&mut self, follow: Follow, now: Timestamp) -> Effect {
        match self.saved.phase.clone() {
            Phase::Marking { old, since, .. } => self.marked(old, since, &follow, now),
            Phase::Recalling { .. } if follow.progress == Progress::NotBegun => {
                let phase = Saved::preflight(&self.saved.settings, now);
                self.go(phase)
            }
            Phase::Recalling { offset, .. } => {
                let limits = &self.saved.settings.limits;
                self.saved.phase = Phase::Following {
                    until: now + limits.upgrade,
                    silent_until: now + limits.silence,
                    settle_until: now + limits.settle,
                    offset,
                    tries: MAX_STARTS,
                    refusal: None,
                };
                self.progressed(follow, now)
            }
            _ => self.progressed(follow, now),
        }
    }

    fn progressed(&mut self, follow: Follow, now: Timestamp) -> Effect {
        let silence = now + self.saved.settings.limits.silence;
        let Phase::Following {
            until,
            silent_until,
            settle_until,
            offset,
            tries,
            refusal,
        } = &mut self.saved.phase
        else {
            return self.look();
        };
        *silent_until = silence;
        *offset = offset.saturating_add(u64::try_from(follow.log.len()).unwrap_or(u64::MAX));
        let (is_late, is_settled) = (now >= *until, now >= *settle_until);
        let has_more = !follow.log.is_empty() && *offset < follow.size;
        let (tries, refusal) = (*tries, refusal.clone());
        self.news = follow.log;
        self.saved.report.ran |= !matches!(follow.progress, Progress::NotBegun | Progress::Unknown);
        match follow.progress {
            _ if has_more => self.look(),
            Progress::Ended(_) => self.ended(None, now),
            Progress::Lost { rebooted: true } => self.ended(
                Some("the guest went down while packages were upgraded"),
                now,
            ),
            Progress::Lost { rebooted: false } => self.ended(
                Some("the unit was killed while packages were upgraded"),
                now,
            ),
            Progress::NotBegun if is_settled && tries < MAX_STARTS => self.go(Phase::Starting {
                tries: tries + 1,
                refusal,
            }),
            Progress::NotBegun if is_settled => {
                let words = refusal.unwrap_or_else(|| "its body never ran".to_owned());
                let unit = self.saved.settings.id.unit();
                let reason =
                    format!("{unit} did not start: {words}; see `systemctl status {unit}`");
                self.not_begun(reason, now)
            }
            _ if is_late => self.leave(Ending::StillRunning, now),
            _ => self.pause(),
        }
    }

    /// The unit is gone, with a status or without.
    fn ended(&mut self, lost: Option<&str>, now: Timestamp) -> Effect {
        self.saved.report.mended = self.needs_mending();
        self.saved.report.lost = lost.map(|how| {
            format!("{how}; patch again with mending, or run `dpkg --configure -a` in the guest")
        });
        self.collect(now)
    }

    fn collect(&mut self, now: Timestamp) -> Effect {
        let until = now + self.saved.settings.limits.look;
        self.go(Phase::Collecting { until })
    }

    fn collected(&mut self, upgraded: Upgraded, now: Timestamp) -> Effect {
        let report = &mut self.saved.report;
        let circumstances = Circumstances {
            changed: !upgraded.changes.is_empty(),
            settled: upgraded.is_settled() && report.lost.is_none(),
        };
        let reasons = upgraded.reboot.reasons();
        let decision = reboot::decide(self.saved.settings.reboot, reasons, circumstances);
        let old = upgraded.boot_id.clone();
        report.upgraded = Some(upgraded);
        report.decision = Some(decision.clone());
        match (decision, old) {
            (Decision::Reboot { .. }, Some(old)) => self.go(Phase::Rebooting {
                old,
                since: now,
                resumed: false,
            }),
            (Decision::Reboot { .. }, None) => {
                report.not_rebooted = Some("its boot id could not be read".to_owned());
                self.check(now)
            }
            _ if self.saved.report.ran => self.check(now),
            _ => self.end(Ending::of(&self.saved.report), now),
        }
    }

    /// Resumed in a reboot: another boot answers, or the one that was to end.
    fn marked(&mut self, old: BootId, since: Timestamp, follow: &Follow, now: Timestamp) -> Effect {
        if follow.boot_id == old {
            return self.go(Phase::Rebooting {
                old,
                since,
                resumed: true,
            });
        }
        self.saved.report.reboot = Some(BootProof {
            old,
            new: follow.boot_id.clone(),
            uptime: follow.uptime,
            took: now.since(since),
        });
        self.check(now)
    }

    fn rebooted(&mut self, report: RebootReport, now: Timestamp) -> Effect {
        match report {
            RebootReport::Proved(proof) => self.saved.report.reboot = Some(proof),
            RebootReport::NotAsked(why) => self.saved.report.not_rebooted = Some(why),
            RebootReport::NotProved(reason) => {
                return self.leave(Ending::NotBack { reason }, now);
            }
        }
        self.check(now)
    }

    fn check(&mut self, now: Timestamp) -> Effect {
        let until = now + self.saved.settings.limits.look;
        self.go(Phase::Checking { until })
    }

    fn checked(&mut self, postcheck: Postcheck, now: Timestamp) -> Effect {
        self.saved.report.postcheck = Some(postcheck);
        self.end(Ending::of(&self.saved.report), now)
    }

    fn needs_mending(&self) -> bool {
        let facts = self.saved.report.preflight.as_ref();
        self.saved.settings.allow_mending && facts.is_some_and(Preflight::needs_mending)
    }

    fn go(&mut self, phase: Phase) -> Effect {
        self.saved.phase = phase;
        self.look()
    }

    const fn pause(&self) -> Effect {
        Effect::Sleep(self.saved.settings.limits.poll)
    }

    fn not_begun(&mut self, reason: String, now: Timestamp) -> Effect {
        self.end(Ending::NotBegun { reason }, now)
    }

    /// The end, with nothing owed.
    fn end(&mut self, ending: Ending, now: Timestamp) -> Effect {
        let outcome = self.outcome(ending, now);
        self.go(Phase::Ended(outcome))
    }

    /// The end for now: the phase is kept, and resumed from.
    fn leave(&self, ending: Ending, now: Timestamp) -> Effect {
        Effect::Finish(self.outcome(ending, now))
    }

    fn outcome(&self, ending: Ending, now: Timestamp) -> Box<Outcome> {
        Box::new(Outcome {
            ending,
            report: (*self.saved.report).clone(),
            at: now,
        })
    }
}

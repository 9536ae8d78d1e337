"""Recorded documents, and what the modules make of them."""

from __future__ import annotations

import json
import pathlib
import unittest

from ansible_collections.hospes.lifecycle.plugins.module_utils import document as documents

RECORDED = json.loads((pathlib.Path(__file__).parent / "documents.json").read_text(encoding="utf-8"))

OLD, NEW = "1b4e28ba-2fa1-4d2b-883f-0016d3cca427", "6ecd8c99-4036-403d-bf84-cf8400f67836"
PROOF = {"old": OLD, "new": NEW, "uptime": {"secs": 21, "nanos": 400_000_000}, "took": {"secs": 48, "nanos": 0}}


def report(outcome, **more):
    """The document of an operation on one guest."""
    return {"guests": [{"guest": "web1", "run": "r1", "outcome": outcome, "reason": None, **more}]}


class Recorded(unittest.TestCase):
    """Documents as the program printed them."""

    def test_each_is_read_as_expected(self):
        for case in RECORDED:
            with self.subTest(case["name"]):
                document = documents.parse(json.dumps(case["document"]), case["verb"])
                self.assertEqual(documents.changed(case["verb"], document), case["changed"])
                self.assertEqual(documents.troubles(case["verb"], document), case["troubles"])
                self.assertEqual(documents.facts(case["verb"], document), case["facts"])


class Changed(unittest.TestCase):
    """Every end of an operation says whether something was changed."""

    TABLE = [
        ("restart", {"outcome": "restarted", "proof": PROOF}, True, True),
        ("reboot", {"outcome": "rebooted", "proof": PROOF}, True, True),
        ("shutdown", {"outcome": "stopped", "already": False}, True, True),
        ("shutdown", {"outcome": "stopped", "already": True}, False, True),
        ("start", {"outcome": "started", "already": False, "readiness": None}, True, True),
        ("start", {"outcome": "started", "already": True, "readiness": None}, False, True),
        ("fix", {"outcome": "fixed", "applied": 2}, True, True),
        ("fix", {"outcome": "fixed", "applied": 0}, False, True),
        ("fix", {"outcome": "partly-fixed", "applied": 1, "health": {"unhealthy": []}, "manual": []}, True, False),
        ("fix", {"outcome": "failed", "reason": "a remedy failed after 1 were applied"}, True, False),
        ("restart", {"outcome": "refused", "refusal": {"guest": "web1", "reasons": []}}, False, False),
        ("restart", {"outcome": "refused", "refusal": {"reasons": []}, "announced": True}, True, False),
        ("restart", {"outcome": "aborted", "announced": True}, True, False),
        ("restart", {"outcome": "still-running", "after": {"secs": 120, "nanos": 0}}, True, False),
        ("restart", {"outcome": "rebooted-instead", "old": OLD, "new": NEW}, True, False),
        ("restart", {"outcome": "not-started", "reason": "no memory"}, True, False),
        ("start", {"outcome": "not-started", "reason": "no memory"}, False, False),
        ("restart", {"outcome": "not-ready", "reason": "SSH is silent"}, True, False),
        ("reboot", {"outcome": "not-ready", "reason": "nothing was asked: SSH is silent"}, False, False),
        ("restart", {"outcome": "back-unhealthy", "proof": PROOF, "health": {"unhealthy": []}}, True, False),
        ("restart", {"outcome": "failed", "reason": "the agent refused"}, False, False),
        ("restart", {"outcome": "an end of the future"}, True, False),
    ]

    def test_table(self):
        for verb, outcome, changed, succeeded in self.TABLE:
            with self.subTest(f"{verb}: {outcome}"):
                document = report(outcome)
                self.assertEqual(documents.changed(verb, document), changed)
                self.assertEqual(documents.troubles(verb, document) == [], succeeded)

    def test_a_run_without_an_end_may_have_asked_the_guest(self):
        interrupted = report(None, reason="interrupted")
        self.assertTrue(documents.changed("restart", interrupted))
        interrupted["guests"][0]["run"] = None
        self.assertFalse(documents.changed("restart", interrupted))

    def test_graceful_scripts_that_ran_are_a_change(self):
        failed = {"outcome": "failed", "reason": "the agent refused"}
        for ended, changed in [("report", True), ("deadline", True), ("no-watcher", False), ("not-announced", False)]:
            document = report(failed, graceful={"ended": ended})
            self.assertEqual(documents.changed("restart", document), changed, ended)

    def test_one_guest_of_several_is_enough(self):
        guests = [report({"outcome": "stopped", "already": already})["guests"][0] for already in (True, False)]
        self.assertTrue(documents.changed("shutdown", {"guests": guests}))
        self.assertFalse(documents.changed("shutdown", {"guests": guests[:1]}))


class Words(unittest.TestCase):
    """What a person reads when something did not succeed."""

    def test_every_reason_of_a_refusal_is_named(self):
        verdict = {"condition": "answers", "state": "failed", "summary": "it is silent", "remedy": "hospes fix web1"}
        reasons = [
            {"reason": "locked", "lock": "backup"},
            {"reason": "condition", "verdict": verdict},
            {"reason": "not-running", "run_state": {"other": "paused"}},
            {"reason": "boot-id-unknown"},
        ]
        document = report({"outcome": "refused", "refusal": {"guest": "web1", "reasons": reasons}})
        self.assertEqual(
            documents.troubles("restart", document),
            [
                "web1: refused, the guest was not touched: locked (lock: backup); "
                "condition 6 (answers) failed: it is silent -> hospes fix web1; "
                "not-running (run_state: paused); boot-id-unknown"
            ],
        )

    def test_what_is_owed_is_named_with_its_run(self):
        document = report({"outcome": "not-started", "reason": "no memory"})
        self.assertEqual(
            documents.troubles("restart", document),
            ["web1: not started: no memory; to go on: hospes runs resume r1"],
        )

    def test_what_was_left_out_is_named(self):
        document = {
            **report({"outcome": "failed", "reason": "no"}),
            "not_touched": ["web2", "web3"],
            "unreachable_clusters": [{"cluster": "home", "reason": "no answer"}],
        }
        self.assertEqual(
            documents.troubles("restart", document),
            [
                "web1: failed: no",
                "not touched after that: web2, web3",
                "cluster home could not be asked, its guests are not known: no answer",
            ],
        )
        document["guests"] = []
        self.assertEqual(len(documents.troubles("check", document)), 2)


class Plans(unittest.TestCase):
    """The plan of a repair, as diff mode shows it."""

    def test_each_remedy_has_its_number_and_its_diff(self):
        recorded = next(case for case in RECORDED if case["name"] == "fix --check: a hook to remove")
        (plan,) = documents.plans(recorded["document"])
        lines = plan["prepared"].splitlines()
        self.assertTrue(lines[0].startswith("web: 1. remove /etc/systemd/system/"), lines)
        self.assertIn("-ExecStopPost=/usr/bin/qemu-ga --shutdown", lines)
        self.assertIn("web: 2. reload systemd's configuration (daemon-reload)", lines)

    def test_nothing_to_mend_has_none(self):
        self.assertEqual(documents.plans({"guests": [{"guest": "web", "remedies": [], "manual": []}]}), [])

    def test_what_is_left_to_a_person_is_named_with_the_guest(self):
        guests = [{"guest": "web", "remedies": [], "manual": ["add the port"]}]
        self.assertEqual(documents.manual({"guests": guests}), ["web: add the port"])


class Facts(unittest.TestCase):
    """Facts are about one guest that was really asked."""

    def test_a_proof_is_in_seconds(self):
        facts = documents.facts("restart", report({"outcome": "restarted", "proof": PROOF}))
        self.assertEqual(facts["hospes_boot_id"], NEW)
        self.assertEqual(facts["hospes_proof"], {"old": OLD, "new": NEW, "uptime": 21.4, "took": 48.0})

    def test_several_guests_and_dry_runs_have_none(self):
        document = report({"outcome": "restarted", "proof": PROOF})
        self.assertEqual(documents.facts("restart", {**document, "dry_run": True}), {})
        self.assertEqual(documents.facts("restart", {"guests": document["guests"] * 2}), {})


class Parse(unittest.TestCase):
    """What is not a known document is never taken for one."""

    def test_refused(self):
        for text in ["", "[]", "null", '{"schema": "hospes.check/1"}', '{"schema": "hospes.check/2", "guests": []}']:
            with self.subTest(text), self.assertRaises(documents.DocumentError):
                documents.parse(text, "check")

    def test_unknown_fields_are_kept(self):
        document = documents.parse('{"schema": "hospes.check/1", "guests": [], "more": 1}', "check")
        self.assertEqual(document["more"], 1)


if __name__ == "__main__":
    unittest.main()

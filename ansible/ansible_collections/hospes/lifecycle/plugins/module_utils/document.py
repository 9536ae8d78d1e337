"""Reads the documents of `hospes --json`. Nothing here runs or asks anything.

    text --parse--> document --changed--> did it change something?
                             --troubles-> what did not succeed, in words
                             --facts----> what is known about the only guest
"""

from __future__ import annotations

import json
from typing import Any, Optional

Document = dict[str, Any]

# In the order of their numbers, from 1.
CONDITIONS = ("package", "service", "no-hooks", "systemd", "port", "answers")

# Ends of an operation in which everything asked for was reached.
SUCCESSES = ("restarted", "rebooted", "stopped", "started", "ready", "fixed")


class DocumentError(Exception):
    """What was printed is not the document that this collection knows."""


def parse(text: str, verb: str) -> Document:
    """The document of `verb`; unknown fields are kept."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DocumentError(f"hospes {verb} printed no JSON document: {error}") from error
    wanted = f"hospes.{verb}/1"
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != wanted:
        raise DocumentError(
            f"hospes {verb} printed a document of schema {schema!r}, this collection reads {wanted!r}: "
            "install the collection and hospes in versions that belong together"
        )
    if not isinstance(document.get("guests"), list):
        raise DocumentError(f"the document of hospes {verb} lists no guests")
    return document


def changed(verb: str, document: Document) -> bool:
    """Whether something was changed, or in a dry run would be."""
    tells = _would_change if document.get("dry_run") else _has_changed
    return any(tells(verb, guest) for guest in document["guests"])


def _would_change(verb: str, guest: Document) -> bool:
    if verb == "fix":
        return bool(guest.get("remedies"))
    return bool(guest.get("admitted"))


def _has_changed(verb: str, guest: Document) -> bool:
    outcome = _outcome(guest)
    if outcome is None:
        # Not begun; or interrupted, and the guest may have been asked by then.
        return guest.get("run") is not None
    word = outcome.get("outcome")
    if word in ("fixed", "partly-fixed"):
        return bool(outcome.get("applied"))
    if word in ("stopped", "started"):
        return not outcome.get("already")
    if word == "ready":
        return False
    if word in ("refused", "aborted"):
        return bool(outcome.get("announced"))
    if word == "failed":
        # Lifecycle operations fail before they touch the guest; graceful scripts may have run.
        # A remedy that failed may have done a part.
        return verb == "fix" or _was_announced(guest)
    if word == "not-started":
        return verb != "start"
    if word == "not-ready":
        return verb != "ready" and not str(outcome.get("reason")).startswith("nothing was asked")
    return True


def _was_announced(guest: Document) -> bool:
    ended = (guest.get("graceful") or {}).get("ended")
    return ended not in (None, "no-watcher", "not-announced")


def troubles(verb: str, document: Document) -> list[str]:
    """What did not, or would not, succeed: a line for each such guest, those left out, and clusters."""
    lines = _guests_troubles(verb, document)
    if document.get("not_touched"):
        lines.append("not touched after that: " + ", ".join(document["not_touched"]))
    for cluster in document.get("unreachable_clusters") or []:
        name, why = cluster.get("cluster"), cluster.get("reason")
        lines.append(f"cluster {name} could not be asked, its guests are not known: {why}")
    return lines


def _guests_troubles(verb: str, document: Document) -> list[str]:
    if verb in ("check", "guests"):
        return []
    tells = _dry_trouble if document.get("dry_run") else _trouble
    lines = ((guest.get("guest"), tells(verb, guest)) for guest in document["guests"])
    return [line if line.startswith(f"{name} ") else f"{name}: {line}" for name, line in lines if line]


def _dry_trouble(verb: str, guest: Document) -> Optional[str]:
    if verb == "fix" or guest.get("admitted"):
        return None
    if verb == "shutdown" and _is_stopped_already(guest):
        return None
    return "would be refused: " + "; ".join(guest.get("lines") or ["no reason was told"])


def _is_stopped_already(guest: Document) -> bool:
    reasons = guest.get("reasons") or []
    seen = [(reason.get("reason"), reason.get("run_state")) for reason in reasons]
    return seen == [("not-running", "stopped")]


def _trouble(_verb: str, guest: Document) -> Optional[str]:
    outcome = _outcome(guest)
    if outcome is None:
        return str(guest.get("reason") or "no outcome was told")
    word = str(outcome.get("outcome"))
    if word in SUCCESSES:
        return None
    if word == "refused":
        return _refused(outcome)
    parts = [str(outcome["reason"])] if outcome.get("reason") else []
    parts += unhealthy(outcome.get("health"))
    parts += [f"for you: {what}" for what in outcome.get("manual") or []]
    if word in ("still-running", "not-started") and guest.get("run"):
        parts.append(f"to go on: hospes runs resume {guest['run']}")
    return f"{word.replace('-', ' ')}: " + "; ".join(parts) if parts else word.replace("-", " ")


def _refused(outcome: Document) -> str:
    touched = "the guest was not touched"
    if outcome.get("announced"):
        touched = "the announced stop was withdrawn, graceful scripts may have run"
    reasons = (outcome.get("refusal") or {}).get("reasons") or []
    return f"refused, {touched}: " + "; ".join(_reason(reason) for reason in reasons)


def _reason(reason: Document) -> str:
    if isinstance(reason.get("verdict"), dict):
        return verdict(reason["verdict"])
    details = [f"{key}: {_words(value)}" for key, value in reason.items() if key != "reason" and value is not None]
    word = str(reason.get("reason"))
    return f"{word} ({', '.join(details)})" if details else word


def _words(value: Any) -> str:
    # A state that only this hypervisor has a word for comes as {"other": word}.
    return " ".join(map(str, value.values())) if isinstance(value, dict) else str(value)


def unhealthy(health: Optional[Document]) -> list[str]:
    """The conditions that do not hold, from a `health` or from one guest of `check`."""
    verdicts = (health or {}).get("unhealthy")
    if verdicts is None:
        verdicts = [v for v in (health or {}).get("verdicts") or [] if v.get("state") != "healthy"]
    return [verdict(v) for v in verdicts]


def verdict(seen: Document) -> str:
    """A verdict in a line: `condition 6 (answers) failed: the agent does not answer -> hospes fix`."""
    name = seen.get("condition")
    number = f"{CONDITIONS.index(name) + 1} " if name in CONDITIONS else ""
    word = "is unknown" if seen.get("state") == "unknown" else "failed"
    remedy = f" -> {seen['remedy']}" if seen.get("remedy") else ""
    return f"condition {number}({name}) {word}: {seen.get('summary')}{remedy}"


def facts(verb: str, document: Document) -> Document:
    """What is known of the guest now. Nothing where the document is about several, or a dry run."""
    guests = document["guests"]
    if len(guests) != 1 or document.get("dry_run"):
        return {}
    if verb == "check":
        return _check_facts(guests[0])
    outcome = _outcome(guests[0]) or {}
    found: Document = {}
    proof, ready = outcome.get("proof"), outcome.get("readiness")
    if ready:
        found["hospes_boot_id"] = ready["boot_id"]
    if proof:
        found["hospes_boot_id"] = proof["new"]
        found["hospes_proof"] = {
            "old": proof["old"],
            "new": proof["new"],
            "uptime": seconds(proof["uptime"]),
            "took": seconds(proof["took"]),
        }
    return found


def _check_facts(guest: Document) -> Document:
    conditions = {v["condition"]: v["state"] for v in guest.get("verdicts") or []}
    return {
        "hospes_healthy": bool(guest.get("healthy")),
        "hospes_boot_id": guest.get("boot_id"),
        "hospes_conditions": conditions,
    }


def seconds(span: Document) -> float:
    """A span of time of the document, in seconds."""
    return round(span.get("secs", 0) + span.get("nanos", 0) / 1e9, 3)


def plans(document: Document) -> list[dict[str, str]]:
    """The plans of `fix --check` in the form of Ansible's diff mode."""
    return [{"prepared": plan} for plan in map(_plan, document["guests"]) if plan]


def _plan(guest: Document) -> str:
    lines = []
    for number, remedy in enumerate(guest.get("remedies") or [], start=1):
        lines.append(f"{guest.get('guest')}: {number}. {remedy.get('remedy')}")
        lines += (remedy.get("diff") or "").splitlines()
    return "".join(f"{line}\n" for line in lines)


def manual(document: Document) -> list[str]:
    """What is left to a person by the plans of `fix --check`."""
    guests = document["guests"]
    return [f"{guest.get('guest')}: {what}" for guest in guests for what in guest.get("manual") or []]


def any_stopped(document: Document) -> bool:
    """Whether one of the guests that `guests` lists is stopped."""
    return any(guest.get("state") == "stopped" for guest in document["guests"])


def _outcome(guest: Document) -> Optional[Document]:
    """The end of the operation: of its own in a report, beside the guest's name in a row of `ready`."""
    outcome = guest.get("outcome")
    return guest if isinstance(outcome, str) else outcome

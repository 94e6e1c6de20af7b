"""Refusals that no published table knows yet: said to intake or to the service since the last run."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from intake.log_line import payload
from intake.ops_store import OpsStore
from intake.project import Project
from serving.log.lookup import logged_lines

# Nobody is profiled, and put into a segment, who refused one of these.
_ALWAYS = ("analytics", "personalization")
# Intake reads the service's log at least daily.
_LOG_SECONDS = 2 * 86_400.0
_WORDS = "select identifier, purpose, occurred_at, granted from consent where purpose in (?, ?, ?)"


class _Said(NamedTuple):
    identifier: str
    purpose: str
    at: str
    granted: bool


def refused_since(project: Project, purpose: str) -> set[str]:
    """Hashes of identifiers whose last word on a purpose, or on being profiled at all, is no.

    It asks all that intake knows and the service's own log of consent, of which a run may not have heard.
    """
    purposes = (purpose, *_ALWAYS)
    last: dict[tuple[str, str], _Said] = {}
    for word in (*_taken_in(project, purposes), *_said_live(project, purposes)):
        key = word.identifier, word.purpose
        # Of two words at one moment the refusal counts.
        if key not in last or (word.at, not word.granted) > (last[key].at, not last[key].granted):
            last[key] = word
    return {word.identifier for word in last.values() if not word.granted}


def _taken_in(project: Project, purposes: tuple[str, ...]) -> Iterator[_Said]:
    for row in OpsStore(project.paths).rows(_WORDS, *purposes):
        yield _Said(row["identifier"], row["purpose"], str(row["occurred_at"])[:19], bool(row["granted"]))


def _said_live(project: Project, purposes: tuple[str, ...]) -> Iterator[_Said]:
    for line in logged_lines(
        project.paths.service_log / "consents", re.compile(b"purpose"), time.time() - _LOG_SECONDS
    ):
        try:
            said = msgspec.json.decode(payload(line))
        except (ValueError, msgspec.DecodeError):
            continue
        properties = said.get("properties", {})
        if properties.get("purpose") in purposes:
            for pair in said.get("identifiers", []):
                granted = bool(properties.get("granted"))
                yield _Said(pair["value"], properties["purpose"], str(said["occurred_at"])[:19], granted)

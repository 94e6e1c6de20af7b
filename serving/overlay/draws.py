"""First draws of experiments brought back from the decision log, when an overlay that nobody kept is made anew."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from intake.log_line import payload
from serving.experiments.enrolment import Enrolment, remembered_from
from serving.experiments.trials import Trials
from serving.log.lookup import decision_lines, logged_lines
from serving.overlay.arrival import Pair
from serving.overlay.assigned import CustomerOf, Whose, whose_draw
from serving.overlay.overlay import Overlay
from serving.snapshot.records import ProfileRecord

_LOG = logging.getLogger(__name__)
# A line of a decision in an experiment takes some 40 µs: half a million come back, and a start never waits longer.
LONGEST_SECONDS = 25.0
# Segments of several workers overlap by no more than their age when they are closed.
_SEGMENT_SECONDS = 86_400.0
_NEEDLE = b'"experiment_id":"'
_EXPOSURE = re.compile(b'"exposure_shown"')
_DECODE = msgspec.json.Decoder(dict[str, Any])


class LoggedDraws:
    """Reads draws and what was shown of them. Order does not matter: what was seen first counts."""

    def __init__(
        self,
        overlay: Overlay,
        trials: Trials,
        customer_of: CustomerOf,
        profile_of: Callable[[str], ProfileRecord | None],
    ) -> None:
        self._overlay = overlay
        self._trials = trials
        self._customer_of = customer_of
        self._profile_of = profile_of

    def rebuild(self, service_log: Path, since: float) -> int:
        """Take in the draws of experiments that run, from segments written to since then; how many.

        Args:
            service_log: the service's log.
            since: seconds since 1970 on the project's clock; lines from before are passed over, for the snapshot
                knows them.
        """
        deadline, read = time.monotonic() + LONGEST_SECONDS, 0
        draws = decision_lines(service_log, _NEEDLE, deadline=deadline)
        for at, line in _recent(draws, since - _SEGMENT_SECONDS, deadline):
            read += at >= since and self._draw(line, at)
        shown = logged_lines(service_log / "exposures", _EXPOSURE, deadline=deadline) if read else iter(())
        for at, line in _recent(shown, since - _SEGMENT_SECONDS, deadline):
            if at >= since:
                self._exposure(line, at)
        if time.monotonic() > deadline:
            _LOG.warning("overlay: %d draws came back, the rest would take too long", read)
        return read

    def _draw(self, line: dict[str, Any], at: int) -> bool:
        try:
            return self._drawn(line, at)
        except (KeyError, TypeError, ValueError, msgspec.ValidationError):
            # A line of another program.
            return False

    def _drawn(self, line: dict[str, Any], at: int) -> bool:
        said = line["properties"]
        if line["experiment_id"] not in self._trials.remembering:
            return False
        told = {**said, "version": said["experiment_version"]}
        part = msgspec.convert({f: told[f] for f in Enrolment.__struct_fields__ if f in told}, Enrolment)
        draw = remembered_from(part, said.get("conditional_propensity", said["propensity"]), at)
        pairs = _pairs(line)
        whose = whose_draw(part, self._account(part, pairs), pairs)
        if draw is None or whose == Whose():
            return False
        self._overlay.assign(whose, part.key, draw, self._customer_of)
        return True

    def _account(self, part: Enrolment, pairs: tuple[Pair, ...]) -> str | None:
        if part.unit_type != "account":
            return None
        customers = (self._customer_of(pair) for pair in pairs)
        profiles = (self._profile_of(name) for name in customers if name is not None)
        return next((found.account_id for found in profiles if found is not None and found.account_id), part.unit_id)

    def _exposure(self, line: dict[str, Any], at: int) -> None:
        said = line.get("properties") or {}
        arms = self._trials.arms_showing(said.get("placement", ""), said.get("action", ""))
        if arms:
            self._overlay.expose(Whose(_pairs(line), line.get("session_id")), arms, at, self._customer_of)


def _pairs(line: dict[str, Any]) -> tuple[Pair, ...]:
    return tuple((pair["type"], pair["value"]) for pair in line.get("identifiers", ()))


def _recent(lines: Iterator[bytes], since: float, deadline: float) -> Iterator[tuple[int, dict[str, Any]]]:
    """Sound lines with their moments (seconds since 1970), the newest segments first, until one is too old."""
    for raw in lines:
        try:
            line = _DECODE.decode(payload(raw))
            at = int(datetime.fromisoformat(line["occurred_at"]).timestamp())
        except (ValueError, KeyError, TypeError, msgspec.DecodeError):
            continue
        if at < since or time.monotonic() > deadline:
            return
        yield at, line

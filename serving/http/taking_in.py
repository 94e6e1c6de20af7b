"""Events on their way in, whoever mapped them: suppressed or written, then seen by the next decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from serving.http.problems import refuse
from serving.lines import line_of
from serving.log.stream import LogStream, LogUnavailableError
from serving.overlay.admission import ConsentUnknownError
from serving.overlay.arrival import Arrival
from serving.overlay.overlay import OverlayFullError
from serving.overlay.words import CONSENT_TYPE
from serving.service import Service


class TakenIn(NamedTuple):
    """Ids of the events that were stored, and of those left out because their person refused analytics."""

    stored: list[str]
    suppressed: list[str]


async def take_in(service: Service, arrivals: Sequence[Arrival], now: datetime) -> TakenIn:
    """Store events and let the next decision of every worker see them; returns once they are on disk.

    Args:
        service: of this worker.
        arrivals: events in our fields, identifiers hashed, free text scrubbed.
        now: their arrival.

    Raises:
        Problem: 503 when the log cannot be written, consent cannot be looked up, or a word of it could not take effect
            at once.
    """
    out = judged(service, arrivals, now)
    kept = [arrival for arrival, suppressed in zip(arrivals, out, strict=True) if not suppressed]
    said = any(arrival.fields["event_type"] == CONSENT_TYPE for arrival in kept)
    if kept:
        # Words of consent are looked for in all of their log when a service starts, so it is kept apart and small.
        await written(service.consents if said else service.events, [line_of(arrival.fields) for arrival in kept])
    let_see(service, kept, now)
    left = [arrival.event_id for arrival, suppressed in zip(arrivals, out, strict=True) if suppressed]
    service.metrics.taken(kept, left)
    return TakenIn([arrival.event_id for arrival in kept], left)


def judged(service: Service, arrivals: Sequence[Arrival], now: datetime) -> list[bool]:
    """Which events must not be kept.

    Raises:
        Problem: 503 when that cannot be told.
    """
    try:
        return service.live_side.suppressed(arrivals, now)
    except ConsentUnknownError:
        message = "Consent cannot be looked up now; nothing of this request was accepted. Send it again later."
        raise refuse(503, "consent_unavailable", message) from None


def let_see(service: Service, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Let the next decision of every worker see what is on disk.

    Raises:
        Problem: 503 when a word of consent could not take effect at once.
    """
    service.metrics.ordered(arrival.fields["event_type"] for arrival in arrivals)
    try:
        service.live_side.take(arrivals, now)
    except OverlayFullError:
        message = "What was said of consent is on disk, but cannot take effect at once. Send it again later."
        raise refuse(503, "overlay_full", message) from None


async def written(stream: LogStream, lines: list[bytes]) -> None:
    """Append lines and wait for the disk.

    Raises:
        Problem: 503, and nothing of it is there.
    """
    try:
        await stream.append(lines)
    except LogUnavailableError:
        message = "The log cannot be written; nothing of this request was accepted. Send it again later."
        raise refuse(503, "log_unavailable", message) from None

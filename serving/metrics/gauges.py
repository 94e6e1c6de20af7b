"""What a worker's parts stand at now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from serving.live import LiveSnapshot
from serving.live_side import LiveSide
from serving.log.stream import LogStream
from serving.snapshot.store import SnapshotStore


def gauges(
    store: SnapshotStore[LiveSnapshot],
    live_side: LiveSide,
    streams: Mapping[str, LogStream],
    now: datetime,
    paused: int,
) -> dict[str, float]:
    """Values by name, as `exposition.GAUGES` describes them."""
    found = {
        "log_queued_lines": float(sum(stream.queued for stream in streams.values())),
        "log_lag_seconds": max(stream.lag_seconds for stream in streams.values()),
        "decisions_lost": float(streams["decisions"].lost),
        "paused_scopes": float(paused),
    }
    with store.lease() as live:
        found["snapshot_ready"] = float(live is not None)
        if live is not None:
            as_of = datetime.fromisoformat(live.reader.manifest.as_of)
            found["snapshot_as_of_age_seconds"] = (now - as_of).total_seconds()
    return found | _of_overlay(live_side)


def _of_overlay(live_side: LiveSide) -> dict[str, float]:
    overlay = live_side.overlay
    if overlay is None:
        return {"overlay_available": 0.0}
    sessions, used = overlay.size()
    return {
        "overlay_available": 1.0,
        "overlay_sessions": float(sessions),
        "overlay_used_share": used,
        "overlay_events_dropped": float(overlay.counts.dropped),
        "overlay_sessions_evicted": float(overlay.counts.evicted),
    }

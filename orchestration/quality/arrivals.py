"""How long each source has been quiet, by the lake's list of files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from intake.ops_records import LakeFile
from intake.settings_quality import QualitySettings
from ml.watch.rhythm import Silence, silence


def silences(files: Iterable[LakeFile], now: datetime, settings: QualitySettings) -> list[Silence]:
    """One entry a source that anything ever came from, in order of name; arrivals after `now` are not seen yet."""
    moments: dict[str, set[datetime]] = {}
    for file in files:
        seen = {moment for moment in (file.min_received_at, file.max_received_at) if moment <= now}
        moments.setdefault(file.source, set()).update(seen)
    return [
        silence(
            source,
            [moment.date() for moment in arrived],
            max(arrived),
            now,
            default_hours=settings.stale_after_hours,
            configured_hours=settings.freshness_hours.get(source),
            quiet_days=settings.quiet_days,
        )
        for source, arrived in sorted(moments.items())
        if arrived
    ]

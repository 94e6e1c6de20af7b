"""A snapshot made ready to answer: reader, compiled rules, placements and time zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from serving.evidence import action_values
from serving.placement import Placement
from serving.rulebook import Rulebook
from serving.snapshot.reader import SnapshotReader
from serving.visit import features_used


class LiveSnapshot:
    """Everything `decide` reads. It owns the reader.

    Raises:
        PolicyError: a rule of the snapshot does not compile.
        ZoneInfoNotFoundError: the snapshot's time zone is unknown here.
    """

    def __init__(self, reader: SnapshotReader) -> None:
        self.reader = reader
        self.version = reader.version
        self.placements: dict[str, Placement] = reader.placements
        self.rulebook = Rulebook(reader.placements.values(), reader.policies)
        self.decisions = reader.decisions
        self.action_values = {(p.name, a.name): action_values(a) for p in self.placements.values() for a in p.actions}
        self.zone = ZoneInfo(reader.manifest.time_zone)
        self.session_features = features_used(reader.policies)

    def close(self) -> None:
        """Close the reader; no question may follow."""
        self.reader.close()

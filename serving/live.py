"""A snapshot made ready to answer: reader, compiled rules, placements and time zone."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from zoneinfo import ZoneInfo

from serving.evidence import action_values
from serving.experiments.trials import Trials
from serving.naming import placements_naming
from serving.placement import Placement
from serving.reclassified import evidence_for
from serving.rulebook import Rulebook
from serving.scoring import is_weighted, least_support
from serving.showings import remembering, watched_in
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import REFUSED_ANALYTICS
from serving.uplift import advised_placements
from serving.variables import CLICK_DRIVER, SEGMENTS
from serving.visit import features_used, variables_used
from serving.visit_scores import LiveScores, scores_used


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
        placements = self.placements.values()
        self.support = {p.name: least_support(p) for p in placements}
        self.weighted = frozenset(p.name for p in placements if is_weighted(p))
        self.filling = frozenset(p.name for p in placements for action in p.actions if action.fill)
        self.watched = watched_in(placements)
        self.remembering = remembering(placements, reader.policies)
        # What is told where an answer decided, by question.
        self.because = {
            a.ask.question: a.ask.because or "You told us: {answer}." for p in placements for a in p.actions if a.ask
        }
        self.advised = advised_placements(placements, reader.policies)
        self.trials = Trials(reader.learned)
        self.zone = ZoneInfo(reader.manifest.time_zone)
        # The moment that profiles stand at: those of an hour's changes are younger than the rest.
        self.as_of = datetime.fromisoformat(reader.manifest.profiles_as_of or reader.manifest.as_of)
        named = variables_used(reader.policies, placements)
        self.session_features = features_used(reader.policies, placements) | evidence_for(named)
        # Placements whose rules name segments by rule or micro-segments, or what draws clicks.
        self.segmented = placements_naming(SEGMENTS, placements, reader.policies)
        self.click_led = placements_naming({CLICK_DRIVER}, placements, reader.policies)
        self.click_drivers = reader.click_drivers
        self.segments = reader.segments
        if self.segmented:
            self.session_features |= self.segments.session_features
        self.visit_scores = LiveScores(reader.visit_model, scores_used(reader.policies, placements))
        counts = reader.manifest.counts, reader.manifest.totals
        # Whether anybody's refusal of analytics stands in it; a snapshot that does not say so is looked into.
        self.has_refusals = counts[0].get("identifier", 1) > 0 and counts[1].get(REFUSED_ANALYTICS, 1) > 0

    def named(self, version: str) -> LiveSnapshot:
        """The same under another version's name, as decisions know it that were made before people were erased."""
        if version == self.version:
            return self
        other = copy(self)
        other.version = version
        return other

    def close(self) -> None:
        """Close the reader; no question may follow."""
        self.reader.close()

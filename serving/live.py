"""A snapshot made ready to answer: reader, compiled rules, placements and time zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from serving.cell import Cell
from serving.evidence import action_values
from serving.experiments.trials import Trials
from serving.naming import placements_naming
from serving.placement import PRICE_INCENTIVES, Action, Placement
from serving.reclassified import evidence_for
from serving.rulebook import Guard, Rulebook
from serving.scoring import declared_rows, is_weighted, least_support
from serving.showings import remembering, watched_in
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import REFUSED_ANALYTICS, DecisionRow
from serving.uplift import advised_placements
from serving.variables import CLICK_DRIVER, SEGMENTS, Value
from serving.visit import features_used, variables_used
from serving.visit_scores import LiveScores, scores_used
from serving.wanted import Wanted


class Candidate(NamedTuple):
    """An action of a placement with what no request changes: its values and the rules about it; rules spare a plain
    one and the one without consent. `is_always`: it runs at any time and in every channel."""

    action: Action
    values: dict[str, Value]
    guard: Guard
    is_plain: bool
    is_spared: bool
    is_always: bool


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
        placements = self.placements.values()
        self.wanted = {p.name: Wanted(self.rulebook.read_in(p.name), cuts_prices=_cuts_prices(p)) for p in placements}
        self.action_values = {
            (p.name, a.name): self.wanted[p.name].of(action_values(a)) for p in placements for a in p.actions
        }
        self.candidates = {p.name: tuple(self._candidates(p)) for p in placements}
        self.support = {p.name: least_support(p) for p in placements}
        self.weighted = frozenset(p.name for p in placements if is_weighted(p))
        # By placement, segment and context as in `decisions`, without rows of too few observations.
        self.cells = {
            key: self._cell(self.placements[key[0]], rows)
            for key, rows in self.decisions.items()
            if key[0] in self.placements
        }
        self.declared = {p.name: Cell(p, declared_rows(p), is_weighted=False) for p in placements}
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
        self.informed = self.advised | self.segmented | self.click_led
        self.click_drivers = reader.click_drivers
        self.segments = reader.segments
        if self.segmented:
            self.session_features |= self.segments.session_features
        self.visit_scores = LiveScores(reader.visit_model, scores_used(reader.policies, placements))
        counts = reader.manifest.counts, reader.manifest.totals
        # Whether anybody's refusal of analytics stands in it; a snapshot that does not say so is looked into.
        self.has_refusals = counts[0].get("identifier", 1) > 0 and counts[1].get(REFUSED_ANALYTICS, 1) > 0

    def _candidates(self, placement: Placement) -> Iterator[Candidate]:
        for action in placement.actions:
            key = placement.name, action.name
            is_plain = action.name == placement.plain
            is_spared = is_plain or action.name == placement.no_consent
            is_always = not (action.channels or action.starts_at or action.ends_at)
            yield Candidate(action, self.action_values[key], self.rulebook.guard(*key), is_plain, is_spared, is_always)

    def _cell(self, placement: Placement, rows: Iterable[DecisionRow]) -> Cell:
        supported = [row for row in rows if row.n >= self.support[placement.name]]
        return Cell(placement, supported, is_weighted=placement.name in self.weighted)

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


def _cuts_prices(placement: Placement) -> bool:
    return any(action.incentive.kind in PRICE_INCENTIVES for action in placement.actions)

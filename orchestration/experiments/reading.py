"""Everything that is told of one version of an experiment at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from intake.ops_experiments import ExperimentEvent, TakenLook
from orchestration.experiments.comparisons import Comparisons
from orchestration.experiments.exploring import Aftermath
from orchestration.experiments.health import Check
from orchestration.experiments.shadowing import Agreement
from orchestration.experiments.verdict import Verdict
from serving.experiments.definition import Experiment


@dataclass(frozen=True)
class Counts:
    """Units of a version: compared by arm, waiting for the end of their window, left out, and in the holdout.

    `shown_on` are the days (UTC) with an exposure, in order, and `last_shown_at` the latest exposure.
    """

    by_arm: dict[str, int]
    waiting: int
    excluded: int
    holdout: int
    first_exposed_at: datetime | None
    shown_on: tuple[date, ...] = ()
    last_shown_at: datetime | None = None


@dataclass(frozen=True)
class Reading:
    """One version read out.

    Attributes:
        decided: word, arm and sentence.
        looks: every look that was taken, in order.
        ratio_p: of the sample-ratio test; None where nobody was drawn.
        shadow: what a shadow would have chosen; empty for other kinds.
        events: the steps of its life.
        is_closed: whether nobody new is drawn any more.
        paused: arms that are drawn no more.
        notes: what was assumed or done to the values, each once.
        aftermath: of a bandit, what exploring does to people weeks later.
    """

    design: Experiment
    as_of: datetime
    decided: Verdict
    counts: Counts
    comparisons: Comparisons
    checks: tuple[Check, ...]
    looks: tuple[TakenLook, ...]
    ratio_p: float | None
    shadow: tuple[Agreement, ...]
    events: tuple[ExperimentEvent, ...]
    notes: tuple[str, ...]
    is_closed: bool = False
    paused: frozenset[str] = frozenset()
    aftermath: tuple[Aftermath, ...] = ()

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.design.name

    @property
    def version(self) -> int:
        """Its version."""
        return self.design.version

    @property
    def verdict(self) -> str:
        """`ship`, `keep running`, `stop`, `no difference` or `do not trust`."""
        return self.decided.word

    @property
    def arm(self) -> str:
        """The arm the verdict is about; empty where it is about all."""
        return self.decided.arm

    @property
    def words(self) -> str:
        """The verdict in a sentence."""
        return self.decided.words

    @property
    def health(self) -> str:
        """`ok`, or what is wrong."""
        return "; ".join(check.words for check in self.checks if not check.is_ok) or "ok"

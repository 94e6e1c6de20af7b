"""What was shown and what it was worth by the truth: the month's books, kept outside everything the system reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from simulation.arrays import F64, I64, Bool
from simulation.month import worth
from simulation.month.planted import BANNERS, CONTEXTS, Planted
from simulation.month.responses import Responses, Shown
from simulation.writer import write_parquet

PLAIN = 0


class Money(NamedTuple):
    """Expected margin by the truth of the visits whose banner was learned, USD, under four ways of choosing it.

    `split` picks evenly among the banners that were not paused at the time, `whole_split` among all of them for the
    whole month, as an A/B test without a pause had done; `earned` is what the shoppers really left, by the same visits.
    """

    visits: int
    bandit: float
    split: float
    whole_split: float
    oracle: float
    earned: float


def total(parts: Iterable[Money]) -> Money:
    """The sum of several hours."""
    hours = list(parts)
    money = [float(sum(hour[at] for hour in hours)) for at in range(1, len(Money._fields))]
    return Money(sum(hour.visits for hour in hours), *money)


@dataclass(frozen=True)
class Entry:
    """The visits of one hour: ids of the banner's answers, who came, what they saw, and what followed.

    `paused` says which banners were not drawn in that hour.
    """

    hour: datetime
    personalization_ids: list[str]
    shopper: I64
    shown: Shown
    was_shown: Bool
    note: I64
    responses: Responses
    paused: Bool

    def money(self, planted: Planted) -> Money:
        """What the visits were worth whose banner was learned: shown, and not the plain one."""
        by_banner = worth.margin_by_banner(planted, self.shown)
        learned = self.learned
        everywhere = np.ones(by_banner.shape, dtype=np.bool_)
        everywhere[:, PLAIN] = False
        open_arms = everywhere & ~self.paused
        ways: list[F64] = [
            worth.chosen(by_banner, self.shown.banner),
            worth.under_split(by_banner, open_arms),
            worth.under_split(by_banner, everywhere),
            worth.under_oracle(by_banner, everywhere),
            self.responses.margin - self.responses.lost,
        ]
        return Money(int(learned.sum()), *(float(way[learned].sum()) for way in ways))

    @property
    def learned(self) -> Bool:
        """Visits whose banner the learner chose."""
        chosen: Bool = self.was_shown & (self.shown.banner != PLAIN)
        return chosen


@dataclass
class Ledger:
    """All hours so far."""

    planted: Planted
    entries: list[Entry] = field(default_factory=list)

    def money(self, since: datetime | None = None) -> Money:
        """What the month was worth so far, or since a moment."""
        return total(e.money(self.planted) for e in self.entries if since is None or e.hour >= since)

    def write(self, folder: Path) -> None:
        """`visits.parquet` and `arms.parquet`: what happened, and the planted chances."""
        write_parquet(pa.concat_tables([self._visits(entry) for entry in self.entries]), folder / "visits.parquet")
        write_parquet(self._arms(), folder / "arms.parquet")

    def _visits(self, entry: Entry) -> pa.Table:
        segments, shown = np.array(self.planted.segments), entry.shown
        by_banner = worth.margin_by_banner(self.planted, shown)
        margins = {f"expected_margin_{name}": by_banner[:, at] for at, name in enumerate(BANNERS)}
        return pa.table(
            {
                "hour": pa.array([entry.hour] * len(shown), type=pa.timestamp("us", tz="UTC")),
                "personalization_id": pa.array(entry.personalization_ids, type=pa.string()),
                "shopper": entry.shopper,
                "segment_id": segments[shown.segment],
                "context": np.array(CONTEXTS)[shown.context],
                "banner": np.array(BANNERS)[shown.banner],
                "was_shown": entry.was_shown,
                "delivery": shown.delivery,
                "note": entry.note,
                "ordered": entry.responses.ordered,
                "margin_amount": entry.responses.margin,
                "lost_amount": entry.responses.lost,
                "complained": entry.responses.complained,
                **margins,
            }
        )

    def _arms(self) -> pa.Table:
        planted = self.planted
        segment, context, arm = (places.ravel() for places in np.indices(planted.order.shape))
        return pa.table(
            {
                "segment_id": np.array(planted.segments)[segment],
                "context": np.array(CONTEXTS)[context],
                "arm": np.array(BANNERS)[arm],
                "order_chance": planted.order.ravel(),
                "click_chance": planted.click.ravel(),
                "complaint_chance": planted.complaint[arm],
                "return_chance": planted.returned[arm],
                "expected_margin": planted.margin()[..., 0].ravel(),
            }
        )

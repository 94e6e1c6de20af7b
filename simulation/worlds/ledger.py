"""What a shop knows at the end of each hour, in the columns of `arm_stats` and `conversion_delay`."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulation.worlds.traffic import Hour
from simulation.worlds.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXPERIMENT, VERSION = "world", 1
MICROS, CENTS_SQUARED = 1e6, 1e4
# Rows of older days are added up by quarters of a day: shares come out alike, and a month takes a fraction of the time.
HOURLY_DAYS, OLDER_HOURS = 3, 6
SUMS = {
    "exposures": 1.0,
    "conversions": 1.0,
    "margin_micros": MICROS,
    "margin_cents_squared": CENTS_SQUARED,
    "cost_micros": MICROS,
    "ltv_change_micros": MICROS,
}


class Ledger:
    """Books impressions as they happen and conversions as they arrive."""

    def __init__(self, world: World, hours: int, start: datetime) -> None:
        self._world, self._start = world, start
        days = -(-hours // 24)
        self._sums = {name: np.zeros((days * 24, world.cells, len(world.arms))) for name in SUMS}
        self._due: dict[int, list[tuple[Ints, Ints, Ints, Floats]]] = {}
        self._delays = np.zeros(days * 24 + 1)

    def add(self, seen: Hour) -> None:
        """Take in an hour's impressions; each conversion is booked by the `arrive` of the hour in which it comes."""
        here = np.full(seen.cell.size, seen.hour)
        np.add.at(self._sums["exposures"], (here, seen.cell, seen.arm), 1)
        np.add.at(self._sums["ltv_change_micros"], (here, seen.cell, seen.arm), seen.lifetime)
        at = np.flatnonzero(seen.is_converted)
        for delay in np.unique(seen.delay[at]):
            these = at[seen.delay[at] == delay]
            coming = (here[these], seen.cell[these], seen.arm[these], seen.margin[these])
            self._due.setdefault(seen.hour + int(delay), []).append(coming)

    def arrive(self, hour: int) -> None:
        """Book the conversions that came within an hour."""
        for shown, cell, arm, margin in self._due.pop(hour, []):
            place = (shown, cell, arm)
            np.add.at(self._sums["conversions"], place, 1)
            np.add.at(self._sums["margin_micros"], place, margin)
            np.add.at(self._sums["margin_cents_squared"], place, margin**2)
            np.add.at(self._sums["cost_micros"], place, self._world.cost[arm])
            self._delays[hour - int(shown[0])] += shown.size

    def stats(self, hour: int) -> pd.DataFrame:
        """Rows of the hours up to the end of `hour`; those of older days by quarter."""
        cut = max(0, (hour + 1) // 24 - HOURLY_DAYS) * 24
        starts = np.concatenate([np.arange(0, cut, OLDER_HOURS), np.arange(cut, hour + 1)])
        columns = {name: self._rolled(name, cut, hour + 1) * factor for name, factor in SUMS.items()}
        exposed = columns["exposures"] > 0
        row, cell, arm = np.nonzero(exposed)
        sums = {name: np.rint(values[exposed]) for name, values in columns.items()}
        names = [f"context_{number}" for number in range(self._world.cells // self._world.segments)]
        hours = pd.Timestamp(self._start) + pd.to_timedelta(starts, unit="h")
        rest: dict[str, object] = {
            "experiment": _named(np.zeros_like(row), [EXPERIMENT]),
            "experiment_version": VERSION,
            "segment_id": cell // len(names),
            "context_bucket": _named(cell % len(names), names),
            "arm": _named(arm, list(self._world.arms)),
            "hour": hours[row],
            "clicks": 0,
            "complaints": 0,
            "returns": 0,
            "revenue_micros": sums["margin_micros"] + sums["cost_micros"],
        }
        return pd.DataFrame({**sums, **rest})

    def delay(self) -> pd.DataFrame:
        """Conversions by hours between impression and conversion, so far."""
        hours = np.flatnonzero(self._delays)
        return pd.DataFrame({"experiment": EXPERIMENT, "delay_hour": hours, "conversions": self._delays[hours]})

    def _rolled(self, name: str, cut: int, end: int) -> Floats:
        sums = self._sums[name]
        older = sums[:cut].reshape(cut // OLDER_HOURS, OLDER_HOURS, *sums.shape[1:]).sum(axis=1)
        return np.concatenate([older, sums[cut:end]])


def _named(code: Ints, names: list[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(code, pd.Index(names))

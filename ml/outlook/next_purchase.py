"""When a customer buys next: shares of days counted by pace and by how long ago they bought."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.champion import Twin
from ml.cutoffs import cutoff_dates, split_at
from ml.evaluation import brier
from ml.outlook.window import hit_rate, interval_score, likely_week, window_days

Floats = npt.NDArray[np.float64]

FILE: Final = "next_purchase.json"
# Two gaps are the least that say anything of a rhythm; below, the segment's figure stands in.
LEAST_DAYS: Final = 3
# A cell counts as much as its parent once it holds so many customers; 10 and 50 scored alike.
PRIOR_CUSTOMERS: Final = 20.0
TAIL, HELD = 0.1, 0.8
EVERYONE: Final = "everyone"
# Of the gap between orders that has passed already: the edges of one cell each.
WAITS: Final = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
DAYS_PER_WEEK: Final = 7


@dataclass(frozen=True)
class NextPurchaseModel:
    """Probability of each day of the horizon, and of none of them, by cell.

    Attributes:
        horizon_days: H; `cells` hold H + 1 probabilities: first purchase on day 1 to H, or none within H.
        cutoffs: ISO dates the cells were counted at.
        metrics: figures of the judged twin by competitor.
    """

    horizon_days: int
    cells: Mapping[str, Floats]
    cutoffs: Sequence[str]
    metrics: Mapping[str, Mapping[str, float]]
    twin: Twin | None = field(default=None, repr=False, compare=False)

    @property
    def features(self) -> Sequence[str]:
        """Columns of a frame that is asked about."""
        return ("n_days", "recency_days", "mean_gap_days", "segment")

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Window and most likely week of each row.

        Args:
            frame: n_days (days with an order so far), recency_days, mean_gap_days (null below two), segment (or null).

        Returns:
            low_days (10 % quantile), high_days (by then 80 % more), null where later than the horizon, week (1 = the
            next seven days, null where no purchase is the likelier outcome), none_probability, basis (`own`,
            `segment` or `everyone`); same index.
        """
        names, of = distinct_cells(frame)
        known = [next(name for name in row if name in self.cells) for row in names]
        table = np.array([self.cells[name] for name in known]).reshape(len(known), self.horizon_days + 1)
        low, high = window_days(table, TAIL, HELD)
        weeks = likely_week(table)
        return pd.DataFrame(
            {
                "low_days": low[of],
                "high_days": high[of],
                "week": weeks[of],
                "none_probability": table[of, -1],
                "basis": np.array([_basis(name) for name in known], dtype=object)[of],
            },
            index=frame.index,
        )

    def files(self) -> dict[str, bytes]:
        """The model as one JSON file."""
        document = {
            "horizon_days": self.horizon_days,
            "cutoffs": list(self.cutoffs),
            "metrics": self.metrics,
            "cells": {name: [round(float(share), 9) for share in shares] for name, shares in self.cells.items()},
        }
        return {FILE: json.dumps(document, sort_keys=True).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> NextPurchaseModel:
        """Read what `files` wrote."""
        document: dict[str, Any] = json.loads(files[FILE])
        cells = {name: np.asarray(shares, dtype=np.float64) for name, shares in document["cells"].items()}
        return cls(int(document["horizon_days"]), cells, document["cutoffs"], document["metrics"])


def train_next_purchase(frame: pd.DataFrame, *, judge: pd.Timestamp, horizon_days: int) -> NextPurchaseModel:
    """Count on earlier cut-offs, judge on a later one, then count on all.

    Args:
        frame: customer_id, as_of, n_days, recency_days, mean_gap_days, segment, next_days (1 to H, null if none).

    Raises:
        NotTrainable: too few customers who had bought before a cut-off.
    """
    split = split_at(frame.assign(seen=1), "seen", judge, horizon_days)
    cells = counted(split.train, horizon_days)
    judged = NextPurchaseModel(horizon_days, cells, split.train_cutoffs, {})
    metrics = _compared(judged, split.judge)
    none = days_until(split.judge, horizon_days) > horizon_days
    twin = Twin(
        judged,
        split.judge,
        none.astype(np.float64),
        {"model": judged.predict(split.judge)["none_probability"].to_numpy()},
    )
    served = counted(split.everything, horizon_days)
    return NextPurchaseModel(horizon_days, served, cutoff_dates(split.everything), metrics, twin)


def days_until(frame: pd.DataFrame, horizon_days: int) -> Floats:
    """Days until the next purchase; the horizon and one more for none."""
    return frame["next_days"].fillna(horizon_days + 1).to_numpy(dtype=np.float64)


def row_scores(model: NextPurchaseModel, frame: pd.DataFrame) -> Floats:
    """Shape (rows, 2): interval score of the window, and squared error of the probability of no purchase."""
    guess, never = model.predict(frame), model.horizon_days + 1
    days = days_until(frame, model.horizon_days)
    low, high = (guess[f"{end}_days"].fillna(never).to_numpy(dtype=np.float64) for end in ("low", "high"))
    miss = np.maximum(low - days, 0) + np.maximum(days - high, 0)
    none = guess["none_probability"].to_numpy(dtype=np.float64)
    return np.column_stack([high - low + 2 / (1 - HELD) * miss, (none - (days == never)) ** 2])


def counted(frame: pd.DataFrame, horizon_days: int) -> dict[str, Floats]:
    """Shares by cell, from the broadest to the narrowest; each is drawn towards the one above it."""
    names = cell_names(frame)
    outcome = frame["next_days"].fillna(horizon_days + 1).clip(1, horizon_days + 1).to_numpy(dtype=np.int64) - 1
    cells: dict[str, Floats] = {}
    for level in (2, 1, 0):
        parents = names[min(level + 1, 2)]
        for name, rows in pd.Series(range(len(frame))).groupby(names[level].to_numpy(), sort=True):
            if str(name) in cells:
                continue
            at = rows.to_numpy()
            counts = np.bincount(outcome[at], minlength=horizon_days + 1).astype(np.float64)
            prior = cells.get(str(parents.iloc[at[0]]))
            cells[str(name)] = _shrunk(counts, prior)
    return cells


def _shrunk(counts: Floats, prior: Floats | None) -> Floats:
    if prior is None:
        total: Floats = counts / max(counts.sum(), 1.0)
        return total
    drawn: Floats = (counts + PRIOR_CUSTOMERS * prior) / (counts.sum() + PRIOR_CUSTOMERS)
    return drawn


def cell_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns 0 (narrowest) to 2 (everyone): the cells of each row."""
    names, of = distinct_cells(frame)
    return pd.DataFrame(np.array(names, dtype=object).reshape(-1, 3)[of], index=frame.index, columns=[0, 1, 2])


def distinct_cells(frame: pd.DataFrame) -> tuple[list[tuple[str, str, str]], npt.NDArray[np.int64]]:
    """The different rows of cells, from the narrowest to everyone, and which of them each row of the frame is in.

    With a rhythm: pace (mean gap, two cells a doubling) and wait (share of the gap that has passed); without one: the
    segment and how long ago the last purchase was.
    """
    has_rhythm = pd.to_numeric(frame["n_days"]).to_numpy(dtype=np.float64) >= LEAST_DAYS
    gap = pd.to_numeric(frame["mean_gap_days"]).fillna(1.0).clip(lower=1.0).to_numpy(dtype=np.float64)
    recency = pd.to_numeric(frame["recency_days"]).clip(lower=0.0).to_numpy(dtype=np.float64)
    segment, segments = pd.factorize(frame["segment"])
    broad = np.where(has_rhythm, np.floor(2 * np.log2(gap)), segment).astype(np.int64)
    wait, age = np.searchsorted(WAITS, recency / gap, side="right"), np.floor(np.log2(recency + 1))
    narrow = np.where(has_rhythm, wait, age).astype(np.int64)
    keys = np.stack([has_rhythm.astype(np.int64), broad, narrow])
    distinct, of = np.unique(keys, axis=1, return_inverse=True)
    shown = ["none" if pd.isna(value) else str(int(value)) for value in segments]
    return [_named(*key, segments=[*shown, "none"]) for key in distinct.T.tolist()], np.asarray(of, dtype=np.int64)


def _named(has_rhythm: int, broad: int, narrow: int, *, segments: Sequence[str]) -> tuple[str, str, str]:
    if has_rhythm:
        return f"pace {broad}, wait {narrow}", f"pace {broad}", EVERYONE
    return f"segment {segments[broad]}, age {narrow}", f"segment {segments[broad]}", EVERYONE


def _basis(cell: str) -> str:
    if cell.startswith("pace"):
        return "own"
    return EVERYONE if cell == EVERYONE or cell.startswith("segment none") else "segment"


def _compared(model: NextPurchaseModel, judge: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The model beside everyone's window and beside the customer's own mean gap, on the judging cut-off."""
    never = model.horizon_days + 1
    days = days_until(judge, model.horizon_days)
    everyone = NextPurchaseModel(model.horizon_days, {EVERYONE: model.cells[EVERYONE]}, (), {})
    figures = {}
    for name, guess in (("model", model.predict(judge)), ("everyone", everyone.predict(judge))):
        low = guess["low_days"].fillna(never).to_numpy(dtype=np.float64)
        high = guess["high_days"].fillna(never).to_numpy(dtype=np.float64)
        figures[name] = {
            **interval_score(days, low, high, 1 - HELD),
            "week_hit_rate": hit_rate(days, guess["week"], never),
            "none_brier": brier(days == never, guess["none_probability"]),
        }
    due = judge["mean_gap_days"] - judge["recency_days"]
    week = np.ceil(due.clip(lower=1.0) / DAYS_PER_WEEK)
    figures["own_gap"] = {"week_hit_rate": hit_rate(days, week, never)}
    return figures

"""What goes wrong on the way: duplicates, late arrivals, wrong clocks, unknown types, personal data in addresses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import DAY_US, I64, SECOND_US, Bool
from simulation.pages import PageEvents
from simulation.randomness import stream
from simulation.sessions import Sessions

UNKNOWN_TYPES = ("hover_heatmap", "page_pinged", "ar_preview_started")
DUPLICATE_SHARE, LATE_SHARE, SKEW_SHARE = 0.008, 0.015, 0.02
_RARE_SHARE = 0.0001
_YEAR_2090_US = 3_786_912_000 * SECOND_US
_YEAR_1970_US = DAY_US


@dataclass(frozen=True)
class FaultyRows:
    """The rows as they arrive, in order of arrival.

    `row` points into the page events (twice for a duplicate); `unknown_type` indexes `UNKNOWN_TYPES` or is -1;
    `leaks_email` marks page addresses that carry the visitor's e-mail. `planted` maps each fault to the page events
    it hit.
    """

    row: I64
    at_us: I64
    received_us: I64
    unknown_type: I64
    leaks_email: Bool
    planted: dict[str, I64]


def plant_faults(events: PageEvents, sessions: Sessions, may_leak: Bool, end_us: int, seed: int) -> FaultyRows:
    """Spoil a small share of the page events.

    Whole visits arrive 1 to 9 days late (1.5 %) or run on a clock 5 to 120 s fast (2 %); 0.8 % of the events are sent
    twice; some 0.01 % each come from a clock days ahead, from 2090, from 1970, with an unknown type or with an e-mail
    address in the URL (among those that `may_leak`). What would arrive after `end_us` has not arrived and is left out.
    """
    rng, count = stream(seed, "faults"), len(events.at_us)
    at, delay = events.at_us.copy(), (rng.uniform(0.2, 4.0, count) * SECOND_US).astype(np.int64)
    human = ~sessions.is_bot
    late = (human & (rng.random(len(human)) < LATE_SHARE))[events.session]
    offset = (rng.uniform(1.0, 9.0, len(human)) * DAY_US).astype(np.int64)[events.session]
    received = at + delay + np.where(late, offset, 0)
    fast = (human & (rng.random(len(human)) < SKEW_SHARE))[events.session] & ~late
    at[fast] = received[fast] + (rng.uniform(5, 120, len(human))[events.session] * SECOND_US).astype(np.int64)[fast]
    rare = _disjoint(rng, np.flatnonzero(~late & ~fast & human[events.session]), max(1, int(count * _RARE_SHARE)))
    at[rare["clock_days_ahead"]] += (rng.uniform(2, 40, len(rare["clock_days_ahead"])) * DAY_US).astype(np.int64)
    at[rare["year_2090"]] = _YEAR_2090_US
    at[rare["year_1970"]] = _YEAR_1970_US
    unknown = np.full(count, -1, dtype=np.int64)
    unknown[rare["unknown_type"]] = rng.integers(len(UNKNOWN_TYPES), size=len(rare["unknown_type"]))
    leaking = np.flatnonzero(may_leak & (unknown < 0))[:: max(1, int(may_leak.sum() / max(1, count * _RARE_SHARE)))]
    leaks = np.zeros(count, dtype=np.bool_)
    leaks[leaking] = True
    again = np.flatnonzero(rng.random(count) < DUPLICATE_SHARE).astype(np.int64)
    resent = received[again] + (rng.exponential(4 * 3_600, len(again)) * SECOND_US).astype(np.int64) + SECOND_US
    row = np.r_[np.arange(count), again]
    arrived = np.r_[received, resent]
    by = np.lexsort((row, arrived))
    by = by[arrived[by] < end_us]
    row = row[by]
    planted = {"late": np.flatnonzero(late), "small_skew": np.flatnonzero(fast), "email_in_url": leaking, **rare}
    planted["duplicate"] = again[resent < end_us]
    here = {name: rows[received[rows] < end_us].astype(np.int64) for name, rows in planted.items()}
    return FaultyRows(row, at[row], arrived[by], unknown[row], leaks[row], here)


def _disjoint(rng: np.random.Generator, candidates: I64, each: int) -> dict[str, I64]:
    names, sizes = ("clock_days_ahead", "year_2090", "year_1970", "unknown_type"), (each, 1, max(1, each // 5), each)
    chosen = rng.permutation(candidates)
    ends = np.cumsum(sizes)
    return {name: np.sort(chosen[end - size : end]) for name, size, end in zip(names, sizes, ends, strict=True)}

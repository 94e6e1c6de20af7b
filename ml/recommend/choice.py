"""Which way of recommending serves this shop: chosen on one month, confirmed on the next, recorded with its figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from ml.champion import Twin
from ml.errors import NotTrainable
from ml.recommend.discovery import POPULAR, Scores, methods
from ml.recommend.judge import Judged, interval, judged
from ml.recommend.matrix import Labels, Purchases, positions

Floats = npt.NDArray[np.float64]
FILE: Final = "mix.json"
# Fewer customers with a relevant purchase than that, and an interval covers every method there is.
LEAST_CUSTOMERS: Final = 50
DISCOVERY, BUY_AGAIN = "discovery", "buy_again"
FRESH, HABIT = "decayed_orders", "orders_since_last"


class Period(NamedTuple):
    """What was known at a moment, and the purchases of the 30 days after it (customer_id, product_id)."""

    known: Purchases
    later: pd.DataFrame


@dataclass(frozen=True)
class Mix:
    """Methods that serve, and what decided.

    Attributes:
        metrics: by task and method: NDCG@10 with its 95 % interval, recall@10, coverage, customers.
        verdicts: a sentence a task.
    """

    discovery: str
    buy_again: str
    metrics: Mapping[str, Mapping[str, float]]
    verdicts: Mapping[str, str]
    twin: Twin | None = field(default=None, repr=False, compare=False)

    @property
    def features(self) -> list[str]:
        """What lists are made of."""
        return ["purchases", "popularity", "attributes"]

    def files(self) -> dict[str, bytes]:
        """As one JSON file."""
        names = ("discovery", "buy_again", "metrics", "verdicts")
        return {FILE: json.dumps({name: getattr(self, name) for name in names}, sort_keys=True, indent=1).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Mix:
        """Read what `files` wrote."""
        document: dict[str, Any] = json.loads(files[FILE])
        return cls(**document)


# Before anything was measured: what needs no proof.
UNMEASURED: Final = Mix(POPULAR, HABIT, {}, {})


def choose(both: tuple[Period, Period], seed: int) -> Mix:
    """The best method of the earlier month serves if it beats the simple one beyond noise in the later month.

    Args:
        both: the earlier and the later period.

    Raises:
        NotTrainable: too few customers bought again and too few anything new.
    """
    new = _task(DISCOVERY, POPULAR, list(methods(seed)), lambda at, name: _discovered(at, name, seed), both, seed)
    again = _task(BUY_AGAIN, HABIT, [FRESH, HABIT], _bought_again, both, seed)
    if not new.metrics and not again.metrics:
        raise NotTrainable(f"{new.verdict}; {again.verdict}")
    verdicts = {DISCOVERY: new.verdict, BUY_AGAIN: again.verdict}
    metrics = {**new.metrics, **again.metrics}
    scores = {DISCOVERY: new.scores, BUY_AGAIN: again.scores}
    twin = Twin(Mix(new.method, again.method, metrics, verdicts), scores, np.zeros(0), {})
    return Mix(new.method, again.method, metrics, verdicts, twin)


def row_scores(mix: Mix, scores: Mapping[str, Mapping[str, Floats]]) -> Floats:
    """Shape (customers of both tasks, 2): NDCG@10 of discovery and of buying again, NaN in the other task's rows.

    Raises:
        KeyError: a method of this mix was not tried.
    """
    parts = []
    for place, (task, method) in enumerate(((DISCOVERY, mix.discovery), (BUY_AGAIN, mix.buy_again))):
        values = scores[task][method] if scores[task] else np.zeros(0)
        part = np.full((len(values), 2), np.nan)
        part[:, place] = values
        parts.append(part)
    return np.concatenate(parts)


class _Chosen(NamedTuple):
    method: str
    verdict: str
    metrics: Mapping[str, Mapping[str, float]]
    scores: Mapping[str, Floats]


def _task(
    task: str,
    simple: str,
    names: Sequence[str],
    judge: Callable[[Period, str], Judged],
    periods: tuple[Period, Period],
    seed: int,
) -> _Chosen:
    """One task's method; what cannot be judged is served the simple way, and says why."""
    earlier, later = periods
    try:
        before = {name: float(judge(earlier, name).ndcg.mean()) for name in names}
        found = {name: judge(later, name) for name in names}
    except NotTrainable as short:
        return _Chosen(simple, f"{simple} serves unmeasured: {short.reason}", {}, {})
    best = min(before, key=lambda name: (-before[name], name))
    method, verdict = _verdict(best, simple, found, seed)
    scores = {name: value.ndcg for name, value in found.items()}
    return _Chosen(method, verdict, {f"{task}/{name}": _figures(value, seed) for name, value in found.items()}, scores)


def _verdict(best: str, simple: str, found: Mapping[str, Judged], seed: int) -> tuple[str, str]:
    if best == simple:
        return simple, f"nothing was better than {simple} in the month before, {simple} serves"
    gain = interval(found[best].ndcg - found[simple].ndcg, seed)
    said = f"{best} against {simple}: NDCG@10 {gain.mean:+.4f}, 95 % interval {gain.low:+.4f} to {gain.high:+.4f}"
    if gain.low > 0:
        return best, f"{said}: beyond noise, {best} serves"
    return simple, f"{said}: nothing is better than {simple} beyond noise, {simple} serves"


def _figures(value: Judged, seed: int) -> dict[str, float]:
    ndcg, recall = interval(value.ndcg, seed), interval(value.recall, seed)
    return {
        "ndcg": ndcg.mean,
        "ndcg_low": ndcg.low,
        "ndcg_high": ndcg.high,
        "recall": recall.mean,
        "recall_low": recall.low,
        "recall_high": recall.high,
        "coverage": value.coverage,
        "customers": float(len(value.ndcg)),
    }


def _discovered(period: Period, name: str, seed: int) -> Judged:
    """What was never bought before and was bought now."""
    known = period.known
    relevant = bought_later(period)
    relevant = relevant - relevant.multiply(known.owned)
    relevant.eliminate_zeros()
    _enough(relevant, "something new")
    scores: Scores = methods(seed)[name](known)
    return judged(scores, lambda rows: ~owned(known, rows), relevant)


def _bought_again(period: Period, name: str) -> Judged:
    """What was bought before and was bought again."""
    known = period.known
    relevant = bought_later(period).multiply(known.owned).tocsr()
    relevant.eliminate_zeros()
    _enough(relevant, "something again")
    matrix = known.fresh if name == FRESH else known.habit
    return judged(lambda rows: np.asarray(matrix[rows].todense()), lambda rows: owned(known, rows), relevant)


def _enough(relevant: Any, what: str) -> None:
    buyers = int((np.diff(relevant.indptr) > 0).sum())
    if buyers < LEAST_CUSTOMERS:
        raise NotTrainable(f"{buyers} customers bought {what} within 30 days; at least {LEAST_CUSTOMERS} are needed")


def owned(known: Purchases, rows: Labels) -> npt.NDArray[np.bool_]:
    """Dense flags of what some customers have bought."""
    return np.asarray(known.owned[rows].todense()) > 0


def bought_later(period: Period) -> Any:
    """Sparse 1 where a known customer bought a known product in the month after."""
    known = period.known
    rows = period.later.loc[
        period.later["customer_id"].isin(known.customers) & period.later["product_id"].isin(known.products)
    ].drop_duplicates(["customer_id", "product_id"])
    at = (positions(known.customers, rows["customer_id"]), positions(known.products, rows["product_id"]))
    return sp.csr_matrix((np.ones(len(rows)), at), shape=(len(known.customers), len(known.products)))

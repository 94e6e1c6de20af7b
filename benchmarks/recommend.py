"""Figures of docs/recommendations.md, measured again: `python -m benchmarks.recommend [DATA]` after `make demo`.

Reads the warehouse of a data folder (CONCIERGE_DATA, else ./data) and writes nothing. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ml.recommend import Period, choose, purchases
from ml.recommend.bought import bought
from ml.recommend.choice import FRESH, HABIT, bought_later, owned
from ml.recommend.judge import Interval, interval, judged
from orchestration.outlook.scores import MODELS
from orchestration.recommend import facts

DECEMBER = date(2017, 12, 1)
LEAST_HOUSEHOLDS = 20
SEED = 20_170_101


def main() -> None:
    """Three tables: the mix as training judges it, December by the definition of the target, the outlook's cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=Path("data"))
    parser.add_argument("--december", type=date.fromisoformat, default=DECEMBER, help="first day of the judged month")
    asked = parser.parse_args()
    started = time.process_time()
    with duckdb.connect(str(asked.data / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(facts.HOLD).fetchall()
        earlier = asked.december - timedelta(days=facts.MONTH)
        mix = choose((facts.period_at(connection, earlier), facts.period_at(connection, asked.december)), SEED)
        print(f"Chosen on the 30 days from {earlier}, judged on those from {asked.december}:\n")
        print(table(mix.metrics, ("ndcg", "ndcg_low", "ndcg_high", "recall", "coverage", "customers")))
        print("\n".join(mix.verdicts.values()))
        print(f"\nBuy again by the target's definition (products with {LEAST_HOUSEHOLDS} households or more):\n")
        for name, found in target(connection, asked.december).items():
            print(f"- {name}: NDCG@10 {found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]")
    for name in MODELS:
        card = asked.data / "models" / name / "current" / "model.json"
        if card.exists():
            metrics = json.loads(card.read_text())["metrics"]
            print(
                f"\n{name}:\n\n{table(metrics, tuple(dict.fromkeys(key for row in metrics.values() for key in row)))}"
            )
    print(f"\n{time.process_time() - started:.0f} CPU s")


def target(connection: duckdb.DuckDBPyConnection, at: date) -> dict[str, Interval]:
    """Own products ranked, compared with everything bought in the month, and with the repeats alone."""
    shelf = bought(facts.days_at(connection, at))
    households = np.bincount(shelf.product, minlength=len(shelf.products))
    counted = pd.DataFrame({"product_id": shelf.products, "buyers": 0, "buyers_quarter": households})
    kept = counted.loc[counted["buyers_quarter"] >= LEAST_HOUSEHOLDS]
    catalogue = connection.execute(facts.CATALOGUE).df()[["product_id", "category"]]
    known = purchases(shelf, kept, catalogue, most=len(kept))
    days = (date(at.year + at.month // 12, at.month % 12 + 1, 1) - at).days
    period = Period(known, connection.execute(facts.LATER, {"at": at, "days": days}).df())
    everything = bought_later(period).tocsr()
    repeats = everything.multiply(known.owned).tocsr()
    repeats.eliminate_zeros()
    found = {}
    for method, matrix in ((HABIT, known.habit), (FRESH, known.fresh)):
        for said, relevant in (("all purchases", everything), ("repeats", repeats)):
            value = judged(_scores(matrix), lambda rows: owned(known, rows), relevant)
            found[f"{method}, ideal list of {said}"] = interval(value.ndcg, SEED)
    return found


def _scores(matrix: Any) -> Any:
    return lambda rows: np.asarray(matrix[rows].todense())


def table(metrics: Mapping[str, Mapping[str, float]], columns: tuple[str, ...]) -> str:
    """One row a competitor."""
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in metrics.items():
        cells = [f"{row[column]:.4g}" if column in row else "" for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

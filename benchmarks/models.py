"""Churn and value beside their baselines on a later cut-off, with bootstrap intervals: `make bench-models`.

Trains nothing that is served: it judges the twins as the assets do, from the training frame of a finished data folder.
Without one it runs the demo in a temporary folder. The result of the demo is recorded in docs/models.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from intake.paths import DataPaths, repository_root
from ml.churn import LABEL as CHURNED
from ml.churn import judged_churn
from ml.cutoffs import split_at
from ml.evaluation import (
    brier,
    decile_error,
    expected_calibration_error,
    interval_coverage,
    normalised_gini,
    roc_auc,
    spearman,
    total_ratio,
)
from ml.value import judged_value
from ml.value_fit import LABEL as SPEND
from orchestration.horizons.training import TEACHING, Horizon, judging_cutoff, near_horizon, near_rows
from orchestration.model_registry import ModelRegistry
from orchestration.training_rows import training_rows
from orchestration.warehouse import Warehouse

Floats = npt.NDArray[np.float64]
Metric = Callable[[Floats, Floats], float]
SEED = 20170101
RESAMPLES = 300
PAGE = repository_root() / "docs" / "models.md"
BEGIN, END = "<!-- bench-models: begin -->", "<!-- bench-models: end -->"
CHURN: dict[str, Metric] = {"ROC-AUC": roc_auc, "Brier": brier, "ECE": expected_calibration_error}
VALUE: dict[str, Metric] = {
    "normalised Gini": normalised_gini,
    "Spearman": spearman,
    "total ratio": total_ratio,
    "decile error": decile_error,
}
NAMES = {
    "model": "**model**",
    "recency": "recency alone",
    "previous_period": "last equal period",
    "mean": "mean of everybody",
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD (BG/NBD did not converge)",
    "nbd": "NBD (neither BG/NBD nor MBG/NBD converged)",
}


def main() -> int:
    """Judge, print, and record what the demo's data gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a finished data folder; without it the demo is run")
    parser.add_argument("--no-record", action="store_true", help="leave docs/models.md as it is")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="concierge-bench-") as temporary:
        table = "\n".join(_report(asked.data or _demo(Path(temporary))))
    print(table)
    if not asked.no_record:
        record(table)
    return 0


def record(table: str, page: Path = PAGE) -> None:
    """Put the table between the page's two markers."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def bootstrap(truth: Floats, guess: Floats, metric: Metric, resamples: int = RESAMPLES) -> tuple[float, float]:
    """2.5 % and 97.5 % points of a metric over customers drawn with replacement, the same draws for every metric."""
    random = np.random.default_rng(SEED)
    draws = (random.integers(0, len(truth), len(truth)) for _ in range(resamples))
    found = [metric(truth[rows], guess[rows]) for rows in draws if np.ptp(truth[rows]) > 0]
    low, high = np.quantile(found, [0.025, 0.975]) if found else (np.nan, np.nan)
    return float(low), float(high)


def lines(title: str, truth: Floats, guesses: Mapping[str, Floats], metrics: Mapping[str, Metric]) -> Iterator[str]:
    """A Markdown table: one row a competitor, the model first, each figure with its interval."""
    yield from (f"\n{title}\n", f"| | {' | '.join(metrics)} |", "|---" * (len(metrics) + 1) + "|")
    for name in sorted(guesses, key=lambda one: list(NAMES).index(one)):
        cells = []
        for metric in metrics.values():
            low, high = bootstrap(truth, guesses[name], metric)
            cells.append(f"{metric(truth, guesses[name]):.3f} ({low:.3f} to {high:.3f})")
        yield f"| {NAMES[name]} | {' | '.join(cells)} |"


def _demo(folder: Path) -> Path:
    environment = {**os.environ, "CONCIERGE_DATA": str(folder)}
    environment["CONCIERGE_CONFIG"] = str(repository_root() / "config")
    command = [str(Path(sys.executable).with_name("concierge")), "demo", "--no-serve"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder


def _report(folder: Path) -> Iterator[str]:
    paths = DataPaths(folder.resolve())
    warehouse, card = Warehouse(paths.warehouse), ModelRegistry(paths.models).card("churn")
    if card is None:
        raise SystemExit(f"{folder}: no trained churn model; run `concierge run` there first")
    features = list(card.features)
    yield f"{len(features)} features; in brackets 95 % of {RESAMPLES} bootstrap samples of the customers."
    yield from _horizon(training_rows(warehouse, where=TEACHING), features, judging_cutoff(warehouse))
    near = near_horizon(warehouse)
    if near:
        yield from _horizon(near_rows(warehouse, near.days, features), features, near)


def _horizon(rows: pd.DataFrame, features: list[str], asked: Horizon) -> Iterator[str]:
    judge, horizon = asked
    churn = judged_churn(split_at(rows, CHURNED, judge, horizon), features, horizon, SEED)
    yield f"\n{horizon} days, judged on {judge:%Y-%m-%d} by {len(churn.truth):,} customers."
    left = churn.truth.mean()
    yield from lines(f"Churn, {horizon} days; {left:.1%} left", churn.truth, churn.guesses, CHURN)
    value = judged_value(split_at(rows, SPEND, judge, horizon), features, horizon, SEED)
    yield from lines(f"Spend, {horizon} days; form: {value.fitted.form}", value.truth, value.guesses, VALUE)
    held = interval_coverage(value.truth, value.scores.low, value.scores.high)
    yield f"\nThe 80 % interval held {held.share:.3f} of the customers' spend; mean width {held.mean_width:,.0f}."
    yield from (f"\n{note[0].upper()}{note[1:]}." for note in dict.fromkeys((*churn.notes, *value.notes)))


if __name__ == "__main__":
    raise SystemExit(main())

"""What the models achieved on the later cut-off, each figure next to its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intake.project import Project
from orchestration.cli.console import say, show_table
from orchestration.horizons.names import NEAR_SUFFIX
from orchestration.model_registry import ModelCard, ModelRegistry

# The model itself first; the others are what anybody could have done without one.
ROWS = {
    "model": "LightGBM",
    "recency": "recency alone",
    "previous_period": "the last equal period",
    "mean": "mean of everybody",
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "nbd": "NBD",
    "cohorts": "LightGBM, mean of ten held-out cohorts",
}
CHURN = {"roc_auc": "AUC", "pr_auc": "PR-AUC", "brier": "Brier", "ece": "ECE"}
VALUE = {
    "normalised_gini": "normalised Gini",
    "spearman": "Spearman",
    "total_ratio": "total ratio",
    "coverage": "80 % interval",
}
MODELS = (
    ("churn", "Churn", CHURN),
    ("churn_near", "Churn", CHURN),
    ("value", "Lifetime value", VALUE),
    ("value_near", "Lifetime value", VALUE),
)


def show_models(project: Project) -> None:
    """Churn and lifetime value over both horizons and what draws clicks, or why there is no model."""
    registry = ModelRegistry(project.paths.models)
    for name, title, columns in MODELS:
        card = registry.card(name)
        if card is None:
            if not name.endswith(NEAR_SUFFIX):
                say(f"{title}: no model")
        elif not card.metrics:
            say(f"{title}: not trained: {card.note or 'no reason recorded'}")
        else:
            show_table(["", *columns.values()], metric_rows(card.metrics, columns), title=heading(title, card))
    clicks = registry.card("clicks")
    say(f"Clicks in lists: {clicks.note if clicks else 'no model'}")


def heading(title: str, card: ModelCard) -> str:
    """Title with what it was judged on."""
    horizon = f"the next {card.horizon_days} days, " if card.horizon_days else ""
    return f"{title}, {horizon}trained on {len(card.cutoffs)} cut-offs, judged on a later one ({card.version})"


def metric_rows(metrics: Mapping[str, Any], columns: Mapping[str, str]) -> Sequence[tuple[object, ...]]:
    """A row for the model and one for each baseline, in that order."""
    known = [name for name in ROWS if isinstance(metrics.get(name), Mapping)]
    return [(ROWS[name], *(_number(metrics[name].get(column)) for column in columns)) for name in known]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None

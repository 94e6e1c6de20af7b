"""A model card in sentences, for readers who never trained a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestration.champions.kinds import kind_of
from orchestration.model_registry import ModelCard

COMPETITORS = {
    "model": "the model",
    "recency": "days since the last order alone",
    "previous_period": "the last equally long period",
    "mean": "the mean of everybody",
    "bg_nbd": "BG/NBD (classic purchase model)",
    "mbg_nbd": "MBG/NBD (classic purchase model)",
    "nbd": "NBD (classic purchase model)",
    "cohorts": "the model, mean of held-out cohorts",
    "everyone": "one answer for everybody",
    "own_gap": "the customer's own mean gap",
    "own_share": "the customer's own share",
    "position": "the place in the list alone",
    "rate": "one rate for everything",
    "popular": "the most popular",
}
MEANING = {
    "roc_auc": "how often somebody who left had the higher probability than somebody who stayed; 0.5 is guessing",
    "pr_auc": "how clean the list of likely leavers is, over its whole length",
    "click_auc": "how often an item that was clicked had the higher chance than one that was not; 0.5 is guessing",
    "log_loss": "surprise by what was clicked, a row; less is better",
    "brier": "mean squared error of the probabilities; less is better",
    "ece": "by how much promised and observed shares differ; less is better",
    "normalised_gini": "how well customers are put in order of their spend; 1 is perfect, 0 is chance",
    "spearman": "agreement of predicted and true ranks; 1 is perfect",
    "total_ratio": "predicted total over true total; 1 is right",
    "decile_error": "error of the totals of ten groups; less is better",
    "coverage": "share of customers whose figure lay within the range; 0.80 is promised",
    "silhouette": "how well apart groups are; 0.30 and more is good",
    "stability": "agreement of the groups when customers are drawn again; 0.80 and more is good",
    "week_hit_rate": "share of buyers whose week was named",
    "interval_score": "width of the window plus a fine for missing it; less is better",
    "top_3": "share of first categories among the three named",
    "ndcg": "how high up the list the right products stood; 1 is perfect",
    "seeker_auc": "how often a deal seeker had the higher probability",
}


def sentences(card: ModelCard) -> list[str]:
    """What the figures mean, a sentence each."""
    return [*_found(card), *_promises(card), *_order(card), *_beside(card), *_voices(card.evidence.get("voices", ()))]


def competitor(name: str) -> str:
    """A competitor in words."""
    return COMPETITORS.get(name, name.replace("_", " ").replace("/", ": "))


def _found(card: ModelCard) -> Iterator[str]:
    if card.name == "clicks" and card.note:
        yield f"Found: {card.note}."


def _promises(card: ModelCard) -> Iterator[str]:
    groups = card.evidence.get("calibration") or []
    if groups:
        promised, observed, *_ = groups[-1]
        yield (
            f"Promises: of the tenth of customers with the highest probability, {promised:.0%} were expected and "
            f"{observed:.0%} came true."
        )


def _order(card: ModelCard) -> Iterator[str]:
    tenths = card.evidence.get("deciles") or []
    if tenths:
        _, _, lift, share, _ = tenths[0]
        yield f"Order: the tenth with the highest scores holds {share:.0%} of everything, {lift:.1f} times the mean."


def _beside(card: ModelCard) -> Iterator[str]:
    shown = card.evidence.get("baselines") or {}
    rows: Sequence[Sequence[Any]] = shown.get("rows", ()) if kind_of(card.name).figure in MEANING else ()
    own = next((row for row in rows if row[0] == "model"), None)
    others = [row for row in rows if row[0] != "model" and "segments" not in str(row[0])]
    if own is None or not others:
        return
    best = max(others, key=lambda row: float(row[1]))
    noise = own[2] is not None and own[2] <= float(best[1]) <= own[3]
    verdict = "within noise of each other" if noise else "better" if own[1] > best[1] else "no better"
    yield f"Beside simple answers: {own[1]:.3f} against {best[1]:.3f} of {competitor(str(best[0]))}: {verdict}."


def _voices(voices: Sequence[Sequence[Any]]) -> Iterator[str]:
    if voices:
        loud = [f"{name} ({share:.0%})" for name, share, _ in voices[:3]]
        yield f"What speaks loudest: {', '.join(loud)}."


def meaning(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The metrics that appear, each with what it means."""
    rows = [row for row in metrics.values() if isinstance(row, Mapping)] or [metrics]
    names = dict.fromkeys(str(name) for row in rows for name in row)
    return [(name, MEANING[name]) for name in names if name in MEANING]

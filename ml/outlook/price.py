"""How much of what a customer buys next will be discounted, and how likely they are one of the deal seekers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from ml.champion import Twin
from ml.cutoffs import CutoffSplit, cutoff_dates, split_at
from ml.errors import NotTrainable
from ml.evaluation import brier, expected_calibration_error, roc_auc, spearman
from ml.outlook.category_rates import EVERYONE, segment_names

Floats = npt.NDArray[np.float64]

FILE: Final = "price.json"
# The segment's share counts as so many of a customer's own lines; on groceries 15, 50 and 150 ranked within 0.01.
PRIOR_LINES: Final = 50.0
# Fewer lines say more of chance than of the customer: neither a label nor a figure of one's own.
LEAST_LINES: Final = 5
SEEKERS: Final = 0.75
FEATURES: Final = ("own_share", "usual_share", "reaction", "depth")


@dataclass(frozen=True)
class PriceModel:
    """Linear in four shares; the last entry of each row of weights is the constant.

    Attributes:
        segments: discounted share of lines by segment, `everyone` among them.
        threshold: share from which a customer counts as a deal seeker: the upper quartile of the training labels.
        share_weights, seeker_weights: five entries; the second on the logit scale.
        metrics: figures of the judged twin by competitor.
    """

    horizon_days: int
    segments: Mapping[str, float]
    threshold: float
    share_weights: Sequence[float]
    seeker_weights: Sequence[float]
    cutoffs: Sequence[str]
    metrics: Mapping[str, Mapping[str, float]]
    twin: Twin | None = field(default=None, repr=False, compare=False)

    @property
    def features(self) -> Sequence[str]:
        """Columns of a frame that is asked about."""
        return ("n_lines", "cut_lines", "usual_lines", "timed_lines", "discount_share", "segment")

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Price sensitivity and the probability of seeking deals.

        Args:
            frame: n_lines, cut_lines (those discounted), usual_lines (how many would have been, had the customer met
                everybody else's share of each product), timed_lines (the same, in the very weeks they bought),
                discount_share (discount over list amounts) and segment, of the last 365 days.

        Returns:
            price_sensitivity (expected share of lines at a discount, 0 to 1), deal_seeker_probability (0 to 1), basis.
        """
        columns = with_constant(price_columns(frame, self.segments))
        odds = columns @ np.asarray(self.seeker_weights)
        own = frame["n_lines"].fillna(0).to_numpy(dtype=np.float64) >= LEAST_LINES
        known = [name for name in self.segments if name != EVERYONE]
        fallback = np.where(np.isin(segment_names(frame["segment"]).astype(str), known), "segment", EVERYONE)
        return pd.DataFrame(
            {
                "price_sensitivity": np.clip(columns @ np.asarray(self.share_weights), 0.0, 1.0),
                "deal_seeker_probability": 1.0 / (1.0 + np.exp(-np.clip(odds, -30, 30))),
                "basis": np.where(own, "own", fallback),
            },
            index=frame.index,
        )

    def files(self) -> dict[str, bytes]:
        """The model as one JSON file."""
        names = ("horizon_days", "segments", "threshold", "share_weights", "seeker_weights", "cutoffs", "metrics")
        return {FILE: json.dumps({name: getattr(self, name) for name in names}, sort_keys=True).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> PriceModel:
        """Read what `files` wrote."""
        document: dict[str, Any] = json.loads(files[FILE])
        return cls(**document)


def train_price(frame: pd.DataFrame, *, judge: pd.Timestamp, horizon_days: int) -> PriceModel:
    """Fit on earlier cut-offs, judge on a later one, refit on all.

    Args:
        frame: what `predict` reads, customer_id, as_of, later_lines and later_cut_lines (within the horizon; 0 where
            nothing was bought), previous_lines and previous_cut_lines (of the equal period before).

    Raises:
        NotTrainable: nothing, or everything, was sold at a discount; or too few customers.
    """
    lines, cut = float(frame["n_lines"].sum()), float(frame["cut_lines"].sum())
    if not 0 < cut < lines:
        raise NotTrainable(
            f"discounts: {cut:.0f} of {lines:.0f} lines were sold below their list price; some must be and some not: "
            "send list_price or discount_amount with order lines"
        )
    labelled = frame.assign(
        label=np.where(frame["later_lines"] >= LEAST_LINES, frame["later_cut_lines"] / frame["later_lines"], np.nan)
    )
    split = split_at(labelled, "label", judge, horizon_days)
    judged = _fitted(split.train, horizon_days, split.train_cutoffs, {})
    metrics = _compared(judged, split)
    seekers: Floats = np.asarray(split.judge["label"] >= judged.threshold, dtype=np.float64)
    guess = judged.predict(split.judge)["deal_seeker_probability"].to_numpy(dtype=np.float64)
    twin = Twin(judged, split.judge, seekers, {"model": guess})
    return replace(_fitted(split.everything, horizon_days, cutoff_dates(split.everything), metrics), twin=twin)


def row_scores(model: PriceModel, frame: pd.DataFrame, seekers: Floats) -> Floats:
    """Shape (rows, 2): absolute error of the share, and squared error of the probability of seeking deals."""
    guess = model.predict(frame)
    share, probability = (
        guess[name].to_numpy(dtype=np.float64) for name in ("price_sensitivity", "deal_seeker_probability")
    )
    return np.column_stack([np.abs(share - frame["label"].to_numpy(dtype=np.float64)), (probability - seekers) ** 2])


def price_columns(frame: pd.DataFrame, segments: Mapping[str, float]) -> Floats:
    """Shape (rows, 4): own share drawn towards the segment's, the usual share of what they buy, timing, depth."""
    n = frame["n_lines"].fillna(0).to_numpy(dtype=np.float64)
    everyone = segments[EVERYONE]
    prior = pd.Series(segment_names(frame["segment"])).map(segments).fillna(everyone).to_numpy(dtype=np.float64)
    drawn = {name: frame[name].fillna(0).to_numpy(dtype=np.float64) for name in ("cut_lines", "usual_lines")}
    timed = frame["timed_lines"].fillna(0).to_numpy(dtype=np.float64) - drawn["usual_lines"]
    weight = n + PRIOR_LINES
    depth = frame["discount_share"].fillna(0.0).to_numpy(dtype=np.float64)
    return np.column_stack(
        [
            (drawn["cut_lines"] + PRIOR_LINES * prior) / weight,
            (drawn["usual_lines"] + PRIOR_LINES * prior) / weight,
            timed / weight,
            np.clip(depth, 0.0, 1.0) * n / weight,
        ]
    )


def with_constant(columns: Floats) -> Floats:
    """The columns and one of ones."""
    return np.column_stack([columns, np.ones(len(columns))])


def _fitted(
    rows: pd.DataFrame, horizon_days: int, cutoffs: Sequence[str], metrics: Mapping[str, Mapping[str, float]]
) -> PriceModel:
    segments = segment_shares(rows)
    columns, label = price_columns(rows, segments), rows["label"].to_numpy(dtype=np.float64)
    # Some shares rest on five lines, some on five hundred; from a hundred on the customer's mood is what varies.
    weight = np.minimum(rows["later_lines"].to_numpy(dtype=np.float64), 100.0)
    scale = np.sqrt(weight)[:, None]
    shares = np.linalg.lstsq(with_constant(columns) * scale, label * scale[:, 0], rcond=None)[0]
    threshold = float(np.quantile(label, SEEKERS))
    seekers = label >= threshold
    if seekers.all():
        raise NotTrainable(f"discounted shares: all equal to {threshold:.2f}; there is nobody to tell apart")
    spread = np.maximum(columns.std(axis=0), 1e-6)
    fitted = LogisticRegression(C=1.0).fit(columns / spread, seekers)
    weights = [*(fitted.coef_[0] / spread), fitted.intercept_[0]]
    return PriceModel(
        horizon_days,
        segments,
        threshold,
        [float(value) for value in shares],
        [float(value) for value in weights],
        cutoffs,
        metrics,
    )


def segment_shares(rows: pd.DataFrame) -> dict[str, float]:
    """Discounted share of all lines, of everyone and of each segment (drawn towards everyone's by 50 lines)."""
    everyone = float(rows["cut_lines"].sum() / max(rows["n_lines"].sum(), 1))
    sums = rows.groupby(segment_names(rows["segment"]))[["cut_lines", "n_lines"]].sum()
    own = (sums["cut_lines"] + PRIOR_LINES * everyone) / (sums["n_lines"] + PRIOR_LINES)
    return {str(name): float(share) for name, share in own.items()} | {EVERYONE: everyone}


def _compared(model: PriceModel, split: CutoffSplit) -> dict[str, dict[str, float]]:
    """Beside the customer's own share of the year and of the last equal period, on the judging cut-off."""
    rows = split.judge
    label = rows["label"].to_numpy(dtype=np.float64)
    seekers = label >= model.threshold
    if seekers.all() or not seekers.any():
        raise NotTrainable(
            f"judging: {int(seekers.sum())} of {len(seekers)} customers are deal seekers; both are needed"
        )
    guess = model.predict(rows)
    rate = float((split.train["label"] >= model.threshold).mean())
    figures = {"model": _ranks(label, seekers, guess["price_sensitivity"])}
    probability = guess["deal_seeker_probability"]
    figures["model"] |= {
        "seeker_auc": roc_auc(seekers, probability),
        "seeker_brier": brier(seekers, probability),
        "seeker_calibration_error": expected_calibration_error(seekers, probability),
    }
    for name, cut, lines in (
        ("own_share", "cut_lines", "n_lines"),
        ("previous_period", "previous_cut_lines", "previous_lines"),
    ):
        share = (rows[cut] / rows[lines].where(rows[lines] > 0)).fillna(model.segments[EVERYONE])
        figures[name] = _ranks(label, seekers, share)
    figures["everyone"] = {"seeker_brier": brier(seekers, np.full(len(seekers), rate))}
    return figures


def _ranks(label: Floats, seekers: npt.NDArray[np.bool_], share: pd.Series) -> dict[str, float]:
    error = float(np.mean(np.abs(share.to_numpy(dtype=np.float64) - label)))
    return {"spearman": spearman(label, share), "absolute_error": error, "seeker_auc": roc_auc(seekers, share)}

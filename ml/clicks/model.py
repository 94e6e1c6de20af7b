"""The click model: which rows teach, what is refused, effects by segment, and how it judges later lists."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm
from sklearn.metrics import log_loss

from ml.clicks.design import Design, contrasts, design_of
from ml.clicks.fit import LEAST_CHANCE, Fit, fit_clicks
from ml.clicks.shrink import beyond_noise, draw_together
from ml.errors import NotTrainable
from ml.evaluation import roc_auc

Floats = npt.NDArray[np.float64]
FILE: Final = "clicks.json"
EVERYBODY: Final = "everybody"
LEAST_CLICKS: Final = 200
LEAST_PEOPLE: Final = 50
# A segment with fewer is told by everybody's effects alone.
LEAST_CLICKS_SEGMENT: Final = 100
LEAST_PEOPLE_SEGMENT: Final = 30
# The matrix of so many takes some 100 MB; more are thinned list by list.
MOST_ROWS: Final = 200_000
# The last quarter of the lists judges.
JUDGED: Final = 0.25
ALPHA: Final = 0.05
Z: Final = float(norm.ppf(1 - ALPHA / 2))
COLUMNS: Final = (
    "segment", "attribute", "attribute_rank", "attribute_strength", "level", "effect", "low", "high", "items_shown",
    "clicks", "is_beyond_noise",
)  # fmt: skip


@dataclass(frozen=True)
class ClickModel:
    """Effects by segment, and how the model did on later lists.

    Attributes:
        rows: one for each segment (everybody first), attribute and level, with the keys `COLUMNS`.
        left_out: attribute or segment → why it has no effects of its own.
    """

    rows: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, str]
    items: int

    @property
    def note(self) -> str:
        """What was found over everybody, then what was left out."""
        told = list(dict.fromkeys(str(row["attribute"]) for row in self.rows))
        found = {str(row["attribute"]) for row in self.rows if row["is_beyond_noise"]}
        quiet = [name for name in told if name not in found]
        parts = [f"clicks follow {', '.join(name for name in told if name in found)}"] if found else []
        parts += [f"no effect found beyond noise: {', '.join(quiet)}"] if quiet else []
        return "; ".join([*parts, *(f"{name}: {why}" for name, why in sorted(self.left_out.items()))])

    def files(self) -> dict[str, bytes]:
        """One JSON document."""
        return {FILE: json.dumps({"rows": list(self.rows)}, sort_keys=True, indent=1).encode()}


def rows_from(files: Mapping[str, bytes]) -> pd.DataFrame:
    """The effects that `ClickModel.files` wrote, with columns `COLUMNS`."""
    return pd.DataFrame(json.loads(files[FILE])["rows"], columns=list(COLUMNS))


def train_clicks(frame: pd.DataFrame, attributes: Sequence[str]) -> ClickModel:
    """Fit over everybody and in each segment, draw the segments together, judge on later lists.

    Args:
        frame: an item shown a row, in order of time: list_view, customer_id, segment (null: none), position (from 1),
            is_clicked, and each attribute as text (null: unknown).
        attributes: what may draw clicks.

    Effects are log-odds against the mean of the attribute's levels, at the same place of the list.

    Raises:
        NotTrainable: too few clicks, items without one, or people; or no attribute has two common levels.
    """
    frame = _thinned(frame)
    clicked = frame["is_clicked"].to_numpy(dtype=np.float64)
    people = pd.factorize(frame["customer_id"])[0].astype(np.int64)
    _refuse_few(clicked, people)
    design = design_of(frame, attributes)
    if not design.levels:
        raise NotTrainable(
            f"attributes: 0 of {len(attributes)} ({', '.join(attributes)}) have two levels that were shown often "
            "enough; at least 1 is needed"
        )
    matrix = design.matrix(frame)
    fits = {EVERYBODY: fit_clicks(matrix, clicked, people)}
    members, left_out = _segments(frame, clicked, people)
    fits |= {name: fit_clicks(matrix[own], clicked[own], people[own]) for name, own in members.items()}
    left_out |= {name: "no two levels that were shown often enough" for name in attributes if name not in design.levels}
    rows = _rows(design, fits, frame, {EVERYBODY: np.ones(len(frame), dtype=np.bool_), **members})
    return ClickModel(rows, _judged(frame, matrix, clicked, people, design), left_out, len(frame))


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    step = -(-len(frame) // MOST_ROWS) if len(frame) else 1
    kept: pd.DataFrame = frame.loc[pd.factorize(frame["list_view"])[0] % step == 0].reset_index(drop=True)
    return kept


def _refuse_few(clicked: Floats, people: npt.NDArray[np.int64]) -> None:
    clicks = int(clicked.sum())
    for what, count, least in (
        ("clicks on items shown in lists", clicks, LEAST_CLICKS),
        ("items shown and not clicked", len(clicked) - clicks, LEAST_CLICKS),
        ("people who were shown a list", len(np.unique(people)), LEAST_PEOPLE),
    ):
        if count < least:
            raise NotTrainable(f"{what}: {count}; at least {least} are needed")


def _segments(
    frame: pd.DataFrame, clicked: Floats, people: npt.NDArray[np.int64]
) -> tuple[dict[str, npt.NDArray[np.bool_]], dict[str, str]]:
    """Segment → its rows, for those that can be told apart; the others with the reason."""
    members, left_out = {}, {}
    for name in sorted(frame["segment"].dropna().astype(str).unique()):
        own = (frame["segment"].astype(str) == name).to_numpy(dtype=np.bool_)
        clicks, seen = int(clicked[own].sum()), len(np.unique(people[own]))
        if clicks < LEAST_CLICKS_SEGMENT or seen < LEAST_PEOPLE_SEGMENT:
            bounds = f"at least {LEAST_CLICKS_SEGMENT} of {LEAST_PEOPLE_SEGMENT} are needed"
            left_out[f"segment {name}"] = f"{clicks} clicks of {seen} people; {bounds}"
        else:
            members[name] = own
    return members, left_out


def _rows(
    design: Design, fits: Mapping[str, Fit], frame: pd.DataFrame, members: Mapping[str, npt.NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    names, found = list(fits), []
    codes, clicked = design.codes(frame), frame["is_clicked"].to_numpy(dtype=np.float64)
    for attribute, block in design.blocks().items():
        levels = design.levels[attribute]
        effect, variance = _level_effects([fits[name] for name in names], block, len(levels))
        drawn = draw_together(effect[1:], variance[1:])
        every = np.vstack([effect[:1], drawn.effect]), np.sqrt(np.vstack([variance[:1], drawn.variance]))
        for place, name in enumerate(names):
            own = codes[attribute][members[name]]
            shown = np.bincount(own[own >= 0], minlength=len(levels))
            clicks = np.bincount(own[own >= 0], clicked[members[name]][own >= 0], minlength=len(levels))
            found.append((name, attribute, levels, every[0][place], every[1][place], shown, clicks))
    sure = beyond_noise(np.concatenate([one[3] for one in found]), np.concatenate([one[4] for one in found]), ALPHA)
    rows, start = [], 0
    for name, attribute, levels, effect, error, shown, clicks in found:
        strength = _strength(effect, error, shown)
        rows += [
            {
                "segment": name,
                "attribute": attribute,
                "attribute_strength": strength,
                "level": level,
                "effect": float(effect[place]),
                "low": float(effect[place] - Z * error[place]),
                "high": float(effect[place] + Z * error[place]),
                "items_shown": int(shown[place]),
                "clicks": int(clicks[place]),
                "is_beyond_noise": bool(sure[start + place]),
            }
            for place, level in enumerate(levels)
        ]
        start += len(levels)
    return _ranked(rows, names)


def _level_effects(fits: Sequence[Fit], block: slice, levels: int) -> tuple[Floats, Floats]:
    coding = contrasts(levels)
    effect = np.array([coding @ fit.weights[block] for fit in fits])
    variance = np.array([np.diag(coding @ fit.covariance[block, block] @ coding.T) for fit in fits])
    return effect, variance


def _strength(effect: Floats, error: Floats, shown: npt.NDArray[np.int64]) -> float:
    """Standard deviation of the true effects over the items shown: what noise adds is taken off, so it may be 0."""
    share = shown / max(int(shown.sum()), 1)
    spread = float((share * effect**2).sum() - (share * effect).sum() ** 2)
    return float(np.sqrt(max(0.0, spread - float((share * error**2).sum()))))


def _ranked(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by segment, then the attribute that moves clicks most, then the level that draws most."""
    ranked = []
    for name in names:
        own = [row for row in rows if row["segment"] == name]
        strength = {str(row["attribute"]): float(row["attribute_strength"]) for row in own}
        order = sorted(strength, key=lambda one: (-strength[one], one))
        places = {attribute: place + 1 for place, attribute in enumerate(order)}
        told = [row | {"attribute_rank": places[str(row["attribute"])]} for row in own]
        ranked += sorted(told, key=lambda row: (row["attribute_rank"], -row["effect"], row["level"]))
    return ranked


def _judged(
    frame: pd.DataFrame, matrix: Floats, clicked: Floats, people: npt.NDArray[np.int64], design: Design
) -> dict[str, dict[str, float]]:
    """On the last quarter of the lists: attributes and places over everybody, places alone, and the plain rate."""
    views = pd.factorize(frame["list_view"])[0]
    later = views >= (1 - JUDGED) * (views.max() + 1)
    truth = clicked[later]
    if min(clicked[~later].sum(), truth.sum(), (1 - truth).sum()) < 1:
        return {}
    placed = matrix[:, design.width - design.places + 1 :]
    guesses = {
        "model": fit_clicks(matrix[~later], clicked[~later], people[~later]).chance(matrix[later]),
        "position": (
            fit_clicks(placed[~later], clicked[~later], people[~later]).chance(placed[later])
            if placed.shape[1]
            else np.full(len(truth), clicked[~later].mean())
        ),
        "rate": np.full(len(truth), clicked[~later].mean()),
    }
    return {
        who: {"click_auc": roc_auc(truth, guess), "log_loss": float(log_loss(truth, np.clip(guess, LEAST_CHANCE, 1)))}
        for who, guess in guesses.items()
    }

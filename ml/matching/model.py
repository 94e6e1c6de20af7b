"""The matching model: Splink's weights for each level of likeness, trained without labels; one comes with the code."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from ml.errors import NotTrainable
from ml.matching.comparisons import settings
from ml.matching.frames import compared_records
from ml.matching.quiet import quiet_splink

MOST_RECORDS: Final = 200_000
"""More teach nothing new; that many are drawn."""

FEWEST_RECORDS: Final = 1_000
"""Below this a shop's own records teach less than the model that comes with the code knows."""

RANDOM_PAIRS: Final = 1_000_000
LIKELY_PAIRS: Final = 200_000
_ANCHORS: Final = (("birth_date",), ("email",), ("phone",), ("given", "family"))
_SEED: Final = 1

Model = dict[str, Any]
"""Splink settings with trained weights, as JSON holds them."""


@cache
def _shipped() -> str:
    return Path(__file__).with_name("model.json").read_text(encoding="utf-8")


def default_model() -> Model:
    """The model that comes with the code; MODEL.md says what it was trained on."""
    model: Model = json.loads(_shipped())
    return model


class Weights(NamedTuple):
    """How often one person's records (m) and strangers' (u) show a level of likeness."""

    m: float
    u: float

    @property
    def odds(self) -> float:
        """What the level multiplies the odds of a pair by."""
        return self.m / self.u


def level_weights(model: Model, comparison: str, level: str) -> Weights:
    """The weights of one level, by its names in `comparisons`."""
    levels = next(one for one in model["comparisons"] if one["output_column_name"] == comparison)["comparison_levels"]
    found = next(one for one in levels if one["label_for_charts"] == level)
    return Weights(found["m_probability"], found["u_probability"])


def check_model(model: Model) -> Model:
    """The model itself, when it compares what this version compares.

    Raises:
        ValueError: it was trained with other comparisons and has to be trained again.
    """
    if _conditions(model) != _conditions(settings()):
        raise ValueError("the matching model was trained with other comparisons than this version's: train it again")
    return model


def train_model(records: pd.DataFrame, start: Model | None = None, random_pairs: int = RANDOM_PAIRS) -> Model:
    """Weights learnt from records without labels, by Splink's expectation maximisation.

    How often strangers agree is counted on random pairs, how often one person's records agree is estimated among
    pairs that share an anchor (birth date, e-mail, phone, both names). What the records do not show, such as e-mails
    where there are none, keeps the weights of `start`.

    Args:
        records: identifier_key, received_at and role columns, as `match_records` takes them.
        start: model to begin with; the default one unless given.
        random_pairs: how many random pairs are compared.

    Raises:
        NotTrainable: fewer than `FEWEST_RECORDS` records.
    """
    if len(records) < FEWEST_RECORDS:
        raise NotTrainable(f"{len(records)} records with names or addresses; {FEWEST_RECORDS} are needed")
    drawn = records.sample(n=min(len(records), MOST_RECORDS), random_state=_SEED)
    return fit(compared_records(drawn), check_model(start or default_model()), random_pairs)


def fit(compared: pd.DataFrame, start: Model, random_pairs: int) -> Model:
    """Train on records made ready by `compared_records`; `start` may be settings without weights."""
    from splink import DuckDBAPI, Linker, block_on

    with quiet_splink():
        api = DuckDBAPI()
        linker = Linker(api.register(compared), start, log_level=None)
        linker.training.estimate_u_using_random_sampling(max_pairs=random_pairs, seed=_SEED)
        for anchor in _ANCHORS:
            if compared.dropna(subset=anchor).duplicated(anchor).any():
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*anchor), max_pairs=LIKELY_PAIRS
                )
        fitted: Model = linker.misc.save_model_to_json()
    return _completed(fitted, start)


def _completed(fitted: Model, start: Model) -> Model:
    """The fitted model; levels that no pair showed keep the weights they had."""
    model = {**fitted, "linker_uid": "matching"}
    for comparison, before in zip(model["comparisons"], start["comparisons"], strict=True):
        for level, old in zip(comparison["comparison_levels"], before["comparison_levels"], strict=True):
            for weight in ("m_probability", "u_probability"):
                if weight not in level and weight in old:
                    level[weight] = old[weight]
    return model


def _conditions(model: Model) -> list[tuple[str, list[str]]]:
    return [
        (comparison["output_column_name"], [level["sql_condition"] for level in comparison["comparison_levels"]])
        for comparison in model["comparisons"]
    ]

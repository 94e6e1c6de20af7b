"""Logged exposures one by one, with plain types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pandas as pd

Row = Mapping[str, float]
# Logged propensities come through a decimal of nine digits.
SAME = 1e-6
_ROWS = msgspec.json.Decoder(dict[str, float])
_NAMES = msgspec.json.Decoder(list[str])


class Entry(NamedTuple):
    """One exposure as it was logged. `key` is `name/version` of its experiment, `row` the probabilities of its arms;
    propensities are NaN where the log has none."""

    name: str
    action: str
    arm: str
    key: str
    experiment: str
    segment: int | None
    bucket: str
    propensity: float
    conditional: float
    row: Row | None
    eligible: list[str] | None

    @property
    def is_hybrid(self) -> bool:
        """Whether rules had a share of the traffic, so that its propensity is not its arm's."""
        return abs(self.conditional - self.propensity) > SAME


def entries(frame: pd.DataFrame) -> Iterator[Entry]:
    """Rows of `rewards.exposures`, in order."""
    for record in frame.to_dict("records"):
        told = {str(name): _plain(value) for name, value in record.items()}
        version, experiment = int(told["experiment_version"] or 0), str(told["experiment"] or "")
        yield Entry(
            str(told["personalization_id"]),
            str(told["action"]),
            str(told["arm"] or ""),
            f"{experiment}/{version}",
            experiment,
            None if told["segment_id"] is None else int(told["segment_id"]),
            str(told["context_bucket"] or "any"),
            _number(told["propensity"]),
            _number(told["conditional_propensity"]),
            _row(told["probabilities"]),
            _names(told["eligible"]),
        )


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _row(text: str | None) -> Row | None:
    try:
        return _ROWS.decode(text) if text else None
    except msgspec.DecodeError:
        return None


def _names(text: str | None) -> list[str] | None:
    try:
        return _NAMES.decode(text) if text else None
    except msgspec.DecodeError:
        return None

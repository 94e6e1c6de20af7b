"""Evidence about identifiers: the frames a caller brings, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from ml.identity.schema import IDENTIFIER_TYPES, TIME

_TABLES: Final[dict[str, dict[str, str]]] = {
    "identifiers": {
        "identifier_key": "int64",
        "type": "str",
        "value_hash": "str",
        "first_seen_at": TIME,
        "last_seen_at": TIME,
        "first_received_at": TIME,
    },
    "pairs": {
        "a_key": "int64",
        "b_key": "int64",
        "rule": "str",
        "source": "str",
        "kind": "str",
        "weight": "float64",
        "first_seen_at": TIME,
        "last_seen_at": TIME,
        "first_received_at": TIME,
        "last_received_at": TIME,
        "n_observed": "int64",
    },
    "claims": {
        "identifier_key": "int64",
        "owner_key": "int64",
        "claim_date": TIME,
        "first_received_at": TIME,
        "n_observed": "int64",
    },
    "flags": {"identifier_key": "int64", "status": "str", "reason": "str", "received_at": TIME},
    "vetoes": {"a_key": "int64", "b_key": "int64", "reason": "str", "received_at": TIME},
    "overrides": {
        "a_key": "int64",
        "b_key": "int64",
        "kind": "str",
        "actor": "str",
        "reason": "str",
        "created_at": TIME,
    },
    "erased": {"identifier_key": "int64", "erased_at": TIME},
}
# Columns that may be left out → the column that stands in for them.
_STAND_INS: Final = {
    "identifiers": {"first_received_at": "first_seen_at"},
    "pairs": {"first_seen_at": "first_received_at", "last_seen_at": "last_received_at"},
}
_CHOICES: Final = {
    ("identifiers", "type"): IDENTIFIER_TYPES,
    ("pairs", "kind"): ("deterministic", "probabilistic"),
    ("flags", "status"): ("shared", "blocked"),
    ("overrides", "kind"): ("must_link", "cannot_link"),
}
_KEYS_OF_TWO: Final = ("a_key", "b_key")


def _none(name: str) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in _TABLES[name].items()})


@dataclass(frozen=True)
class Evidence:
    """Everything known about a closed group of identifiers; rows in any order, times in UTC.

    Attributes:
        identifiers: identifier_key, type, value_hash, first_seen_at, last_seen_at, first_received_at (default:
            first_seen_at). One row a key.
        pairs: seen or judged together: a_key, b_key, rule, source, first_received_at, last_received_at, n_observed,
            and by default kind 'deterministic' (or 'probabilistic'), weight 1.0 (in (0, 1]), first_seen_at and
            last_seen_at (those of reception). One row a pair, rule and source.
        claims: identifier_key, owner_key, claim_date (midnight), first_received_at, n_observed: an owner (login,
            loyalty id, e-mail, phone, record) seen with the identifier on that day.
        flags: identifier_key, status ('shared' or 'blocked'), reason, received_at.
        vetoes: a_key, b_key, reason, received_at: no probable link may bring these two together.
        overrides: a_key, b_key, kind ('must_link' or 'cannot_link'), actor, reason, created_at. A later one about the
            same two ends the earlier.
        erased: identifier_key, erased_at.

    Rows of the last five frames that name an unknown identifier have no effect: what was erased is no longer listed.
    """

    identifiers: pd.DataFrame
    pairs: pd.DataFrame
    claims: pd.DataFrame = field(default_factory=lambda: _none("claims"))
    flags: pd.DataFrame = field(default_factory=lambda: _none("flags"))
    vetoes: pd.DataFrame = field(default_factory=lambda: _none("vetoes"))
    overrides: pd.DataFrame = field(default_factory=lambda: _none("overrides"))
    erased: pd.DataFrame = field(default_factory=lambda: _none("erased"))

    def checked(self) -> Evidence:
        """The same evidence with declared columns and types only, without rows about unknown identifiers.

        Raises:
            ValueError: a column is missing, a value is not one of its choices, a weight is outside (0, 1], a key
                occurs twice, or a pair names a stranger.
        """
        frames = {name: _typed(name, getattr(self, name)) for name in _TABLES}
        known = frames["identifiers"]["identifier_key"]
        if known.duplicated().any():
            raise ValueError(f"identifiers.identifier_key: {known[known.duplicated()].iloc[0]} occurs more than once")
        for name in _KEYS_OF_TWO:
            stray = frames["pairs"].loc[~frames["pairs"][name].isin(known), name]
            if len(stray):
                raise ValueError(f"pairs.{name}: {stray.iloc[0]} is not among the {len(known)} identifiers")
        weights = frames["pairs"]["weight"]
        if len(weights) and not ((weights > 0) & (weights <= 1)).all():
            raise ValueError(f"pairs.weight: between {weights.min()} and {weights.max()}, needed are values in (0, 1]")
        for name in ("claims", "flags", "vetoes", "overrides", "erased"):
            frames[name] = _about_known(frames[name], known)
        return Evidence(**frames)


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    defaults: dict[str, object] = {"kind": "deterministic", "weight": 1.0} if name == "pairs" else {}
    columns: dict[str, pd.Series] = {}
    for column, dtype in _TABLES[name].items():
        given = _column(frame, column, name, defaults)
        columns[column] = _utc(given) if dtype == TIME else given.astype(pd.api.types.pandas_dtype(dtype))
        choices = _CHOICES.get((name, column))
        if choices is not None:
            _require_choice(columns[column], choices, f"{name}.{column}")
    return pd.DataFrame(columns).reset_index(drop=True)


def _column(frame: pd.DataFrame, column: str, name: str, defaults: dict[str, object]) -> pd.Series:
    if column in frame.columns:
        return frame[column]
    if column in defaults:
        return pd.Series(defaults[column], index=frame.index)
    stand_in = _STAND_INS.get(name, {}).get(column, column)
    if stand_in not in frame.columns:
        raise ValueError(f"{name}.{column}: the column is missing; needed are {', '.join(_TABLES[name])}")
    return frame[stand_in]


def _utc(times: pd.Series) -> pd.Series:
    """UTC instants; naive ones are taken as UTC."""
    return pd.to_datetime(times, utc=True).astype(TIME)


def _require_choice(values: pd.Series, choices: tuple[str, ...], name: str) -> None:
    unknown = sorted(set(values.unique()) - set(choices))
    if unknown:
        raise ValueError(f"{name}: {unknown[0]!r} is not one of {', '.join(choices)}")


def _about_known(frame: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
    keep = np.ones(len(frame), dtype=np.bool_)
    for name in ("a_key", "b_key", "identifier_key", "owner_key"):
        if name in frame.columns and len(frame):
            keep &= np.isin(frame[name].to_numpy(), known.to_numpy())
    return frame.loc[keep].reset_index(drop=True)

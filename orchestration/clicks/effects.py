"""The click model with the names of its segments, and rows of `ml.click_effect`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ml.clicks import EVERYBODY, ClickModel
from ml.clicks.model import rows_from
from orchestration.model_registry import StoredModel
from orchestration.warehouse_schema import source_table

MODEL: Final = "clicks"
TABLE: Final = "ml.click_effect"
NAMES: Final = "segments.json"


@dataclass(frozen=True)
class NamedClicks:
    """A click model, and the names its segments had when it was trained."""

    model: ClickModel
    names: Mapping[str, str]

    def files(self) -> dict[str, bytes]:
        """The model's file and the names."""
        return {**self.model.files(), NAMES: json.dumps(dict(self.names), sort_keys=True, indent=1).encode()}


def effect_rows(stored: StoredModel, as_of: pd.Timestamp) -> pd.DataFrame:
    """Rows of `ml.click_effect` from a stored version."""
    rows, names = rows_from(stored.files), json.loads(stored.files[NAMES])
    named = [EVERYBODY if name == EVERYBODY else names.get(name, name) for name in rows["segment"]]
    stamped = rows.assign(segment_name=named, as_of=as_of, model_version=stored.card.version)
    return stamped.reindex(columns=list(source_table(TABLE).column_names))

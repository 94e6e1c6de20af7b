"""Which attribute leads, out of the effects that are beyond noise."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from orchestration.clicks.drivers import click_drivers
from orchestration.clicks.effects import TABLE
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import source_table

# segment, attribute, rank, level, beyond noise
EFFECTS = [
    ("everybody", "brand", 2, "own", True),
    ("everybody", "brand", 2, "others", True),
    ("everybody", "fit", 1, "loose", False),
    ("0", "fit", 1, "loose", False),
    ("0", "colour", 3, "red", True),
    ("0", "brand", 2, "own", True),
    ("1", "colour", 1, "red", False),
]


def test_the_strongest_attribute_beyond_noise_leads(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    assert click_drivers(warehouse).by_segment == {}
    frame = pd.DataFrame(EFFECTS, columns=["segment", "attribute", "attribute_rank", "level", "is_beyond_noise"])
    rows = frame.assign(attribute_strength=1.0 / frame["attribute_rank"])
    warehouse.replace({TABLE: rows.reindex(columns=list(source_table(TABLE).column_names))})
    # Fit is ranked first and may be noise; of segment 1 nothing is beyond it.
    assert click_drivers(warehouse).by_segment == {"everybody": "brand", "0": "brand"}

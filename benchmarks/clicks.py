"""How near the click model comes to the simulation's planted effects, over everybody and by segment.

`python -m benchmarks.clicks --data DIR` reads a finished demo folder: `ml.click_effect`, who was shown what in
`marts.fct_impression`, and the tastes in `truth/`. The result of the demo is recorded in docs/clicks.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmarks.incentives import people_of
from orchestration.warehouse import Warehouse

EFFECTS = "select * from ml.click_effect order by segment, attribute_rank, level"
SHOWN = """
    select items.customer_id, cast(assigned.persona_id as varchar) as segment, count(*) as items
    from marts.fct_impression as items left join ml.segment_assignment as assigned using (customer_id)
    where items.customer_id is not null group by all order by all
"""
STRONG = 0.2


def main() -> None:
    """Print a line a segment, and the levels of everybody."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a finished data folder of the demo")
    parser.add_argument("--region", default="US", help="region that phone numbers were read with")
    asked = parser.parse_args()
    warehouse = Warehouse(asked.data / "warehouse.duckdb")
    effects, shown = warehouse.frame(EFFECTS), warehouse.frame(SHOWN)
    tastes = pd.read_parquet(asked.data / "truth" / "click_tastes.parquet").set_index("person_id")["taste"]
    planted = pd.read_parquet(asked.data / "truth" / "click_effects.parquet")
    shown = shown.assign(taste=shown["customer_id"].map(people_of(asked.data, asked.region)).map(tastes))
    for name, rows in effects.groupby("segment", sort=False):
        own = shown if name == "everybody" else shown[shown["segment"] == name]
        print(_compared(f"{rows['segment_name'].iloc[0]}", rows, own.groupby("taste")["items"].sum(), planted))
    everybody = effects[effects["segment"] == "everybody"]
    columns = ["attribute", "attribute_strength", "level", "effect", "low", "high", "items_shown", "is_beyond_noise"]
    print(everybody[columns].round(3).to_string(index=False))


def _compared(name: str, rows: pd.DataFrame, items: pd.Series, planted: pd.DataFrame) -> str:
    """Rank correlation, signs and bounds against the mean of the tastes of who was shown the items."""
    share = items / items.sum()
    weighted = planted.assign(effect=planted["effect"] * planted["taste"].map(share).fillna(0.0))
    mean = weighted.groupby(["attribute", "level"])["effect"].sum()
    told = rows.set_index(["attribute", "level"])
    truth = mean.reindex(told.index).fillna(0.0)
    truth = truth - truth.groupby(level=0).transform("mean")
    tested = told.index.get_level_values("attribute") != "category"
    strong = tested & (truth.abs() >= STRONG).to_numpy()
    right = np.sign(truth[strong]) == np.sign(told.loc[strong, "effect"])
    within = (told["low"] <= truth) & (truth <= told["high"])
    sure = told["is_beyond_noise"].astype(bool)
    return (
        f"{name}: rank correlation {spearmanr(truth[tested], told.loc[tested, 'effect']).statistic:.2f}, "
        f"signs of strong effects {int(right.sum())} of {len(right)}, truth within bounds {int(within.sum())} of "
        f"{len(within)}, beyond noise {int(sure.sum())}, of them wrong {int((sure & ~_same_sign(truth, told)).sum())}"
    )


def _same_sign(truth: pd.Series, told: pd.DataFrame) -> pd.Series:
    return np.sign(truth) == np.sign(told["effect"])


if __name__ == "__main__":
    main()

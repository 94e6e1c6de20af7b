"""How much of the best possible gain the recommended incentives reach, by the simulation's planted truth.

`python -m benchmarks.incentives --data DIR` reads a finished demo folder: `ml.incentive_uplift`, and who would have
done what in `truth/`. The result of the demo is recorded in docs/incentives.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths
from orchestration.warehouse import Warehouse

ASSIGNED = """
    select i.type, i.value_hash, a.canonical_id as customer_id from identity.identity_assignment as a
    inner join identity.identifier as i using (identifier_key)
    where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
    order by i.type, i.value_hash
"""
UPLIFT = "select * from ml.incentive_uplift order by customer_id, arm"


def main() -> None:
    """Print the gains and how the bounds did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a finished data folder of the demo")
    parser.add_argument("--region", default="US", help="region that phone numbers were read with")
    asked = parser.parse_args()
    rows = Warehouse(asked.data / "warehouse.duckdb").frame(UPLIFT)
    person = people_of(asked.data, asked.region)
    known = rows.assign(person_id=rows["customer_id"].map(person)).dropna(subset=["person_id"])
    truth = pd.read_parquet(asked.data / "truth" / "potential_outcomes.parquet")
    both = known.merge(truth, on=["person_id", "arm"], validate="many_to_one")
    print("\n".join([*_gains(both), *_bounds(both)]))


def people_of(data: Path, region: str) -> pd.Series:
    """Person of each customer, by login or card."""
    truth = pd.read_parquet(data / "truth" / "identifiers.parquet").dropna(subset=["person_id"])
    own = truth[truth["type"].isin(["login", "loyalty_id"])]
    key = identifier_key_bytes(DataPaths(data))
    pairs = zip(own["type"], own["value_clear"], strict=True)
    hashed = own.assign(value_hash=[hash_identifier(key, kind, value, region) for kind, value in pairs])
    assigned = Warehouse(data / "warehouse.duckdb").frame(ASSIGNED)
    found = hashed.merge(assigned, on=["type", "value_hash"]).drop_duplicates("customer_id")
    return found.set_index("customer_id")["person_id"]


def _gains(both: pd.DataFrame) -> list[str]:
    by_arm = both.pivot_table(index="customer_id", columns="arm", values="margin_amount")
    chosen = float(both.loc[both["is_recommended"], "margin_amount"].mean())
    nothing, best = float(by_arm["none"].mean()), float(by_arm.max(axis=1).mean())
    one = float(by_arm.mean().max())
    lines = [
        f"{len(by_arm)} customers, margin an offer: " + ", ".join(f"{a} {v:.3f}" for a, v in by_arm.mean().items())
    ]
    lines.append(f"recommended {chosen:.3f}, best arm for each {best:.3f}, best arm for all {one:.3f}")
    return [*lines, f"share of the best possible gain: {(chosen - max(nothing, one)) / (best - max(nothing, one)):.2f}"]


def _bounds(both: pd.DataFrame) -> list[str]:
    """Whether mean effects of groups of equal prediction lie within their mean bounds."""
    none = both[both["arm"] == "none"].set_index("customer_id")["margin_amount"]
    lines = []
    for arm, rows in both[both["arm"] != "none"].groupby("arm"):
        effect = rows["margin_amount"].to_numpy() - none.reindex(rows["customer_id"]).to_numpy()
        order = np.argsort(rows["margin_uplift"].to_numpy(), kind="stable")
        for place, part in enumerate(np.array_split(order, 5), start=1):
            group = rows.iloc[part][["margin_low", "margin_uplift", "margin_high"]].mean()
            lines.append(
                f"{arm}, fifth {place}: predicted {group['margin_uplift']:.2f} "
                f"({group['margin_low']:.2f} to {group['margin_high']:.2f}), true {effect[part].mean():.2f}"
            )
    return lines


if __name__ == "__main__":
    main()

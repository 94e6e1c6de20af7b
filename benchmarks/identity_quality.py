"""Quality of identity resolution on companies full of hard cases: simulate, gather evidence, match, resolve, compare.

The reference of the same run is what a perfect reader of the same files could reach (`simulation.identity.ceiling`).
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.identity_evidence import Files, gathered, truth_keys
from ml.identity import resolve
from ml.match_quality import MatchQuality, match_quality
from ml.matching import match_records, train_model
from simulation.identity.write import read_ceiling, write_identity_company

PEOPLE = (12_000, 40_000, 100_000)
DAYS, SEED = 120, 20_170_101


def assigned_customers(assignment: pd.DataFrame) -> pd.Series:
    """Customer of each identifier as believed at the end, by key; of a shared one its last owner."""
    now = assignment.loc[assignment["system_to"] == assignment["system_to"].max()]
    now = now.sort_values(["identifier_key", "valid_from"]).drop_duplicates("identifier_key", keep="last")
    return now.set_index("identifier_key")["canonical_id"]


def quality(customers: pd.Series, items: pd.DataFrame) -> MatchQuality:
    """Agreement over the identifiers that one person alone shows."""
    sessions = pd.DataFrame({"session_id": items["key"], "customer_id": items["key"].map(customers)})
    truth = pd.DataFrame({"session_id": items["key"], "person_id": items["person_id"], "is_bot": False})
    return match_quality(sessions, truth)


def by_case(customers: pd.Series, items: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """B-cubed precision and recall over the identifiers of people in each case, judged against everybody's."""
    cells = items.assign(customer=items["key"].map(customers).astype(object))
    cells["customer"] = cells["customer"].fillna("alone " + cells["key"].astype(str))
    both = cells.groupby(["customer", "person_id"], sort=False)["key"].transform("size")
    cells["precision"] = both / cells.groupby("customer", sort=False)["key"].transform("size")
    cells["recall"] = both / cells.groupby("person_id", sort=False)["key"].transform("size")
    joined = cells.merge(cases, on="person_id")
    figures = joined.groupby("case").agg(
        people=("person_id", "nunique"), precision=("precision", "mean"), recall=("recall", "mean")
    )
    return figures.sort_values("precision")


def measure(people: int, show_cases: bool) -> MatchQuality:
    """Simulate, resolve, print; returns the quality."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_identity_company(root / "landing", root / "truth", people, DAYS, SEED)
        ceiling = read_ceiling(root / "truth")
        cases = pd.read_parquet(root / "truth" / "cases.parquet")
        truth = truth_keys(pd.read_parquet(root / "truth" / "identifiers.parquet"))
        files = Files(root / "sources")
    start = time.process_time()
    model = train_model(files.records)
    trained = time.process_time()
    matches = match_records(files.records, model)
    matched = time.process_time()
    evidence = gathered(files, matches)
    ready = time.process_time()
    resolution = resolve(evidence)
    done = time.process_time()
    owned = truth.dropna(subset=["person_id"])
    items = owned.loc[~owned["key"].duplicated(keep=False)]
    customers = assigned_customers(resolution.assignment)
    found = quality(customers, items)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{people:,} people: {len(evidence.identifiers):,} identifiers, {len(evidence.pairs):,} pairs")
    print(
        f"CPU s: training {trained - start:.1f}, matching {matched - trained:.1f}, evidence {ready - matched:.1f},"
        f" ledger {done - ready:.1f}; peak {peak:,.0f} MiB"
    )
    for name, ours, best in (
        ("pairwise", found.pairwise_f1, ceiling.pairwise_f1),
        ("B-cubed", found.bcubed_f1, ceiling.bcubed_f1),
    ):
        print(f"{name} F1 {ours:.4f}, within reach {best:.4f}, share {ours / best:.4f}")
    print(f"pairwise precision {found.pairwise_precision:.4f}, recall {found.pairwise_recall:.4f}")
    print(f"B-cubed precision {found.bcubed_precision:.4f}, recall {found.bcubed_recall:.4f}")
    print(f"over-merged profiles {found.over_merged_share:.4f}, most people in one {found.largest_mix}")
    if show_cases:
        print(by_case(customers, items, cases).to_string(float_format="{:.4f}".format))
    return found


def main() -> None:
    """Measure each size in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="*", default=PEOPLE)
    parser.add_argument("--cases", action="store_true", help="precision and recall by hard case")
    chosen = parser.parse_args()
    found = [measure(people, chosen.cases) for people in chosen.people]
    fall = found[0].pairwise_precision - found[-1].pairwise_precision
    print(f"\nprecision falls by {100 * fall:.2f} points from {chosen.people[0]:,} to {chosen.people[-1]:,} people")


if __name__ == "__main__":
    main()

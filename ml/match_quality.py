"""How well sessions were given to people, measured against a known truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class MatchQuality:
    """Agreement of assigned customers with real people over human sessions.

    Attributes:
        sessions: human sessions compared.
        match_rate: share of them with a customer.
        pairwise_*: over pairs of sessions: given to one customer, and of one person.
        bcubed_*: the same question asked session by session (Bagga and Baldwin 1998), so that large people do not
            dominate.
        over_merged_share: share of customers whose sessions come from more than one person.
        largest_mix: most people found in one customer.
        fragmentation: customers a person is spread over, on average.
    """

    sessions: int
    match_rate: float
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    over_merged_share: float
    largest_mix: int
    fragmentation: float


def match_quality(sessions: pd.DataFrame, truth: pd.DataFrame) -> MatchQuality:
    """Compare sessions with the truth; bots and sessions unknown to the truth are left out.

    Args:
        sessions: session_id, customer_id (null: given to nobody; each such session then stands alone).
        truth: session_id, person_id, is_bot.

    Raises:
        ValueError: no human session is on both sides.
    """
    people = truth.loc[~truth["is_bot"].astype(bool) & truth["person_id"].notna(), ["session_id", "person_id"]]
    both = sessions[["session_id", "customer_id"]].drop_duplicates("session_id").merge(people, on="session_id")
    if both.empty:
        raise ValueError(f"truth: none of {len(sessions)} sessions is a human session of the {len(truth)} known ones")
    matched = both["customer_id"].notna()
    alone = "session " + both["session_id"].astype(str)
    customer = both["customer_id"].astype("object").where(matched, alone).astype(str)
    cells = pd.DataFrame({"customer": customer, "person": both["person_id"].astype(str)})
    table = cells.groupby(["customer", "person"], sort=True).size().rename("n").reset_index()
    return _measures(table, float(matched.mean()))


@dataclass(frozen=True)
class PartitionQuality:
    """Agreement of customers with people over identifiers.

    Attributes:
        identifiers: identifiers compared.
        pairwise_*: over pairs of identifiers: given to one customer, and of one person.
        bcubed_*: the same question asked identifier by identifier (Bagga and Baldwin 1998).
        over_merged_share: share of customers whose identifiers come from more than one person.
        largest_mix: most people found in one customer.
        fragmentation: customers a person is spread over, on average.
    """

    identifiers: int
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    over_merged_share: float
    largest_mix: int
    fragmentation: float


def partition_quality(assigned: pd.Series, truth: pd.Series) -> PartitionQuality:
    """Compare two partitions of identifiers; those unknown to the truth are left out.

    Args:
        assigned: identifier key → customer; null or missing: given to nobody, each such identifier then stands alone.
        truth: identifier key → person, each key once.

    Raises:
        ValueError: a key occurs twice, or no identifier of the truth has a person.
    """
    for name, series in (("assigned", assigned), ("truth", truth)):
        if not series.index.is_unique:
            raise ValueError(f"{name}: key {series.index[series.index.duplicated()][0]} occurs more than once")
    person = truth.dropna()
    if person.empty:
        raise ValueError(f"truth: none of {len(truth)} identifiers has a person")
    given = assigned.reindex(person.index)
    alone = pd.Series("identifier " + person.index.astype(str), index=person.index)
    customer = given.astype("object").where(given.notna(), alone).astype(str)
    cells = pd.DataFrame({"customer": customer, "person": person.astype(str)})
    table = cells.groupby(["customer", "person"], sort=True).size().rename("n").reset_index()
    found = asdict(_measures(table, 1.0))
    return PartitionQuality(found.pop("sessions"), **{name: found[name] for name in found if name != "match_rate"})


def _measures(table: pd.DataFrame, match_rate: float) -> MatchQuality:
    n = table["n"].to_numpy(dtype=np.float64)
    customers = table.groupby("customer")["n"].agg(["sum", "size"])
    people = table.groupby("person")["n"].agg(["sum", "size"])
    in_customer = table["customer"].map(customers["sum"]).to_numpy(dtype=np.float64)
    of_person = table["person"].map(people["sum"]).to_numpy(dtype=np.float64)
    common = _pairs(n)
    precision = _share(common, _pairs(customers["sum"].to_numpy(dtype=np.float64)))
    recall = _share(common, _pairs(people["sum"].to_numpy(dtype=np.float64)))
    bcubed_precision = float((n * n / in_customer).sum() / n.sum())
    bcubed_recall = float((n * n / of_person).sum() / n.sum())
    return MatchQuality(
        sessions=int(n.sum()),
        match_rate=match_rate,
        pairwise_precision=precision,
        pairwise_recall=recall,
        pairwise_f1=_harmonic(precision, recall),
        bcubed_precision=bcubed_precision,
        bcubed_recall=bcubed_recall,
        bcubed_f1=_harmonic(bcubed_precision, bcubed_recall),
        over_merged_share=float((customers["size"] > 1).mean()),
        largest_mix=int(customers["size"].max()),
        fragmentation=float(people["size"].mean()),
    )


def _pairs(sizes: np.ndarray) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _share(part: float, whole: float) -> float:
    """1 where there is nothing to get wrong."""
    return part / whole if whole > 0 else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b > 0 else 0.0

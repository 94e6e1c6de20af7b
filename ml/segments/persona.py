"""Persona cards: who a segment is, how sure we are, and what to do for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ml.preprocess import numbers
from ml.segments.model import SegmentModel
from ml.segments.naming import QUALIFIERS, base_name, unique_names

TOP_CATEGORIES = 3
# A category below 2 % of a segment's spend may have any lift by chance and sells little.
CATEGORY_SHARE = 0.02
EVIDENCE_ROWS = 12
# What may tell segments apart beside the model's own columns.
DESCRIBING: Final = (*QUALIFIERS, "mean_order_gap_days")


@dataclass(frozen=True)
class Evidence:
    """One thing that sets a segment apart: its mean, everybody's mean, and their distance in standard deviations."""

    feature: str
    mean: float
    overall_mean: float
    standardised_difference: float


@dataclass(frozen=True)
class PersonaCard:
    """A segment for people: name, size (customers and share), reasons, categories, suggested treatment."""

    segment_id: int
    name: str
    description: str
    customers: int
    share: float
    evidence: tuple[Evidence, ...]
    top_categories: tuple[str, ...]
    suggested_treatment: str


def persona_cards(model: SegmentModel, features: pd.DataFrame, categories: pd.DataFrame) -> list[PersonaCard]:
    """One card a segment, in order of id; a segment without customers has none.

    Args:
        features: customer_id, the model's columns, and any further numeric feature that may tell segments apart.
        categories: customer_id, category, amount (currency units); may be empty.
    """
    if features.empty:
        return []
    segment = model.assign(features)["segment_id"].to_numpy()
    columns = _described(model, features)
    values = pd.DataFrame(numbers(features, columns), columns=columns)
    ids = [segment_id for segment_id in model.ids if (segment == segment_id).any()]
    groups = [values.loc[segment == segment_id] for segment_id in ids]
    overall = _medians(values)
    facts = [_evidence(group, values) for group in groups]
    bases = [base_name(_medians(group), overall) for group in groups]
    differences = [{fact.feature: fact.standardised_difference for fact in rows} for rows in facts]
    names = unique_names(bases, differences)
    favourites = _favourites(features["customer_id"].to_numpy(), segment, categories)
    return [
        _card(segment_id, name, len(group), len(values), rows, favourites.get(segment_id, ()))
        for segment_id, name, group, rows in zip(ids, names, groups, facts, strict=True)
    ]


def _described(model: SegmentModel, features: pd.DataFrame) -> list[str]:
    extra = [column for column in DESCRIBING if column in features.columns]
    return list(dict.fromkeys((*model.columns, *extra)))


def _medians(values: pd.DataFrame) -> dict[str, float]:
    return {str(column): float(median) for column, median in values.median().items() if np.isfinite(median)}


def _evidence(group: pd.DataFrame, values: pd.DataFrame) -> list[Evidence]:
    """Every column in which the segment can be compared, furthest first."""
    rows = []
    for column in values.columns:
        spread, mean, overall = values[column].std(ddof=0), group[column].mean(), values[column].mean()
        if np.isfinite(mean) and np.isfinite(spread) and spread > 0:
            rows.append(Evidence(str(column), float(mean), float(overall), float((mean - overall) / spread)))
    return sorted(rows, key=lambda row: (-abs(row.standardised_difference), row.feature))


def _favourites(customers: np.ndarray, segment: np.ndarray, categories: pd.DataFrame) -> dict[int, tuple[str, ...]]:
    """Categories bought most above everybody's share, by segment."""
    if categories.empty:
        return {}
    of = pd.Series(segment, index=customers)
    known = categories.loc[categories["customer_id"].isin(of.index) & categories["category"].notna()]
    amounts = pd.Series(numbers(known, ["amount"])[:, 0]).fillna(0.0).clip(lower=0.0)
    frame = pd.DataFrame(
        {
            "segment_id": known["customer_id"].map(of).to_numpy(),
            "category": known["category"].astype(str).to_numpy(),
            "amount": amounts.to_numpy(),
        }
    )
    total = frame.groupby("category")["amount"].sum()
    ids = sorted(set(frame["segment_id"].tolist()))
    return {int(key): _top(frame.loc[frame["segment_id"] == key], total) for key in ids}


def _top(part: pd.DataFrame, total: pd.Series) -> tuple[str, ...]:
    own = part.groupby("category")["amount"].sum()
    if own.sum() <= 0:
        return ()
    share = own / own.sum()
    lift = share / (total / total.sum()).reindex(share.index)
    ranked = lift[share >= CATEGORY_SHARE].sort_index().sort_values(ascending=False, kind="stable")
    return tuple(str(name) for name in ranked.index[:TOP_CATEGORIES])


def _card(
    segment_id: int, name: str, customers: int, total: int, facts: Sequence[Evidence], top: tuple[str, ...]
) -> PersonaCard:
    strongest = [f"{fact.feature} {fact.mean:,.1f} (all: {fact.overall_mean:,.1f})" for fact in facts[:3]]
    shown = "; ".join(strongest) or "no feature sets it apart"
    return PersonaCard(
        segment_id=segment_id,
        name=name,
        description=f"{customers:,} customers, {customers / total:.0%}. {shown}.",
        customers=customers,
        share=customers / total,
        evidence=tuple(facts[:EVIDENCE_ROWS]),
        top_categories=top,
        suggested_treatment=suggested_treatment(name),
    )


def suggested_treatment(name: str) -> str:
    """What a retailer commonly tries for such a segment; a proposal, to be tested like any other."""
    lowered = name.lower()
    if "laps" in lowered:
        return "Win back: a reminder of favourites, then a time-limited offer to a random half."
    if "deal-seeking" in lowered:
        return "Show promotions on what they already buy; hold out a group to see whether the discount pays."
    if "regulars" in lowered and "big-basket" in lowered:
        return "Thank and protect: early access and convenience, no discount they do not need."
    if "regulars" in lowered:
        return "Grow the basket: bought-together suggestions and a threshold for free delivery."
    return "Build the habit: a reason for the next visit within their usual gap."

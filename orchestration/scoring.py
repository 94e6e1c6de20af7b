"""Frames that scoring writes into the warehouse: today's customers under the current models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import pandas as pd

from ml.segments import (
    EVERYONE_ID,
    LIFECYCLE_NAMES,
    PersonaCard,
    SegmentModel,
    apply_ladder,
    ladder_among,
    persona_cards,
)
from ml.segments.persona import suggested_treatment
from orchestration.model_registry import StoredModel
from orchestration.warehouse_schema import source_table

PERSONAS = "personas.json"
EVERYONE = "everyone"
NO_MODEL = "none"


@dataclass(frozen=True)
class Segmented:
    """Segments of today's customers: rows for the two tables and the cards behind them."""

    assignment: pd.DataFrame
    profile: pd.DataFrame
    cards: Sequence[PersonaCard]


def empty(address: str) -> pd.DataFrame:
    """A source table without rows."""
    return pd.DataFrame(columns=list(source_table(address).column_names))


def segmented(stored: StoredModel, features: pd.DataFrame, categories: pd.DataFrame, floor: int) -> Segmented:
    """Assign every customer who ordered; those who never did, and small segments, fall down the ladder.

    Args:
        stored: the segment model.
        features: current features; with a column `lifecycle` a rung of stages of life lies above everyone.
        categories: customer_id, category, amount.
        floor: customers from which a group may be acted on.
    """
    model = SegmentModel.from_files(stored.files)
    names = {int(key): str(name) for key, name in json.loads(stored.files[PERSONAS]).items()}
    buyers = features.loc[features["orders_lifetime"] > 0]
    cards = [_named(card, names) for card in persona_cards(model, buyers, categories)]
    ladder = apply_ladder(_personas(model, features), floor)
    shown = {card.segment_id: card.name for card in cards} | {**LIFECYCLE_NAMES, EVERYONE_ID: EVERYONE}
    as_of, version = features["as_of"].iloc[0], stored.card.version
    return Segmented(_assigned(ladder, shown, as_of, version), _profile_rows(cards, as_of, version), cards)


def unsegmented(features: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Rows of `ml.segment_assignment` before any model is trained: stages of life large enough, or everyone."""
    ladder = apply_ladder(features.assign(segment_id=EVERYONE_ID), floor)
    return _assigned(ladder, {**LIFECYCLE_NAMES, EVERYONE_ID: EVERYONE}, features["as_of"].iloc[0], NO_MODEL)


def unsegmented_among(features: pd.DataFrame, groups: Mapping[int, str]) -> pd.DataFrame:
    """The same for some customers, among stages of life (name by id) that are large enough already."""
    if features.empty:
        return empty("ml.segment_assignment")
    ladder = ladder_among(features.assign(segment_id=EVERYONE_ID), frozenset(groups))
    return _assigned(ladder, {**groups, EVERYONE_ID: EVERYONE}, features["as_of"].iloc[0], NO_MODEL)


def segmented_among(stored: StoredModel, features: pd.DataFrame, groups: Mapping[int, str]) -> pd.DataFrame:
    """Rows of `ml.segment_assignment` for some customers, among groups (name by id) that are large enough already."""
    if features.empty:
        return empty("ml.segment_assignment")
    model = SegmentModel.from_files(stored.files)
    ladder = ladder_among(_personas(model, features), frozenset(groups))
    return _assigned(ladder, {**groups, EVERYONE_ID: EVERYONE}, features["as_of"].iloc[0], stored.card.version)


def _personas(model: SegmentModel, features: pd.DataFrame) -> pd.DataFrame:
    """Customer, persona (-1 for who never ordered) and stage of life, where it is told."""
    persona = pd.Series(EVERYONE_ID, index=features.index, dtype="int64")
    buyers = features["orders_lifetime"] > 0
    if buyers.any():
        persona.loc[buyers] = model.assign(features.loc[buyers])["segment_id"].to_numpy()
    told = [name for name in ("customer_id", "lifecycle") if name in features.columns]
    return features[told].assign(segment_id=persona)


def _assigned(ladder: pd.DataFrame, names: Mapping[int, str], as_of: pd.Timestamp, version: str) -> pd.DataFrame:
    return ladder.assign(
        as_of=as_of,
        segment_name=ladder["segment_id"].map(dict(names)),
        micro_segment=None,
        model_version=version,
    )


def _named(card: PersonaCard, names: dict[int, str]) -> PersonaCard:
    name = names.get(card.segment_id, card.name)
    return replace(card, name=name, suggested_treatment=suggested_treatment(name))


def _profile_rows(cards: Sequence[PersonaCard], as_of: pd.Timestamp, version: str) -> pd.DataFrame:
    rows = [
        {
            "segment_id": card.segment_id,
            "as_of": as_of,
            "segment_name": card.name,
            "customers": card.customers,
            "share": card.share,
            "description": card.description,
            "evidence": json.dumps([asdict(fact) for fact in card.evidence]),
            "top_categories": json.dumps(list(card.top_categories)),
            "suggested_treatment": card.suggested_treatment,
            "model_version": version,
        }
        for card in cards
    ]
    return pd.DataFrame(rows, columns=list(source_table("ml.segment_profile").column_names))

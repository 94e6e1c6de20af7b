"""The published identities against the simulation's truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.project import Project
from ml.match_quality import MatchQuality, match_quality
from orchestration.cli.published import Published

ASSIGNED = """
select i.type, i.value_hash, a.canonical_id as customer_id
from identity.identity_assignment a join identity.identifier i using (identifier_key)
where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
"""
# A customer known by a cookie alone is nobody yet: such a visit counts as not matched.
VISITS = """
select s.session_id, case when d.is_known then s.customer_id end as customer_id
from marts.fct_session s left join marts.dim_customer d using (customer_id)
where not s.is_bot
"""


@dataclass(frozen=True)
class TruthReport:
    """How well people were told apart and put together.

    Attributes:
        identifiers: over identifiers that the pipeline saw and that are one person's alone (a cookie several people
            share has no right answer); None when there are none.
        visits: over people's visits; matched ones belong to a customer known by card, login or address.
        right_share: share of the matched visits that went to the customer who holds that person's card.
        people: persons of the truth among the identifiers.
        customers: customers they were put into.
    """

    identifiers: MatchQuality | None
    visits: MatchQuality | None
    right_share: float
    people: int
    customers: int


def compare_with_truth(project: Project, published: Published, truth: Path) -> TruthReport:
    """Compare what is published with `identifiers.parquet` and `sessions.parquet` of the truth folder."""
    identifiers = _true_identifiers(project, truth / "identifiers.parquet")
    assigned = pd.DataFrame(published.rows(ASSIGNED), columns=["type", "value_hash", "customer_id"])
    both = identifiers.merge(assigned, on=["type", "value_hash"])
    cards = both[both["type"] == "loyalty_id"].set_index("person_id")["customer_id"]
    visits = pd.DataFrame(published.rows(VISITS), columns=["session_id", "customer_id"])
    true_visits = pd.read_parquet(truth / "sessions.parquet")
    return TruthReport(
        identifiers=_quality(both.assign(session_id=both.index), both.assign(session_id=both.index, is_bot=False)),
        visits=_quality(visits, true_visits),
        right_share=_right_share(visits.merge(true_visits, on="session_id"), cards),
        people=int(both["person_id"].nunique()),
        customers=int(both["customer_id"].nunique()),
    )


def _quality(found: pd.DataFrame, true: pd.DataFrame) -> MatchQuality | None:
    people = true[~true["is_bot"].astype(bool) & true["person_id"].notna()]
    return match_quality(found, true) if found["session_id"].isin(people["session_id"]).any() else None


def _right_share(visits: pd.DataFrame, cards: pd.Series) -> float:
    matched = visits[visits["customer_id"].notna() & visits["person_id"].notna()]
    return float((matched["customer_id"] == matched["person_id"].map(cards)).mean()) if len(matched) else 0.0


def _true_identifiers(project: Project, file: Path) -> pd.DataFrame:
    """Identifiers of exactly one person, hashed with the project's key as intake does."""
    truth = pd.read_parquet(file)
    own = truth[truth.groupby(["type", "value_clear"])["person_id"].transform("size") == 1].dropna(subset=["person_id"])
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    pairs = zip(own["type"], own["value_clear"], strict=True)
    hashes = [hash_identifier(key, kind, value, region) for kind, value in pairs]
    return own.assign(value_hash=pd.Series(hashes, index=own.index, dtype="str"))

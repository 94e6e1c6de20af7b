"""The published identities against the simulation's truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.pairwise import PairwiseQuality, pairwise_quality

ASSIGNED = """
select i.type, i.value_hash, a.canonical_id as customer_id
from identity.identity_assignment a join identity.identifier i using (identifier_key)
where a.system_to > timestamp '9999-01-01'
"""
SESSIONS = "select session_id, customer_id from marts.fct_session where not is_bot"


@dataclass(frozen=True)
class TruthReport:
    """How well people were told apart and put together.

    Attributes:
        identifiers: identifiers compared: seen by the pipeline, and in truth one person's alone.
        people: persons of the truth among them.
        customers: customers they were put into.
        pairs: pairwise precision, recall and F1 over those identifiers.
        sessions: people's visits compared.
        matched: visits that belong to a customer who is known by card, login or address.
        right: visits given to the customer who holds that person's card.
    """

    identifiers: int
    people: int
    customers: int
    pairs: PairwiseQuality
    sessions: int
    matched: int
    right: int

    @property
    def match_rate(self) -> float:
        """Share of people's visits that are matched."""
        return self.matched / self.sessions if self.sessions else 0.0

    @property
    def right_share(self) -> float:
        """Share of the matched visits that went to the right customer."""
        return self.right / self.matched if self.matched else 0.0


def compare_with_truth(project: Project, published: Published, truth: Path) -> TruthReport:
    """Compare what is published with `identifiers.parquet` and `sessions.parquet` of the truth folder."""
    identifiers = _true_identifiers(project, truth / "identifiers.parquet")
    assigned = pd.DataFrame(published.rows(ASSIGNED), columns=["type", "value_hash", "customer_id"])
    both = identifiers.merge(assigned, on=["type", "value_hash"])
    cards = both[both["type"] == "loyalty_id"].set_index("person_id")["customer_id"]
    known = set(both.loc[both["type"].isin(["loyalty_id", "login", "email"]), "customer_id"])
    visits = pd.DataFrame(published.rows(SESSIONS), columns=["session_id", "customer_id"])
    true_visits = pd.read_parquet(truth / "sessions.parquet").query("not is_bot")
    compared = visits.merge(true_visits, on="session_id")
    matched = compared[compared["customer_id"].isin(known)]
    return TruthReport(
        identifiers=len(both),
        people=int(both["person_id"].nunique()),
        customers=int(both["customer_id"].nunique()),
        pairs=pairwise_quality(both["customer_id"], both["person_id"]),
        sessions=len(compared),
        matched=len(matched),
        right=int((matched["customer_id"] == matched["person_id"].map(cards)).sum()),
    )


def _true_identifiers(project: Project, file: Path) -> pd.DataFrame:
    """Identifiers of exactly one person, hashed with the project's key as intake does."""
    truth = pd.read_parquet(file)
    own = truth[truth.groupby(["type", "value_clear"])["person_id"].transform("size") == 1].dropna(subset=["person_id"])
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    pairs = zip(own["type"], own["value_clear"], strict=True)
    hashes = [hash_identifier(key, kind, value, region) for kind, value in pairs]
    return own.assign(value_hash=pd.Series(hashes, index=own.index, dtype="str"))

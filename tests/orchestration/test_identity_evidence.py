"""What the ledger is told: who claims what on which day, and nothing about strangers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from ml.identity import Evidence, IdentityRules
from orchestration.identity.changes import touch
from orchestration.identity.evidence import evidence_about_touched, gather
from orchestration.warehouse import Warehouse
from tests.orchestration.identity_evidence import Sighting, evidence_warehouse, key_of, observe, stand_at


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = evidence_warehouse(tmp_path / "warehouse.duckdb")
    stand_at(found, 30)
    return found


def told(warehouse: Warehouse, sightings: Sequence[Sighting]) -> Evidence:
    """All evidence, after these sightings."""
    observe(warehouse, sightings)
    with warehouse.connect() as connection:
        gather(connection)
        touch(connection, IdentityRules(), full=True)
        return evidence_about_touched(connection).checked()


def claims_of(evidence: Evidence) -> set[tuple[int, int, int]]:
    """(identifier, owner, day of January)."""
    frame = evidence.claims
    return set(zip(frame["identifier_key"], frame["owner_key"], frame["claim_date"].dt.day, strict=True))


def test_an_identifier_with_two_logins_has_its_claims_by_day(warehouse: Warehouse) -> None:
    sightings = [("login", 1, "cookie", 7, 0), ("login", 2, "cookie", 7, 3), ("login", 1, "cookie", 7, 5)]
    cookie = key_of("cookie", 7)
    expected = {(cookie, key_of("login", 1), 1), (cookie, key_of("login", 2), 4), (cookie, key_of("login", 1), 6)}
    assert claims_of(told(warehouse, [*sightings, ("email", 1, "cookie", 8, 0)])) == expected


def test_the_weaker_end_is_claimed_whichever_end_the_star_names_first(warehouse: Warehouse) -> None:
    sightings = [("crm_id", 1, "login", 1, 0), ("crm_id", 1, "email", 3, 0), ("crm_id", 2, "email", 3, 1)]
    email = key_of("email", 3)
    expected = {(email, key_of("crm_id", 1), 1), (email, key_of("crm_id", 2), 2)}
    assert claims_of(told(warehouse, sightings)) == expected


def test_an_identifier_of_one_owner_is_claimed_by_days_only_when_flagged(warehouse: Warehouse) -> None:
    sightings = [("login", 1, "email", 1, 0), ("loyalty_id", 1, "email", 1, 0)]
    assert claims_of(told(warehouse, sightings)) == set()
    email = key_of("email", 1)
    flag = pd.DataFrame(
        {"identifier_key": [email], "status": "shared", "reason": "household", "known_at": pd.Timestamp("2017-01-02")}
    )
    warehouse.replace({"identity.match_flag": flag})
    evidence = told(warehouse, [("login", 2, "email", 2, 0)])
    assert claims_of(evidence) == {(email, key_of("login", 1), 1), (email, key_of("loyalty_id", 1), 1)}
    assert evidence.flags["reason"].tolist() == ["household"]


def test_a_match_with_a_stranger_or_from_tomorrow_is_no_pair(warehouse: Warehouse) -> None:
    known, stranger = [key_of("email", number) for number in (1, 2, 3)], key_of("email", 99)
    match = pd.DataFrame({"a_key": [known[0], known[0], known[1]], "b_key": [known[1], stranger, known[2]]}).assign(
        rule="splink", weight=7.5, probability=0.97, evidence="", known_at=pd.Timestamp("2017-01-02")
    )
    match.loc[2, "known_at"] = pd.Timestamp("2017-02-02")
    warehouse.replace({"identity.match_pair": match})
    evidence = told(warehouse, [("login", n, "email", n, 0) for n in (1, 2, 3)])
    probable = evidence.pairs.loc[evidence.pairs["kind"] == "probabilistic"]
    assert probable[["a_key", "b_key", "weight"]].to_numpy().tolist() == [[known[0], known[1], 0.97]]
    assert len(evidence.pairs) == 4

"""The ledger's frames, and the cases that identity systems are known to get wrong."""

from __future__ import annotations

import json

import networkx as nx
import pandas as pd
from hypothesis import given, settings

from ml.identity import FOREVER, TABLES, Resolution, assignments_at, canonical_id
from ml.identity.keys import edge_key
from tests.ml.identity import ledgers
from tests.ml.identity.ledgers import resolve_frames


def person(result: Resolution, key: int, hour: int | None = None) -> str:
    at = FOREVER if hour is None else pd.Timestamp(ledgers.at(hour))
    known = assignments_at(result.assignment, at).set_index("identifier_key")
    return str(known.loc[key, "canonical_id"])


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_every_table_has_its_declared_columns_and_types(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for name, table in resolve_frames(*frames).tables().items():
        assert {column: str(dtype) for column, dtype in table.dtypes.items()} == TABLES[name]


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_active_edges_alone_connect_exactly_the_people(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    result = resolve_frames(*frames)
    active = result.edge.loc[result.edge["state"] == "active"]
    graph = nx.Graph(zip(active["a_key"], active["b_key"], strict=True))
    graph.add_nodes_from(frames[0]["identifier_key"])
    now = assignments_at(result.assignment, FOREVER)
    ours = {frozenset(group) for group in now.groupby("canonical_id")["identifier_key"].agg(list)}
    assert ours == {frozenset(group) for group in nx.connected_components(graph)}


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_degrees_count_distinct_neighbours(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    result = resolve_frames(*frames)
    graph = nx.Graph(zip(frames[1]["a_key"], frames[1]["b_key"], strict=True))
    graph.add_nodes_from(frames[0]["identifier_key"])
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    found = result.identifier.set_index("identifier_key")["degree_by_type"]
    assert {key: sum(json.loads(text).values()) for key, text in found.items()} == dict(graph.degree)


def test_a_merge_names_its_survivor_and_its_cause() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "email", 1))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 4)))
    merge = result.event.loc[result.event["type"] == "merge"].iloc[0]
    assert (merge["survivor_id"], merge["other_id"]) == (canonical_id(1), canonical_id(2))
    assert merge["cause_edge_key"] == edge_key(1, 2, "same_event", "web")
    assert merge["at"] == pd.Timestamp(ledgers.at(4))
    redirected = result.canonical.set_index("canonical_id").loc[canonical_id(2)]
    assert (redirected["status"], redirected["redirect_to"]) == ("merged", canonical_id(1))


def test_identifiers_that_arrive_together_make_one_person_at_once() -> None:
    nodes = ledgers.identifiers((1, "login", 3), (2, "cookie", 3))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 3)))
    assert len(result.assignment) == 2
    assert result.event["type"].tolist() == ["create"]


def test_a_cookie_that_goes_from_ann_to_bob_and_back_stays_with_ann() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "cookie", 1))
    early = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 5)))
    assert person(early, 3) == person(early, 1) != person(early, 2)
    assert early.identifier.set_index("identifier_key").loc[3, "reason"] == "seen with more than one person"


def test_two_accounts_of_one_email_stay_two_people() -> None:
    nodes = ledgers.identifiers((1, "loyalty_id", 0), (2, "loyalty_id", 0), (3, "email", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert person(result, 1) != person(result, 2)
    assert result.edge["state"].tolist() == ["active", "quarantined"]


def test_two_colleagues_on_one_device_stay_two_people() -> None:
    nodes = ledgers.identifiers((1, "email", 0), (2, "email", 0), (3, "device_id", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert person(result, 1) != person(result, 2)


def test_a_bot_with_eighty_emails_holds_five() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), *[(key, "email", 0) for key in range(2, 82)])
    result = resolve_frames(nodes, ledgers.pairs(*[(1, key, 1) for key in range(2, 82)]))
    sizes = assignments_at(result.assignment, FOREVER).groupby("canonical_id").size()
    assert sizes.max() == 6
    assert set(result.quarantine["reason"]) == {"too_many_values"}
    assert len(result.quarantine) == 75


def test_late_evidence_is_known_from_its_arrival_and_not_before() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "email", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 8)))
    assert person(result, 2, hour=8) == canonical_id(2)
    assert person(result, 2, hour=9) == canonical_id(1)


def test_a_chain_of_a_thousand_ends_in_one_person_and_one_hop() -> None:
    nodes = ledgers.identifiers(*[(key, "crm_id", 0) for key in range(1, 1_001)])
    result = resolve_frames(nodes, ledgers.pairs(*[(key, key + 1, key) for key in range(1, 1_000)]))
    assert set(result.canonical["redirect_to"].dropna()) == {canonical_id(1)}
    assert assignments_at(result.assignment, FOREVER)["canonical_id"].nunique() == 1

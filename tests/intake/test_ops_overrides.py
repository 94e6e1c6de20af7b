"""Overrides: what contradicts is refused with the whole chain, the same again changes nothing."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.ops_database import SCHEMA_VERSION
from intake.ops_overrides import OverrideConflictError, RemovedOverride, chain, contradicting
from intake.ops_records import IdentityOverride, OverrideKind
from intake.ops_store import OpsStore

T0 = datetime(2018, 1, 2, tzinfo=UTC)


def link(a: int, b: int, reason: str = "same person") -> IdentityOverride:
    return IdentityOverride(a, b, "must_link", "ann", reason, T0)


def unlink(a: int, b: int, reason: str = "father and son") -> IdentityOverride:
    return IdentityOverride(a, b, "cannot_link", "bob", reason, T0 + timedelta(hours=1))


def test_the_same_again_keeps_the_first_word(store: OpsStore) -> None:
    assert store.record_override(link(2, 9))
    assert not store.record_override(link(9, 2, "said again"))
    (kept,) = store.overrides()
    assert (kept.pair, kept.reason) == ((2, 9), "same person")


@pytest.mark.parametrize(("first", "second"), [(link(2, 9), unlink(9, 2)), (unlink(2, 9), link(9, 2))])
def test_the_opposite_is_refused_naming_both(
    store: OpsStore, first: IdentityOverride, second: IdentityOverride
) -> None:
    store.record_override(first)
    with pytest.raises(OverrideConflictError) as refused:
        store.record_override(second)
    assert refused.value.standing == (first,)
    for part in ("ann", "bob", "same person", "father and son", "2018-01-02 00:00", "2018-01-02 01:00"):
        assert part in str(refused.value)
    assert store.overrides() == [first]


def test_an_unlink_is_refused_with_the_links_of_the_path(store: OpsStore) -> None:
    for pair in ((1, 2), (2, 3), (3, 4), (2, 8)):
        store.record_override(link(*pair))
    with pytest.raises(OverrideConflictError) as refused:
        store.record_override(unlink(4, 1))
    assert refused.value.standing == (link(1, 2), link(2, 3), link(3, 4))


def test_a_link_between_groups_that_are_kept_apart_is_refused(store: OpsStore) -> None:
    for said in (link(1, 2), link(5, 6), unlink(1, 6)):
        store.record_override(said)
    with pytest.raises(OverrideConflictError) as refused:
        store.record_override(link(5, 2))
    assert set(refused.value.standing) == {unlink(1, 6), link(1, 2), link(5, 6)}


def test_both_ends_must_differ(store: OpsStore) -> None:
    with pytest.raises(ValueError, match="both ends are the same identifier"):
        store.record_override(link(4, 4))


def test_a_removed_override_no_longer_counts_and_is_remembered(store: OpsStore) -> None:
    store.record_override(link(2, 9))
    assert store.remove_override(9, 2, actor="eve", at=T0 + timedelta(days=1)) == link(2, 9)
    assert store.remove_override(9, 2, actor="eve", at=T0 + timedelta(days=1)) is None
    assert store.record_override(unlink(2, 9))
    assert store.removed_overrides() == [RemovedOverride(link(2, 9), "eve", T0 + timedelta(days=1))]


def test_a_newer_file_is_seen_without_touching_it(store: OpsStore) -> None:
    assert store.version() == 0
    store.overrides()
    assert store.version() == SCHEMA_VERSION
    connection = sqlite3.connect(store.file)
    connection.execute("pragma user_version = 7")
    connection.close()
    assert store.version() == 7


PAIRS = st.tuples(st.integers(1, 6), st.integers(1, 6)).filter(lambda pair: pair[0] != pair[1])
SAID = st.lists(st.tuples(PAIRS, st.sampled_from(["must_link", "cannot_link"])), max_size=14)


@given(SAID)
def test_what_is_kept_can_be_true_and_what_is_refused_cannot(said: list[tuple[tuple[int, int], OverrideKind]]) -> None:
    kept: list[IdentityOverride] = []
    for pair, kind in said:
        proposed = IdentityOverride(*pair, kind, "ann", "", T0)
        against = contradicting(kept, proposed)
        assert bool(against) != can_be_true([*kept, proposed])
        assert not can_be_true([*against, proposed]) or not against
        kept += [] if against else [proposed]


def can_be_true(overrides: list[IdentityOverride]) -> bool:
    people: nx.Graph[int] = nx.Graph()
    people.add_nodes_from(range(1, 7))
    people.add_edges_from(item.pair for item in overrides if item.kind == "must_link")
    apart = [item.pair for item in overrides if item.kind == "cannot_link"]
    return not any(nx.has_path(people, a, b) for a, b in apart)


@given(st.lists(PAIRS, max_size=12), PAIRS)
def test_a_chain_is_a_shortest_path(pairs: list[tuple[int, int]], ends: tuple[int, int]) -> None:
    people: nx.Graph[int] = nx.Graph()
    people.add_nodes_from(range(1, 7))
    people.add_edges_from(pairs)
    found = chain([link(*pair) for pair in pairs], *ends)
    assert (found is not None) == nx.has_path(people, *ends)
    if found is not None:
        assert len(found) == nx.shortest_path_length(people, *ends)

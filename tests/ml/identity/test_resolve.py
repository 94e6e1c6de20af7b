"""The ledger as a function of evidence: order, slicing, repetition; and a brute-force oracle."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity import FOREVER, Resolution, assignments_at, canonical_id
from ml.identity.keys import edge_key
from tests.ml.identity import ledgers
from tests.ml.identity.ledgers import resolve_frames

Frames = tuple[pd.DataFrame, pd.DataFrame]
LIMITS = {"login": 1, "loyalty_id": 1, "email": 5, "phone": 5}
WEAK = {"device_id", "cookie", "click_id"}


def people(result: Resolution) -> dict[int, str]:
    now = result.assignment.loc[result.assignment["system_to"] == FOREVER]
    return dict(zip(now["identifier_key"], now["canonical_id"], strict=True))


def brute_force(frames: Frames) -> dict[int, str]:
    """The rules again, as naive sets: no union-find, no anchors, no increments."""
    nodes, links = frames
    types = dict(zip(nodes["identifier_key"], nodes["type"], strict=True))
    arrived = dict(zip(nodes["identifier_key"], nodes["first_seen_at"], strict=True))
    for row in links.itertuples():
        for key in (row.a_key, row.b_key):
            arrived[key] = min(arrived[key], row.first_received_at)
    groups = [{key} for key in types]
    ordered = sorted(
        links.itertuples(), key=lambda r: (r.first_received_at, edge_key(r.a_key, r.b_key, r.rule, r.source))
    )
    for row in ordered:
        one = next(group for group in groups if row.a_key in group)
        other = next(group for group in groups if row.b_key in group)
        weak = [key for key in (row.a_key, row.b_key) if types[key] in WEAK]
        taken = any(len(next(group for group in groups if key in group)) > 1 for key in weak)
        both = [types[key] for key in one | other]
        broken = any(both.count(kind) > limit for kind, limit in LIMITS.items())
        if one is other or len(weak) == 2 or taken or broken:
            continue
        groups = [group for group in groups if group is not one and group is not other] + [one | other]
    oldest = [(min(group, key=lambda key: (arrived[key], key)), group) for group in groups]
    return {key: canonical_id(anchor) for anchor, group in oldest for key in group}


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_small_ledgers_equal_brute_force(frames: Frames) -> None:
    assert people(resolve_frames(*frames)) == brute_force(frames)


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(frames: Frames, random: st.DataObject) -> None:
    seed = random.randint(0, 2**31)  # type: ignore[attr-defined]
    nodes, links = (frame.sample(frac=1, random_state=seed) for frame in frames)
    swapped = links.rename(columns={"a_key": "b_key", "b_key": "a_key"})
    straight = resolve_frames(*frames).tables()
    for name, table in resolve_frames(nodes, links).tables().items():
        pd.testing.assert_frame_equal(table, straight[name])
    assert people(resolve_frames(nodes, swapped)) == people(resolve_frames(*frames))


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_every_earlier_moment_reads_as_it_was_then(frames: Frames) -> None:
    whole = resolve_frames(*frames).assignment
    for hour in (1, 4, 7, 10):
        then = assignments_at(whole, pd.Timestamp(ledgers.at(hour)))
        alone = assignments_at(resolve_frames(*ledgers.known_before(frames, hour)).assignment, FOREVER)
        columns = ["identifier_key", "canonical_id", "system_from", "via_edge_key"]
        pd.testing.assert_frame_equal(then[columns], alone[columns])


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_running_twice_writes_the_same_rows(frames: Frames) -> None:
    first, second = resolve_frames(*frames).tables(), resolve_frames(*frames).tables()
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name])


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_redirects_end_at_a_living_person_in_one_hop(frames: Frames) -> None:
    canonical = resolve_frames(*frames).canonical.set_index("canonical_id")
    merged = canonical.loc[canonical["status"] == "merged"]
    assert set(merged["redirect_to"]) <= set(canonical.index[canonical["status"] == "active"])
    assert canonical.loc[canonical["status"] == "active", "redirect_to"].isna().all()


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_every_identifier_has_one_person_at_every_moment(frames: Frames) -> None:
    result = resolve_frames(*frames)
    spans = result.assignment.sort_values(["identifier_key", "system_from"])
    assert (spans["system_from"] < spans["system_to"]).all()
    for _, history in spans.groupby("identifier_key"):
        assert list(history["system_to"].iloc[:-1]) == list(history["system_from"].iloc[1:])
        assert history["system_to"].iloc[-1] == FOREVER
    assert set(people(result)) == set(frames[0]["identifier_key"])
    assert set(people(result).values()) == set(
        result.canonical.loc[result.canonical["status"] == "active", "canonical_id"]
    )


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_people_created_less_people_merged_are_the_people_left(frames: Frames) -> None:
    result = resolve_frames(*frames)
    kinds = result.event["type"].value_counts()
    assert kinds.get("create", 0) - kinds.get("merge", 0) == len(set(people(result).values()))
    assert result.event["event_id"].is_unique


@settings(max_examples=15, deadline=None)
@given(ledgers.evidence())
def test_nobody_ever_holds_two_logins(frames: Frames) -> None:
    result = resolve_frames(*frames)
    joined = result.assignment.merge(frames[0], on="identifier_key")
    now = joined.loc[joined["system_to"] == FOREVER]
    for kind, limit in LIMITS.items():
        counts = now.loc[now["type"] == kind].groupby("canonical_id").size()
        assert counts.empty or counts.max() <= limit


def test_a_late_login_takes_over_the_cookie_from_its_arrival_on() -> None:
    nodes = ledgers.identifiers((10, "login", 0), (20, "cookie", 2))
    assignment = resolve_frames(nodes, ledgers.pairs((10, 20, 5))).assignment
    cookie = assignment.loc[assignment["identifier_key"] == 20]
    assert list(cookie["canonical_id"]) == [canonical_id(20), canonical_id(10)]
    assert list(cookie["system_to"]) == [pd.Timestamp(ledgers.at(5)), FOREVER]


def test_a_kiosk_is_shared_put_aside_and_merges_nobody() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "device_id", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert people(result)[1] != people(result)[2]
    status = result.identifier.set_index("identifier_key")["status"]
    assert list(status) == ["active", "active", "shared"]
    assert list(result.quarantine["reason"]) == ["shared"]
    assert list(result.quarantine["state"]) == ["open"]
    assert set(result.edge["state"]) == {"active", "quarantined"}


def test_a_dispute_closes_when_both_claimants_turn_out_to_be_one() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "email", 0), (3, "cookie", 0))
    result = resolve_frames(nodes, ledgers.pairs((2, 3, 1), (1, 3, 2), (1, 2, 3)))
    assert len(set(people(result).values())) == 1
    assert list(result.quarantine["state"]) == ["resolved"]
    assert set(result.identifier["status"]) == {"active"}


def test_a_household_email_stays_with_its_first_login() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "email", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert people(result)[3] == people(result)[1] != people(result)[2]
    assert list(result.quarantine["reason"]) == ["exclusive_conflict"]


def test_arrival_counts_not_occurrence() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "email", 3)).assign(
        first_received_at=pd.Series([ledgers.at(8), ledgers.at(3)], dtype="datetime64[us, UTC]")
    )
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 9)))
    assert set(people(result).values()) == {canonical_id(2)}
    assert result.assignment["system_from"].min() == pd.Timestamp(ledgers.at(3))


def test_no_evidence_gives_empty_tables_with_their_columns() -> None:
    result = resolve_frames(ledgers.identifiers(), ledgers.pairs())
    assert all(table.empty and len(table.columns) for table in result.tables().values())
    assert str(result.assignment["system_from"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("nodes", "links", "message"),
    [
        (ledgers.identifiers((1, "tail_number", 0)), ledgers.pairs(), "identifiers.type: 'tail_number' is not one of"),
        (ledgers.identifiers((1, "login", 0), (1, "login", 0)), ledgers.pairs(), "1 occurs more than once"),
        (ledgers.identifiers((1, "login", 0)), ledgers.pairs((1, 9, 0)), "pairs.b_key: 9 is not among the 1"),
        (ledgers.identifiers().drop(columns="type"), ledgers.pairs(), "identifiers.type: the column is missing"),
    ],
)
def test_bad_evidence_is_named(nodes: pd.DataFrame, links: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve_frames(nodes, links)

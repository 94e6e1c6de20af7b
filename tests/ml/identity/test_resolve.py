"""The ledger as a function of evidence: order, slicing, repetition, conservation; and a slow reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity import FOREVER, TABLES, Evidence, Resolution, affected, assignments_at, canonical_id, resolve
from tests.ml.identity import ledgers, reference
from tests.ml.identity.ledgers import resolve_frames

MANY = settings(max_examples=15, deadline=None)
SOME = settings(max_examples=5, deadline=None)


def who(result: Resolution, hour: float | None = None) -> dict[int, list[tuple[pd.Timestamp, str, str]]]:
    """First day, person and tier of every stretch, by identifier."""
    known = assignments_at(result.assignment, FOREVER if hour is None else pd.Timestamp(ledgers.at(hour)))
    rows: dict[int, list[tuple[pd.Timestamp, str, str]]] = {}
    for row in known.itertuples():
        rows.setdefault(row.identifier_key, []).append((row.valid_from, row.canonical_id, row.tier))
    return rows


@MANY
@given(ledgers.evidence())
def test_small_ledgers_equal_the_slow_reference(evidence: Evidence) -> None:
    found = who(resolve(evidence))
    expected = reference.people(evidence)
    shared = reference.slices(evidence)
    assert set(found) == set(expected) | set(shared)
    for key, (anchor, tier) in expected.items():
        assert [row[1:] for row in found[key]] == [(canonical_id(anchor), tier)]
    for key, stretches in shared.items():
        merged = [row[:2] for i, row in enumerate(found[key]) if i == 0 or found[key][i - 1][1] != row[1]]
        assert merged == [(day, canonical_id(anchor)) for day, anchor in stretches]


@MANY
@given(ledgers.evidence())
def test_every_earlier_moment_reads_as_it_was_then(evidence: Evidence) -> None:
    whole = resolve(evidence)
    for hour in (2, 5, 8):
        assert who(whole, hour) == who(resolve(ledgers.known_before(evidence, hour)))


@SOME
@given(ledgers.evidence(), st.integers(0, 2**31))
def test_row_order_changes_nothing(evidence: Evidence, seed: int) -> None:
    frames = {name: getattr(evidence, name).sample(frac=1, random_state=seed) for name in ledgers.ARRIVAL}
    straight = resolve(evidence).tables()
    for name, table in resolve(Evidence(**frames)).tables().items():
        pd.testing.assert_frame_equal(table, straight[name])


@SOME
@given(ledgers.evidence())
def test_the_ends_of_a_pair_have_no_order(evidence: Evidence) -> None:
    swapped = evidence.pairs.rename(columns={"a_key": "b_key", "b_key": "a_key"})
    turned = Evidence(**{**{name: getattr(evidence, name) for name in ledgers.ARRIVAL}, "pairs": swapped})
    assert who(resolve(turned)) == who(resolve(evidence))


@SOME
@given(ledgers.evidence())
def test_running_twice_writes_the_same_rows(evidence: Evidence) -> None:
    first, second = resolve(evidence).tables(), resolve(evidence).tables()
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name])


@SOME
@given(ledgers.evidence())
def test_every_table_has_its_declared_columns_types_and_keys(evidence: Evidence) -> None:
    tables = resolve(evidence).tables()
    for name, table in tables.items():
        assert {column: str(dtype) for column, dtype in table.dtypes.items()} == TABLES[name]
    for name, key in (("identifier", "identifier_key"), ("canonical", "canonical_id"), ("identity_event", "event_id")):
        assert tables[name][key].is_unique
    assert not tables["identity_assignment"].duplicated(["identifier_key", "valid_from", "system_from"]).any()


@MANY
@given(ledgers.evidence())
def test_redirects_end_at_a_living_person_in_one_hop(evidence: Evidence) -> None:
    result = resolve(evidence)
    canonical = result.canonical.set_index("canonical_id")
    merged = canonical.loc[canonical["status"] == "merged"]
    living = set(canonical.index[canonical["status"].isin(("active", "quarantined"))])
    assert set(merged["redirect_to"]) <= living
    assert canonical.loc[canonical["status"] != "merged", "redirect_to"].isna().all()
    now = assignments_at(result.assignment, FOREVER)
    assert set(now["canonical_id"]) == living


@MANY
@given(ledgers.evidence(), st.integers(1, 10))
def test_the_days_of_a_living_identifier_are_given_out_exactly_once(evidence: Evidence, hour: int) -> None:
    result = resolve(evidence)
    status = ledgers.statuses(result)
    now = assignments_at(result.assignment, FOREVER)
    assert set(now["identifier_key"]) == {key for key, state in status.items() if state in ("active", "shared")}
    assert (result.assignment["system_from"] < result.assignment["system_to"]).all()
    for as_of in (FOREVER, pd.Timestamp(ledgers.at(hour))):
        for _, days in assignments_at(result.assignment, as_of).groupby("identifier_key"):
            assert list(days["valid_to"].iloc[:-1]) == list(days["valid_from"].iloc[1:])
            assert days["valid_to"].iloc[-1] == FOREVER


@MANY
@given(ledgers.evidence())
def test_people_created_and_parted_less_merged_and_gone_are_the_people_left(evidence: Evidence) -> None:
    result = resolve(evidence)
    living = result.canonical["status"].isin(("active", "quarantined")).sum()
    kinds = result.event["type"].value_counts()
    last = result.assignment.query("valid_to == @FOREVER").drop_duplicates("identifier_key", keep="last")
    ended = last.loc[last["system_to"] < FOREVER]
    gone = (ended["canonical_id"] == ended["identifier_key"].map(canonical_id)).sum()
    came, went = sum(kinds.get(kind, 0) for kind in ("create", "split", "unmerge")), kinds.get("merge", 0)
    assert came - went - gone == living


@MANY
@given(ledgers.evidence(manual=False))
def test_nobody_ever_holds_more_than_one_may(evidence: Evidence) -> None:
    result = resolve(evidence)
    joined = result.assignment.merge(result.identifier[["identifier_key", "type", "status"]], on="identifier_key")
    now = joined.loc[(joined["system_to"] == FOREVER) & (joined["status"] == "active")]
    for kind, limit in {"login": 1, "loyalty_id": 1, "email": 5, "phone": 5, "device_id": 5}.items():
        counts = now.loc[now["type"] == kind].groupby("canonical_id").size()
        assert counts.empty or counts.max() <= limit


@MANY
@given(ledgers.evidence(manual=False), st.integers(0, 1000))
def test_a_merge_taken_back_gives_everybody_the_old_id(evidence: Evidence, choice: int) -> None:
    keys = evidence.identifiers["identifier_key"].tolist()
    a, b = np.random.default_rng(choice).choice(keys, 2, replace=False)
    frames = {name: getattr(evidence, name) for name in ledgers.ARRIVAL}
    before = resolve(evidence)
    if ledgers.person(before, a) == ledgers.person(before, b):
        return
    said = ledgers.overrides((a, b, "must_link", 20), (b, a, "cannot_link", 21))
    after = resolve(Evidence(**{**frames, "overrides": said}))
    assert who(after) == who(before)
    assert who(resolve(Evidence(**{**frames, "overrides": said.iloc[:0]}))) == who(before)


@SOME
@given(ledgers.evidence(), st.integers(1, 2))
def test_a_closed_group_resolved_alone_reads_as_in_the_whole(evidence: Evidence, changed: int) -> None:
    ends = [frame[["a_key", "b_key"]].to_numpy() for frame in (evidence.pairs, evidence.vetoes, evidence.overrides)]
    ends.append(evidence.claims[["identifier_key", "owner_key"]].to_numpy())
    links = np.concatenate(ends)
    group = affected(np.array([changed]), links[:, 0], links[:, 1])
    part = {}
    for name in ledgers.ARRIVAL:
        frame = getattr(evidence, name)
        part[name] = frame.loc[frame["a_key" if "a_key" in frame.columns else "identifier_key"].isin(group)]
    whole, alone = resolve(evidence).tables(), resolve(Evidence(**part)).tables()
    for name, key in (("identifier", "identifier_key"), ("identity_assignment", "identifier_key")):
        mine = whole[name].loc[whole[name][key].isin(group)].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone[name], mine)


def test_arrival_counts_not_occurrence() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "email", 3)).assign(first_received_at=ledgers.times([8, 3]))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 9)))
    assert {ledgers.person(result, key) for key in (1, 2)} == {canonical_id(2)}
    assert result.assignment["system_from"].min() == pd.Timestamp(ledgers.at(3))


def test_no_evidence_gives_empty_tables_with_their_columns() -> None:
    result = resolve_frames(ledgers.identifiers(), ledgers.pairs())
    assert all(table.empty and len(table.columns) for table in result.tables().values())
    assert str(result.assignment["system_from"].dtype) == "datetime64[us, UTC]"


def test_what_names_a_stranger_has_no_effect_unless_it_is_a_pair() -> None:
    nodes = ledgers.identifiers((1, "login", 0))
    result = resolve_frames(
        nodes,
        ledgers.pairs(),
        claims=ledgers.claims((1, 9, 0)),
        flags=ledgers.flags((9, "shared", 0)),
        vetoes=ledgers.vetoes((1, 9, 0)),
        overrides=ledgers.overrides((1, 9, "must_link", 0)),
        erased=ledgers.erased((9, 0)),
    )
    assert ledgers.person(result, 1) == canonical_id(1)


NODE = ledgers.identifiers((1, "login", 0))


@pytest.mark.parametrize(
    ("nodes", "links", "message"),
    [
        (ledgers.identifiers((1, "tail_number", 0)), ledgers.pairs(), "identifiers.type: 'tail_number' is not one of"),
        (ledgers.identifiers((1, "login", 0), (1, "login", 0)), ledgers.pairs(), "1 occurs more than once"),
        (NODE, ledgers.pairs((1, 9, 0)), "pairs.b_key: 9 is not among the 1"),
        (NODE.drop(columns="type"), ledgers.pairs(), "identifiers.type: the column is missing"),
        (NODE, ledgers.pairs((1, 1, 0, 1.5)), r"pairs.weight: between 1.5 and 1.5, needed are values in \(0, 1\]"),
        (NODE, ledgers.pairs((1, 1, 0)).assign(kind="guess"), "pairs.kind: 'guess' is not one of deterministic"),
    ],
)
def test_bad_evidence_is_named(nodes: pd.DataFrame, links: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve_frames(nodes, links)

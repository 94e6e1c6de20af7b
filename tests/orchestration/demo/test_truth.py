"""Comparing what is published with a truth that is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.people import acquaintances, own_identifiers
from orchestration.demo.people_summary import truth_lines
from orchestration.demo.truth import compare_with_truth

Publish = Callable[[dict[str, pd.DataFrame]], Published]
Assigned = Callable[[list[tuple[str, str, str]]], dict[str, pd.DataFrame]]

# Ada and Bob have a card and an address each; Bob's second cookie went to Ada; `ck-shared` is used by both.
TRUTH = [
    ("loyalty_id", "1", "ada"),
    ("email", "ada@shop.test", "ada"),
    ("cookie", "ck-a", "ada"),
    ("loyalty_id", "2", "bob"),
    ("email", "bob@shop.test", "bob"),
    ("cookie", "ck-b", "bob"),
    ("cookie", "ck-b2", "bob"),
    ("cookie", "ck-shared", "ada"),
    ("cookie", "ck-shared", "bob"),
    ("cookie", "ck-bot", None),
    ("loyalty_id", "3", "cid never seen"),
]
FOUND = [
    ("loyalty_id", "1", "c1"),
    ("email", "ada@shop.test", "c1"),
    ("cookie", "ck-a", "c1"),
    ("cookie", "ck-b2", "c1"),
    ("loyalty_id", "2", "c2"),
    ("email", "bob@shop.test", "c2"),
    ("cookie", "ck-b", "c3"),
    ("cookie", "ck-shared", "c1"),
    ("cookie", "ck-bot", "c4"),
]
VISITS = [("s1", "c1", "ada"), ("s2", "c1", "bob"), ("s3", "c2", "bob"), ("s4", "c3", "bob"), ("s5", None, "ada")]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    folder = tmp_path / "truth"
    folder.mkdir()
    pd.DataFrame(TRUTH, columns=["type", "value_clear", "person_id"]).to_parquet(folder / "identifiers.parquet")
    rows = [(session, person, False) for session, _, person in VISITS]
    rows += [("s6", "ada", False), ("b1", None, True)]
    pd.DataFrame(rows, columns=["session_id", "person_id", "is_bot"]).to_parquet(folder / "sessions.parquet")
    return folder


@pytest.fixture
def published(publish: Publish, assigned: Assigned) -> Published:
    sessions = pd.DataFrame(
        [(session, customer, False) for session, customer, _ in VISITS] + [("b1", None, True)],
        columns=["session_id", "customer_id", "is_bot"],
    )
    customers = pd.DataFrame({"customer_id": ["c1", "c2", "c3", "c4"]})
    customers["consent_personalization"] = [True, False, True, True]
    customers["is_known"] = [True, True, False, False]
    tables = assigned(FOUND)
    return publish({**tables, "marts.fct_session": sessions, "marts.dim_customer": customers})


def test_pairs_are_judged_over_identifiers_of_one_person(project: Project, published: Published, truth: Path) -> None:
    report = compare_with_truth(project, published, truth)
    assert report.identifiers is not None
    assert (report.identifiers.sessions, report.people, report.customers) == (7, 2, 3)
    # Together: 6 pairs in c1, 1 in c2. Right: 3 of ada, 1 of bob. True pairs: 3 of ada, 6 of bob.
    assert report.identifiers.pairwise_precision == pytest.approx(4 / 7)
    assert report.identifiers.pairwise_recall == pytest.approx(4 / 9)


def test_visits_are_matched_and_right_or_not(project: Project, published: Published, truth: Path) -> None:
    report = compare_with_truth(project, published, truth)
    # c3 is known by a cookie alone and s5 has no customer; s6 was never seen; of the three matched, s2 is bob's.
    assert report.visits is not None
    assert report.visits.sessions == 5
    assert report.visits.match_rate == pytest.approx(3 / 5)
    assert report.right_share == pytest.approx(2 / 3)


def test_the_report_is_two_sentences(project: Project, published: Published, truth: Path) -> None:
    visits, identifiers = truth_lines(compare_with_truth(project, published, truth))
    assert visits.startswith("visits: 60.0% of 5 matched, 66.7% of those to the right person")
    assert "precision 0.571, recall 0.444" in identifiers
    # B-cubed: precision (3 x 3/4 + 1/4 + 2 x 1 + 1) / 7 = 0.786, recall (3 x 1 + 1/4 + 2 x 1/2 + 1/4) / 7 = 0.643.
    assert "B-cubed F1 0.707" in identifiers
    assert identifiers.endswith("33.3% of customers mix people, at most 2 in one")


def test_before_anybody_is_seen_there_is_nothing_to_compare(
    project: Project, publish: Publish, assigned: Assigned, truth: Path
) -> None:
    sessions = pd.DataFrame({"session_id": ["x"], "customer_id": ["c1"], "is_bot": [False]})
    customers = pd.DataFrame({"customer_id": ["c1"], "is_known": [True]})
    tables = assigned([("email", "stranger@shop.test", "c1")])
    published = publish({**tables, "marts.fct_session": sessions, "marts.dim_customer": customers})
    report = compare_with_truth(project, published, truth)
    assert (report.identifiers, report.visits, report.people) == (None, None, 0)
    assert truth_lines(report) == ["nobody is on both sides yet"]


def test_only_identifiers_of_one_person_may_stand_for_somebody(truth: Path) -> None:
    own = own_identifiers(truth / "identifiers.parquet")
    assert own["ada"] == {"loyalty_id": "1", "email": "ada@shop.test", "cookie": "ck-a"}
    assert "ck-shared" not in str(own)
    assert "ck-bot" not in str(own)


def test_who_is_asked_for_is_known_and_agreed_with_every_identifier(
    project: Project, published: Published, truth: Path
) -> None:
    found = {
        person.identifiers["loyalty_id"]: person
        for person in acquaintances(project, published, truth / "identifiers.parquet")
    }
    assert found["1"].agreed
    # Bob's card and cookies lie with c2 and c3; c2 refused, and the most restrictive word counts.
    assert not found["2"].agreed
    assert "3" not in found

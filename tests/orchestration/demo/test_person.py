"""Following one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import pytest

from intake.contract import load_contract
from intake.hashing import hash_identifier
from intake.ingest import ingest
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.person import choose, raw_events
from orchestration.demo.person_summary import LONGEST_LINE, shortened
from orchestration.demo.questions import Acquaintance

Publish = Callable[[dict[str, pd.DataFrame]], Published]
Assigned = Callable[[list[tuple[str, str, str]]], dict[str, pd.DataFrame]]

ADA = {"loyalty_id": "1", "email": "ada@shop.test", "cookie": "ck-a"}
BOB = {"loyalty_id": "2", "email": "bob@shop.test", "cookie": "ck-b"}


def _customers(**changes: list[object]) -> dict[str, pd.DataFrame]:
    agreed = {f"consent_{name}": [True, True] for name in ("personalization", "marketing_email", "profiling_price")}
    columns = {"customer_id": ["c1", "c2"], "n_identifiers": [5, 5], **agreed}
    features = {"orders_91d": [5, 9], "product_views_30d": [3, 40], "recency_days": [4, 2]}
    customers = pd.DataFrame({name: changes.get(name, values) for name, values in columns.items()})
    signals = pd.DataFrame({"customer_id": ["c1", "c2"]} | {n: changes.get(n, v) for n, v in features.items()})
    return {"marts.dim_customer": customers, "marts.customer_features": signals}


@pytest.fixture
def held(assigned: Assigned) -> dict[str, pd.DataFrame]:
    people = [("c1", ADA), ("c2", BOB)]
    return assigned([(kind, value, customer) for customer, person in people for kind, value in person.items()])


PEOPLE = [Acquaintance(ADA, agreed=True), Acquaintance(BOB, agreed=True)]


def test_the_one_who_browses_most_is_followed(
    project: Project, publish: Publish, held: dict[str, pd.DataFrame]
) -> None:
    followed = choose(project, publish({**held, **_customers()}), PEOPLE)
    assert followed is not None
    assert (followed.customer_id, followed.identifiers) == ("c2", BOB)


@pytest.mark.parametrize(
    "changes",
    [{"consent_profiling_price": [True, False]}, {"n_identifiers": [5, 50]}, {"recency_days": [4, 80]}],
)
def test_who_refused_or_is_unusual_is_passed_over(
    project: Project, publish: Publish, held: dict[str, pd.DataFrame], changes: dict[str, list[object]]
) -> None:
    followed = choose(project, publish({**held, **_customers(**changes)}), PEOPLE)
    assert followed is not None
    assert followed.customer_id == "c1"


def test_nobody_whom_the_demo_knows_in_clear_means_nobody(
    project: Project, publish: Publish, held: dict[str, pd.DataFrame]
) -> None:
    published = publish({**held, **_customers()})
    assert choose(project, published, []) is None
    assert choose(project, published, [Acquaintance({"email": "ada@shop.test"}, agreed=True)]) is None


def test_raw_events_come_from_the_lake_one_of_each_kind_before_the_moment(project: Project) -> None:
    orders = project.config.parent / "example" / "my_orders.csv"
    ingest(project, load_contract(project.sources / "my_orders.yml"), [orders])
    ada = str(hash_identifier(identifier_key_bytes(project.paths), "email", "ada@example.com"))
    now = datetime(2026, 2, 10, tzinfo=UTC)
    (latest,) = raw_events(project, [ada], now)
    assert (latest["what"], f"{latest['occurred_at']:%Y-%m-%d}", float(latest["amount"])) == (
        "1003",
        "2026-01-06",
        13.5,
    )
    (earlier,) = raw_events(project, [ada], datetime(2026, 1, 6, tzinfo=UTC))
    assert earlier["what"] == "1001"
    assert raw_events(project, ["0" * 32], now) == []
    assert raw_events(project, [ada], datetime(2025, 1, 1, tzinfo=UTC)) == []


def test_long_answers_are_shortened() -> None:
    lines = ["tea", "  shows     " + "x" * 500, *[f"  blocked   a{n}: why" for n in range(6)], "  eligible  a"]
    shown = shortened(lines)
    assert shown[0] == "tea"
    assert len(shown[1]) == LONGEST_LINE + 1
    assert shown[-1] == "  blocked   and 3 more"
    assert [line for line in shown if "blocked" in line][:3] == lines[2:5]
    assert shortened(["tea"]) == ["tea"]

"""What an hourly run makes again is what a run over everybody would have made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.hashing import identifier_key
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.changed_customers import publish_changed
from orchestration.partitions import DayRange
from orchestration.refresh.customers import settle, touch_customers
from orchestration.refresh.days import remember_days
from orchestration.snapshot_contents import load_configuration
from orchestration.snapshot_people import everybody, identifiers_of
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import IdentifierRow, ProfileRecord
from serving.snapshot.writer import write_snapshot
from tests.dbt.dbt_room import Event, Room, busy_fortnight, event, hashed, order
from tests.serving import sample

MODELS = [
    *("int_customer_consent", "int_consent_withdrawn", "int_identifier_customers", "int_product_categories"),
    *("int_sensitive_categories", "customer_consent", "customer_features", "dim_customer", "fct_session"),
    *("dim_product", "int_outcomes_told", "int_orders_priced", "int_refunds_bounded"),
    *("fct_refund", "fct_order", "fct_outcome"),
    *("customer_rule_segments", "segment_history"),
]
TABLES = (
    *("intermediate.int_identifier_customers", "intermediate.int_outcomes_told"),
    *("marts.customer_consent", "marts.customer_features", "marts.dim_customer", "marts.fct_session"),
    *("marts.fct_order", "marts.fct_outcome", "marts.fct_refund"),
    *("marts.customer_rule_segments", "marts.segment_history"),
)
# Whoever the ledger knows at first is in a segment by rule since a day.
SEGMENTS = (
    "insert into ml.rule_segment_member select canonical_id, 'known' from identity.canonical"
    " where not exists (select 1 from ml.rule_segment_member)",
    "insert into ml.segment_history select canonical_id, 'rule', 'known', date '2017-01-02', null"
    " from identity.canonical where not exists (select 1 from ml.segment_history)",
)
DEFINITION = "as it is"
# Of people, what no model of this shop makes.
APART = """
    create table marts.customer_segments (customer_id varchar, segment_id int, segment_name varchar, rung varchar);
    create table marts.customer_scores (customer_id varchar, churn_probability double, ltv_amount double);
    create table marts.customer_recommendations
        (customer_id varchar, task varchar, rank int, product_id varchar, score double, reason varchar);
    create table marts.customer_product (customer_id varchar, product_id varchar, last_ordered_at timestamp)
"""


@contextmanager
def touched_only() -> Iterator[None]:
    """The environment of an hourly run."""
    os.environ["CONCIERGE_REFRESH"] = "touched"
    try:
        yield
    finally:
        del os.environ["CONCIERGE_REFRESH"]


class Hourly:
    """One shop that is refreshed hour by hour."""

    def __init__(self, root: Path) -> None:
        self.room = Room(root)
        self.warehouse = Warehouse(self.room.warehouse)
        self.project = Project(DataPaths(root / "data"), sample.CONFIG, Settings(), FixedClock(sample.NOW))
        self.rules = load_configuration(self.project)
        self.runs = 0

    def everybody(self) -> None:
        """A daily run."""
        self.room.resolve_identities()
        for statement in SEGMENTS:
            self.room.execute(statement)
        self._touch()
        self.room.dbt("run", "--full-refresh", "--select", *MODELS)
        self._settle()

    def hour(self, name: str, events: Sequence[Event]) -> set[str]:
        """An hourly run over what has landed; whose rows were made again."""
        self.land(name, events)
        self.room.resolve_identities()
        self._touch()
        found = {row[0] for row in self.room.execute("select customer_id from refresh.customer")}
        with touched_only():
            self.room.dbt("run", "--select", *MODELS)
        publish_changed(self.project, self.warehouse)
        self._settle()
        return found

    def night(self) -> None:
        """A whole snapshot goes live."""
        for statement in APART.split(";"):
            self.room.execute(statement)
        root, (people, owned) = self.project.paths.snapshots, self._people()
        rules = {"placements": self.rules.placements, "policies": self.rules.policies}
        contents = sample.contents(profiles=people, identifiers=owned, decision_rows=[], **rules)
        (as_of,) = self.room.execute("select as_of from ops.run_context")[0]
        write_snapshot(root, contents, version="night", as_of=as_of.replace(tzinfo=UTC), created_at=sample.NOW)
        pointer.switch(root, "night")

    def is_served_whole(self) -> bool:
        """Whether the live version says of people what a whole snapshot would say now."""
        people, owned = self._people()
        with self.reader() as reader:
            keys = [(one.type, one.value_hash) for one in owned]
            assert [reader.count("profile"), reader.count("identifier")] == [len(people), len(owned)]
            assert [reader.customer_id(*key) for key in keys] == [one.customer_id for one in owned]
            return [reader.profile(one.customer_id) for one in people] == people

    def reader(self) -> SnapshotReader:
        """Of the live version."""
        root = self.project.paths.snapshots
        return SnapshotReader((root / pointer.POINTER).resolve())

    def _people(self) -> tuple[list[ProfileRecord], list[IdentifierRow]]:
        return list(everybody(self.warehouse, self.rules)), list(identifiers_of(self.warehouse))

    def land(self, name: str, events: Sequence[Event]) -> None:
        """New files, and their days rebuilt."""
        self.room.land(name, events)
        days, step = [row["occurred_at"].date() for row in events], timedelta(days=1)
        built = DayRange(min(days) - step, max(days) + step)
        remember_days(self.warehouse, built)
        self.room.build_days(f"{built.first}", f"{built.end}")

    def _touch(self) -> None:
        self.runs += 1
        touch_customers(self.warehouse, DEFINITION, str(self.runs))

    def _settle(self) -> None:
        assert settle(self.warehouse, DEFINITION, str(self.runs))

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of the tables that an hourly run keeps."""
        return {address: self.room.table(address) for address in TABLES}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Hourly:
    """A fortnight, built for everybody."""
    hourly = Hourly(tmp_path_factory.mktemp("hourly"))
    hourly.room.land("shop", busy_fortnight())
    hourly.room.stand_at("2017-01-20 10:30:00")
    hourly.room.build_days("2017-01-01", "2017-01-21")
    hourly.everybody()
    hourly.night()
    return hourly


def test_hours_in_a_row_leave_what_one_run_over_everybody_makes(shop: Hourly) -> None:
    before = shop.tables()
    refusal = {"purpose": "personalization", "granted": False, "regime": "opt_out"}
    said = event("said", "consent_updated", "2017-01-16 12:00:00", who="loyalty_id:2", properties=refusal)
    came = order("first", "2017-01-16 13:00:00", "loyalty_id:9", ["5.00"])
    back = order("o5", "2017-01-16 14:00:00", "loyalty_id:2", ["1.00"], event_type="order_refunded")
    touched = shop.hour("said", [said, came, back])
    consented = shop.tables()
    assert {row[0] for row in set(consented["marts.dim_customer"]) ^ set(before["marts.dim_customer"])} == touched
    # The service knows whoever came, and of who refused nothing but that.
    assert shop.is_served_whole()
    with shop.reader() as reader:
        new = reader.customer_id("loyalty_id", hashed("loyalty_id", "9"))
        (refused,) = touched - {new}
        known = reader.profile(refused)
        assert known is not None
        assert (known.consent_personalization, reader.manifest.delta["profile"]) == (False, 2)
    sql = "select customer_id from marts.dim_customer where not consent_personalization order by 1"
    assert (refused,) in shop.room.execute(sql)

    # A stranger's browser turns out to be a customer's; a late order; a word of the catalogue that moves old spend.
    stranger = event("tie", "logged_in", "2017-01-15 09:00:00", who="login:0 cookie:11", session_id="v11")
    late = order("late", "2017-01-10 10:00:00", "loyalty_id:1", ["5.00"], delay_s=3 * 86_400)
    named = event("named", "product_updated", "2017-01-17 00:00:01", product_id="p0", category="cat9")
    touched = shop.hour("more", [late, stranger, named])
    hourly = shop.tables()
    assert shop.is_served_whole()
    with shop.reader() as reader:
        assert reader.manifest.delta["profile_gone"] == 1
        assert reader.customer_id("cookie", hashed("cookie", "11")) == reader.customer_id("login", hashed("login", "0"))
    assert refused in touched
    assert len(touched) < len(consented["marts.dim_customer"])
    assert len(hourly["marts.dim_customer"]) == len(consented["marts.dim_customer"]) - 1

    # They are taken apart again, the late order was none, somebody withdraws, goods of old orders cost something else,
    # and an earlier refund like the known one makes that the second.
    shop.room.execute(
        "insert into identity.identity_override (a_key, b_key, kind, actor, reason, created_at)"
        " values (least($1, $2), greatest($1, $2), 'cannot_link', 'me', 'two people', timestamp '2017-01-18')",
        [identifier_key(hashed("cookie", "11")), identifier_key(hashed("login", "0"))],
    )
    shop.room.hide("more", date(2017, 1, 10))
    refusal = {"purpose": "analytics", "granted": False, "regime": "opt_out"}
    withdrawn = event("withdrawn", "consent_updated", "2017-01-11 12:00:00", who="loyalty_id:1", properties=refusal)
    cost = event("cost", "price_updated", "2017-01-11 12:00:00", product_id="p0", properties={"cost": 0.5})
    earlier = {**back, "event_id": "earlier", "occurred_at": back["occurred_at"] - timedelta(days=4)}
    shop.hour("apart", [withdrawn, cost, earlier])
    before, hourly = hourly, shop.tables()
    assert len(hourly["marts.fct_order"]) == len(before["marts.fct_order"]) - 1
    assert len(hourly["marts.fct_refund"]) == len(before["marts.fct_refund"]) + 1
    shop.everybody()
    assert {name: len(rows) for name, rows in hourly.items()} == {n: len(rows) for n, rows in shop.tables().items()}
    assert hourly == shop.tables()

"""An event speaks as it was staged, whichever file of the lake it is read from."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.clock import FixedClock
from intake.event import EVENT_SCHEMA
from intake.ops_records import LakeFile
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.learning.registry import read_registry
from orchestration.learning.tick import Learned, update
from tests.orchestration.month import empty_warehouse

AT = datetime(2026, 10, 25, 1, tzinfo=UTC)
ORDER = {"event_id": "o1", "event_type": "order_completed", "order_id": "1", "amount": 20, "session_id": "s1"}


class House:
    """A data folder with a lake, and a warehouse in which nothing was shown."""

    def __init__(self, root: Path) -> None:
        ignored = shutil.ignore_patterns("experiments", "sources")
        shutil.copytree(repository_root() / "config", root / "config", ignore=ignored)
        self.project = Project(DataPaths(root / "data"), root / "config", Settings(), FixedClock(AT))
        self.project.paths.root.mkdir()
        empty_warehouse.make(self.project.paths.warehouse)

    def land(self, name: str) -> str:
        """A file with the order; its path."""
        told = {"occurred_at": AT, "received_at": AT, "source": "shop", "is_simulated": False, "loaded_at": AT}
        row = {**dict.fromkeys(EVENT_SCHEMA.names), **told, "identifiers": [], "properties": "{}", **ORDER}
        path = f"lake/events/event_date=2026-10-25/{name}.parquet"
        target = self.project.paths.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist([row], schema=EVENT_SCHEMA), target)
        file = LakeFile(path, "shop", AT.date(), name, 1, AT, AT, AT)
        with OpsStore(self.project.paths).transaction() as connection:
            times = (AT.isoformat(), AT.isoformat(), AT.isoformat())
            connection.execute(
                "insert into lake_file (path, source, event_date, batch_id, rows, min_received_at, max_received_at,"
                " loaded_at, state) values (?, ?, ?, ?, ?, ?, ?, ?, 'visible')",
                (path, file.source, "2026-10-25", name, 1, *times),
            )
        return path

    def look(self) -> Learned:
        return update(self.project, read_registry(self.project), AT + timedelta(hours=1), look_at_facts=True)

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.project.paths.warehouse)) as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def persons(self) -> list[tuple[object, ...]]:
        return self.execute("select outcome_id, person from ml.learned_outcome")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_an_event_speaks_as_staged_whichever_file_it_is_read_from(house: House) -> None:
    path = house.land("first")
    assert house.look().fresh_events == 1
    assert house.persons() == [("order:1", "session:s1")]
    # Staging has found who was logged in; the facts do not hold it yet.
    house.execute("insert into identity.identifier by name select 7 as identifier_key")
    house.execute("insert into intermediate.int_events by name select * replace (7 as login_key) from ml.fresh_event")
    ann = "7, 'ann', date '0001-01-01', date '9999-12-31', true, true"
    house.execute(f"insert into intermediate.int_identifier_customers values ({ann})")
    house.look()
    assert house.persons() == [("order:1", "ann")]
    columns = "outcome_id, kind, person as customer_id, order_id, occurred_at, received_at, is_converted"
    house.execute(
        f"insert into marts.fct_outcome by name select {columns}, false as is_refused, revenue_micros / 1000000"
        " as revenue_amount, margin_micros / 1000000 as margin_amount from ml.learned_outcome"
    )
    house.execute(f"insert into intermediate.int_lake_in_facts values ('{path}', timestamp '2026-10-25 02:00:00')")
    assert (house.look().outcomes, house.execute("select count(*) from ml.fresh_event")) == (0, [(0,)])
    house.land("second")
    done = house.look()
    assert (done.outcomes, house.persons()) == (0, [("order:1", "ann")])

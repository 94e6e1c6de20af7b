"""A made-up company's own sources after an erasure: the same files, read again from the first, bring nobody back."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from intake.hashing import identifier_key
from intake.mentions import is_telling
from intake.ops_store import OpsStore
from intake.project import Project
from intake.scan import scan_locations
from orchestration.erasure.passing import erase
from orchestration.erasure.resolve import Given, given_identifiers
from orchestration.erasure.stores import unclaimed
from tests.orchestration.erasure.shop import remains
from tests.system.small_company import company

pytestmark = pytest.mark.system

NAMES = ("loyalty_id", "login", "email", "cookie")
# What the erasure names and does not touch: the shop's own files, and the simulator's truth.
OURS = ("landing", "truth")


def _take_in(project: Project) -> None:
    """Every file of every source."""
    states = Counter(file.state for report in scan_locations(project) for file in report.files)
    assert states.keys() == {"ingested"}


def _forget_what_was_read(project: Project) -> None:
    with OpsStore(project.paths).transaction() as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            if "batch_id" in [row[1] for row in connection.execute(f"pragma table_info({table})")]:
                connection.execute(f"delete from {table}")
    for file in (*project.paths.lake_events.rglob("*.parquet"), *project.paths.vault.rglob("*.parquet")):
        file.unlink()


def _busiest(project: Project) -> list[Given]:
    """All identifiers of whoever has the most events among those whom nobody shares anything with."""
    seen: Counter[str] = Counter()
    for file in OpsStore(project.paths).visible_files():
        pairs = pc.list_flatten(pq.read_table(project.paths.root / file.path, partitioning=None).column("identifiers"))
        seen.update(pc.struct_field(pairs.combine_chunks(), "value").to_pylist())
    truth = pq.read_table(project.paths.root / "truth" / "identifiers.parquet").to_pylist()
    rows = [row for row in truth if row["type"] in NAMES]
    hashed = given_identifiers(project, [(row["type"], row["value_clear"]) for row in rows])
    owners: dict[str, set[str]] = {}
    theirs: dict[str, list[Given]] = {}
    for row, one in zip(rows, hashed, strict=True):
        owners.setdefault(one.value_hash, set()).add(row["person_id"])
        theirs.setdefault(row["person_id"], []).append(one)
    alone = [own for own in theirs.values() if all(len(owners[one.value_hash]) == 1 for one in own)]
    return max(alone, key=lambda own: (len({one.type for one in own}), sum(seen[one.value_hash] for one in own)))


def _orders(project: Project) -> tuple[int, Decimal]:
    number, money = 0, Decimal(0)
    for file in OpsStore(project.paths).visible_files():
        rows = pq.read_table(project.paths.root / file.path, partitioning=None)
        orders = rows.filter(pc.equal(rows.column("event_type"), "order_completed"))
        number += orders.num_rows
        money += sum((Decimal(str(amount)) for amount in orders.column("amount").to_pylist() if amount), Decimal(0))
    return number, money


def test_nobody_comes_back_from_the_same_files(tmp_path: Path) -> None:
    project = company(tmp_path)
    _take_in(project)
    own, orders = _busiest(project), _orders(project)
    assert len({one.type for one in own}) >= 3
    needles = [one.value.lower() for one in own if is_telling(one.value)]
    for one in own:
        needles += [one.value_hash, one.value_hash[:15], str(identifier_key(one.value_hash))]
    places = {line.partition("/")[0] for line in remains(project.paths.root, needles, OURS)}
    assert places >= {"lake", "vault"}

    (proof,) = erase(project, [(one.type, one.value) for one in own], "dpo")
    assert proof.holds
    assert remains(project.paths.root, needles, OURS) == []
    assert _orders(project) == orders
    assert orders[0] > 0

    _forget_what_was_read(project)
    _take_in(project)
    assert sum(batch.suppressed for batch in OpsStore(project.paths).batches()) > 0
    assert remains(project.paths.root, needles, OURS) == []
    assert _orders(project) == orders
    assert unclaimed(project.paths.root) == []

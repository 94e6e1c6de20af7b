"""A made-up company after an erasure: neither a run nor the same files again bring anybody back; revenue stays."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from intake.contract import load_contract
from intake.hashing import identifier_key
from intake.ingest import ingest
from intake.mentions import is_telling
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.erasure.passing import erase
from orchestration.erasure.resolve import given_identifiers
from orchestration.erasure.stores import unclaimed
from orchestration.pipeline import run_pipeline
from orchestration.warehouse import Warehouse
from tests.orchestration.erasure.shop import remains
from tests.system.small_company import company, settled

pytestmark = pytest.mark.system

STAGES = ["group:intake", "group:lake", "group:staging", "group:daily", "group:identity", "marts/fct_order"]
NAMES = ("loyalty_id", "login", "email")
# What the erasure names and does not touch: the shop's own files, and the simulator's truth.
OURS = ("landing", "truth")
BUSIEST = """
    select customer_id from marts.fct_order where customer_id is not null
    group by customer_id order by count(*) desc, customer_id limit 1
"""
REVENUE = "select count(*), sum(order_amount) from marts.fct_order"
OWN = """
    select i.type, i.value_hash from identity.identity_assignment as a
    inner join identity.identifier as i using (identifier_key)
    where a.canonical_id = ? and a.system_to > timestamp '9999-01-01' and i.status not in ('shared', 'blocked', 'hint')
"""


def _in_clear(project: Project, own: list[tuple[object, ...]]) -> list[tuple[str, str]]:
    """The customer's identifiers as the simulated truth has them."""
    hashes = {str(value) for _, value in own}
    known = pq.read_table(project.paths.root / "truth" / "identifiers.parquet").to_pylist()
    pairs = [(row["type"], row["value_clear"]) for row in known]
    hashed = given_identifiers(project, [pair for pair in pairs if pair[0] in NAMES])
    return [(one.type, one.value) for one in hashed if one.value_hash in hashes]


def _rows(project: Project, sql: str, *values: object) -> list[tuple[object, ...]]:
    with Warehouse(project.paths.warehouse).connect() as connection:
        return connection.execute(sql, list(values)).fetchall()


def _take_in_again(project: Project) -> None:
    """Every file once more, as if none had ever been read."""
    with OpsStore(project.paths).transaction() as connection:
        for table in ("batch", "quarantine_row_count"):
            connection.execute(f"delete from {table}")
    for folder in sorted((project.paths.root / "landing").iterdir()):
        contract = project.sources / f"{folder.name}.yml"
        if folder.is_dir() and contract.exists():
            ingest(project, load_contract(contract), [folder])


def test_nobody_comes_back(tmp_path: Path) -> None:
    project = company(tmp_path)
    run_pipeline(project, settled(project), select=STAGES)
    assert unclaimed(project.paths.root) == []
    ((customer,),) = _rows(project, BUSIEST)
    own, revenue = _rows(project, OWN, customer), _rows(project, REVENUE)
    given = _in_clear(project, own)
    needles = [str(customer), *(value.lower() for _, value in given if is_telling(value))]
    for _, value in own:
        needles += [str(value), str(value)[:15], str(identifier_key(str(value)))]
    assert {line.partition("/")[0] for line in remains(project.paths.root, needles, OURS)} >= {"lake", "vault"}

    (proof,) = erase(project, given[:1], "dpo")
    assert proof.holds
    assert remains(project.paths.root, needles, OURS) == []

    report = run_pipeline(project, settled(project), select=STAGES)
    assert report.days_built
    assert _rows(project, REVENUE) == revenue
    assert remains(project.paths.root, needles, OURS) == []

    _take_in_again(project)
    assert remains(project.paths.root, needles, OURS) == []
    assert unclaimed(project.paths.root) == []

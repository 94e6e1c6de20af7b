"""A company of identity hard cases through the real path: its own contracts, intake, daily models, matching, ledger."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from intake.contract import load_contracts
from intake.ingest import ingest
from intake.keys import identifier_key_bytes
from intake.ops_records import IdentityOverride
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.cli.identity_evaluate import compare, read_truth
from orchestration.pipeline import run_pipeline
from orchestration.warehouse import Warehouse
from simulation.identity.contracts import SOURCES
from simulation.identity.write import read_ceiling, write_identity_company
from tests.system.parsed_project import lend

# More than 31 days are built in months: the test is about people, and 30 days one by one take four times as long.
PEOPLE, DAYS, SEED = 300, 32, 3
END = datetime(2024, 2, 2, tzinfo=UTC)
FIRST_ORDER = ("shop_web", "shop_guest_orders", "shop_pos", "shop_crm")
STAGES = ["group:intake", "group:lake", "group:staging", "group:daily", "group:identity"]
PEOPLE_NOW = """
select identifier_key, canonical_id, tier, valid_from, valid_to from identity.identity_assignment
where system_to > timestamp '9999-01-01' order by all
"""


def _project(root: Path, company: Path) -> Project:
    """The project's configuration with the company's contracts for sources; the clock stands a day after its end."""
    config = root / "config"
    shutil.copytree(repository_root() / "config", config)
    shutil.rmtree(config / "sources")
    shutil.copytree(company / "sources", config / "sources")
    settings = yaml.safe_load((config / "settings.yml").read_text())
    settings["clock"] = {"start": (END + timedelta(days=1)).isoformat()}
    (config / "settings.yml").write_text(yaml.safe_dump(settings))
    return Project.open(DataPaths(root / "data"), config)


def _resolved(project: Project, hours: int = 1) -> Warehouse:
    run_pipeline(project, END + timedelta(hours=hours), select=STAGES)
    return Warehouse(project.paths.warehouse)


TIED = """
select e.a_key, e.b_key from identity.identity_edge as e
inner join identity.identity_assignment as a on e.a_key = a.identifier_key and a.system_to > timestamp '9999-01-01'
inner join identity.identity_assignment as b on e.b_key = b.identifier_key and b.system_to > timestamp '9999-01-01'
where e.state = 'active' and e.kind = 'deterministic' and a.canonical_id = b.canonical_id order by e.edge_key limit 1
"""


def _people_of(warehouse: Warehouse, keys: tuple[int, int]) -> set[object]:
    sql = f"{PEOPLE_NOW.partition('order')[0]} and identifier_key in (?, ?)"
    return {row[1] for row in warehouse.rows(sql, list(keys))}


def _an_unlink_shows_with_the_next_run_and_goes_with_its_removal(project: Project, warehouse: Warehouse) -> None:
    before, ops = warehouse.rows(PEOPLE_NOW), OpsStore(project.paths)
    a_key, b_key = (int(str(key)) for key in warehouse.rows(TIED)[0])
    at = END + timedelta(hours=2)
    ops.record_override(IdentityOverride(a_key, b_key, "cannot_link", "ana", "two people", at))
    assert len(_people_of(_resolved(project, hours=3), (a_key, b_key))) == 2
    assert ops.remove_override(a_key, b_key, actor="ana", at=at + timedelta(hours=2))
    assert _resolved(project, hours=5).rows(PEOPLE_NOW) == before


@pytest.mark.system
def test_hard_cases_are_told_apart_whatever_the_order_of_files(tmp_path: Path, parsed_project: Path) -> None:
    company = tmp_path / "company"
    report = write_identity_company(company / "landing", company / "truth", PEOPLE, DAYS, SEED)
    assert report.end_date == END.date().isoformat()

    straight = _project(tmp_path / "straight", company)
    lend(parsed_project, straight.paths.root)
    warehouse = _resolved(straight)
    truth = company / "truth" / "identifiers.parquet"
    found = compare(straight, warehouse, read_truth(truth, None), truth)  # type: ignore[arg-type]
    best = read_ceiling(company / "truth")
    assert found.unknown == 0
    assert found.quality.sessions == best.items
    assert 0.9 <= found.quality.pairwise_f1 <= best.pairwise_f1
    assert 0.9 <= found.quality.bcubed_f1 <= best.bcubed_f1
    assert found.quality.over_merged_share <= 0.03
    assert found.quality.largest_mix <= 5

    other = _project(tmp_path / "other", company)
    shutil.copytree(straight.paths.root / "keys", other.paths.root / "keys")
    lend(parsed_project, other.paths.root)
    assert identifier_key_bytes(other.paths) == identifier_key_bytes(straight.paths)
    contracts = load_contracts(other.sources)
    assert sorted(FIRST_ORDER) == sorted(SOURCES)
    for source in FIRST_ORDER:
        taken = ingest(other, contracts[source], [Path(contracts[source].location[0])])
        assert taken.total("events") > 0
        assert taken.total("quarantined") == 0
    assert _resolved(other).rows(PEOPLE_NOW) == warehouse.rows(PEOPLE_NOW)

    _an_unlink_shows_with_the_next_run_and_goes_with_its_removal(straight, warehouse)

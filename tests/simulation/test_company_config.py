"""A configuration for a small company, read by intake's own loaders; and the contracts of the simulated sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from intake.contract import load_contract, load_contracts
from intake.paths import repository_root
from intake.settings import load_settings
from simulation.company_config import write_company_config
from simulation.digital_layer import DigitalLayer
from simulation.incentives import ARMS
from simulation.report import SimulationReport

CONFIG = repository_root() / "config"
SIMULATED = sorted(file.stem for file in (CONFIG / "sources").glob("sim_*.yml"))


def test_every_simulated_source_has_a_contract(company: SimulationReport) -> None:
    assert {source.source for source in company.sources} - {"shop"} == set(SIMULATED)


@pytest.mark.parametrize("name", SIMULATED)
def test_contracts_name_exactly_the_columns_that_land(company: SimulationReport, name: str) -> None:
    contract = load_contract(CONFIG / "sources" / f"{name}.yml")
    file = min((company.landing / name).iterdir())
    if file.suffix == ".parquet":
        columns = set(pq.read_schema(file).names)
    else:
        columns = set(json.loads(file.read_text(encoding="utf-8").splitlines()[0]))
    assert contract.is_simulated
    # Every call of sim_lists is a track call; a contract may also look inside of an object.
    unread = {"is_simulated", "type"} if name == "sim_lists" else {"is_simulated"}
    assert {column.partition(".")[0] for column in contract.source_columns()} == columns - unread


def test_locations_point_into_the_company(company: SimulationReport, tmp_path: Path) -> None:
    config = write_company_config(CONFIG, tmp_path / "config", company.landing)
    contracts = load_contracts(config / "sources")
    assert set(SIMULATED) <= set(contracts)
    for contract in contracts.values():
        for location in contract.location:
            assert "completejourney" not in location
            if location.startswith(str(company.landing)):
                matches = list(Path("/").glob(location.lstrip("/")))
                assert matches, location


def test_the_clock_starts_when_the_data_ends(company: SimulationReport, tmp_path: Path) -> None:
    config = write_company_config(CONFIG, tmp_path / "config", company.landing, minimum_segment_size=20)
    settings, base = load_settings(config), load_settings(CONFIG)
    assert settings.clock.start == datetime(2017, 6, 30, tzinfo=UTC)
    assert settings.segments.minimum_size == 20
    assert settings.time_zone == base.time_zone
    assert settings.seed == base.seed


def test_the_segment_floor_stays_unless_given(company: SimulationReport, tmp_path: Path) -> None:
    config = write_company_config(CONFIG, tmp_path / "config", company.landing)
    assert load_settings(config).segments == load_settings(CONFIG).segments


def test_a_landing_without_a_company_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"simulation\.json: not there"):
        write_company_config(CONFIG, tmp_path / "config", tmp_path)
    assert not (tmp_path / "config").exists()


def test_an_existing_configuration_is_not_overwritten(company: SimulationReport, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    with pytest.raises(FileExistsError):
        write_company_config(CONFIG, tmp_path / "config", company.landing)


def test_outcomes_have_no_free_lunch(layer: DigitalLayer) -> None:
    cost = {arm.name: arm.cost_share + arm.fixed_cost for arm in ARMS}
    assert cost.pop("none") == 0
    assert min(cost.values()) > 0
    assert (layer.outcomes.p_convert[:, 1:] >= layer.outcomes.p_convert[:, :1]).all()

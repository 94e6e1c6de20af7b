"""Files, contracts and truth agree with each other, and the same seed gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from intake.contract import load_contracts
from intake.hashing import normalise
from simulation.__main__ import app
from simulation.identity.contacts import BOT_ADDRESSES
from simulation.identity.contracts import FILES
from simulation.identity.write import read_ceiling, write_identity_company


def _digests(root: Path) -> dict[str, str]:
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for part in ("landing", "truth")
        for file in sorted((root / part).iterdir())
    }


def _read(root: Path, source: str) -> pd.DataFrame:
    file = root / "landing" / FILES[source]
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    if file.suffix == ".gz":
        return pd.DataFrame([json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()])
    return pd.read_csv(file, dtype=str)


def _shown(root: Path) -> dict[str, set[str]]:
    """Every identifier in the files by type, in its one spelling."""
    found: dict[str, set[str]] = {}
    for contract in load_contracts(root / "sources").values():
        frame = _read(root, contract.name)
        for spec in contract.identifiers:
            kind = str(spec.type)
            values = {normalise(kind, str(value)) for value in frame[spec.column].dropna().unique()}
            found.setdefault(kind, set()).update(value for value in values if value is not None)
    return found


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 9), ("again", 9), ("other", 10)):
        write_identity_company(tmp_path / name / "landing", tmp_path / name / "truth", 150, 20, seed)
    one, again, other = (_digests(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert all(one[name] != other[name] for name in one)


def test_a_second_call_leaves_the_files_alone(written: Path) -> None:
    marker = written / "landing" / "simulation.json"
    size = json.loads(marker.read_text())["sources"][0]["files"][0]["size_bytes"]
    assert size == (written / "landing" / "crm.csv").stat().st_size


def test_the_truth_lists_exactly_what_the_files_show(written: Path) -> None:
    truth = pd.read_parquet(written / "truth" / "identifiers.parquet")
    assert not truth.duplicated().any()
    shown = _shown(written)
    assert set(shown) == set(truth["type"])
    for kind, rows in truth.groupby("type"):
        known = {normalise(str(kind), value) for value in rows["value_clear"]} - {None}
        assert known == shown[str(kind)], kind


def test_every_record_and_visit_has_its_person(written: Path) -> None:
    records = pd.read_parquet(written / "truth" / "records.parquet").set_index("record_id")
    customers, receipts = _read(written, "shop_crm"), _read(written, "shop_pos")
    assert set(customers["customer_no"]) | set(receipts["delivery_no"].dropna()) == set(records.index)
    assert records["person_id"].notna().all()
    sessions = pd.read_parquet(written / "truth" / "sessions.parquet")
    assert set(_read(written, "shop_web")["visit"]) == set(sessions["session_id"])
    assert sessions["person_id"].isna().sum() == sessions["is_bot"].sum() == BOT_ADDRESSES


def test_shared_identifiers_have_a_row_a_person_and_dummies_nobody(written: Path) -> None:
    truth = pd.read_parquet(written / "truth" / "identifiers.parquet")
    owners = truth.groupby(["type", "value_clear"])["person_id"].nunique()
    assert set(owners[owners > 1].index.get_level_values("type")) >= {"email", "phone", "device_id", "cookie"}
    assert owners.max() > 5, "a kiosk has many"
    assert (owners.loc[["crm_id", "pos_id", "login", "loyalty_id"]] == 1).all()
    nobodys = truth.loc[truth["person_id"].isna(), "value_clear"]
    assert {"till@shop.example", "customer@shop.example"} <= set(nobodys)


def test_members_of_a_household_share_an_address(written: Path) -> None:
    households = pd.read_parquet(written / "truth" / "households.parquet")
    records = pd.read_parquet(written / "truth" / "records.parquet").merge(households, on="person_id")
    first = _read(written, "shop_crm").drop_duplicates("customer_no")
    both = first.merge(records, left_on="customer_no", right_on="record_id")
    streets = both.groupby("household_id")["zip"].nunique()
    assert households["person_id"].is_unique
    assert (streets == 1).mean() > 0.9


def test_a_case_is_known_for_everybody(written: Path) -> None:
    cases = pd.read_parquet(written / "truth" / "cases.parquet")
    assert cases["person_id"].nunique() == 2_000
    assert not cases.duplicated().any()


def test_contracts_name_columns_that_the_files_have(written: Path) -> None:
    contracts = load_contracts(written / "sources")
    assert set(contracts) == set(FILES)
    for name, contract in contracts.items():
        assert contract.is_simulated
        assert contract.source_columns() <= set(_read(written, name).columns)


def test_truth_inside_the_landing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lies under the landing folder"):
        write_identity_company(tmp_path, tmp_path / "truth", 100, 20, 1)


def test_the_command_writes_and_says_what_is_within_reach(tmp_path: Path) -> None:
    out, truth = str(tmp_path / "landing"), str(tmp_path / "truth")
    arguments = ["identity", "--people", "120", "--days", "20", "--seed", "2", "--out", out, "--truth", truth]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert f"{read_ceiling(tmp_path / 'truth').pairwise_f1:.4f}" in result.output
    assert "unchanged" in CliRunner().invoke(app, arguments).output
    assert CliRunner().invoke(app, [*arguments[:2], "50", *arguments[3:]]).exit_code == 2

"""What a source knows of somebody that nothing may decide by comes in under no other name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from intake.contract import ContractError, load_contract, load_contracts
from intake.paths import repository_root

CRM: dict[str, Any] = {
    "name": "crm",
    "kind": "crm",
    "format": "csv",
    "event_type": {"value": "profile_updated"},
    "event_id": "id",
    "columns": {"occurred_at": "at"},
    "identifiers": [{"type": "email", "column": "mail"}],
    "sensitive": {"faith": "x17"},
}


def _written(folder: Path, **changes: Any) -> Path:
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sensitive.yml").write_text("attributes: [blood_type]\n", encoding="utf-8")
    file = folder / "sources" / "crm.yml"
    file.write_text(yaml.safe_dump({**CRM, **changes}), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {"occurred_at": "at", "device_type": "gender"}}, "columns.device_type: 'gender'"),
        ({"columns": {"occurred_at": "at", "campaign": {"column": "x17"}}}, "columns.campaign: 'x17' .*'faith'"),
        ({"properties": {"answer": "person.birth_date"}}, "properties.answer: 'person.birth_date' .*'birth_date'"),
        ({"traits": {"band": "hh_income"}}, "traits.band: 'hh_income' .*'income'"),
        ({"zero_party": {"style": "Blood-Type"}}, "zero_party.style: 'Blood-Type' .*'blood_type'"),
        ({"aliases": {"mail": ["religion"]}}, "aliases.mail: 'religion'"),
    ],
)
def test_a_sensitive_column_has_no_other_name(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=f"crm.yml: {message}.* list it under sensitive"):
        load_contract(_written(tmp_path, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"properties": {"gender": "sex", "sizes": "product.gender"}},
        {"columns": {"occurred_at": "at", "category": "gender"}, "identifiers": []},
    ],
)
def test_its_own_name_and_what_tells_of_goods_are_no_disguise(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert load_contract(_written(tmp_path, **changes)).name == "crm"


def test_the_shipped_contracts_disguise_nothing() -> None:
    assert load_contracts(repository_root() / "config" / "sources")

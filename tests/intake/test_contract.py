"""Contracts say what is wrong with them; the schema that editors use is the model's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from intake.contract import ContractError, load_contract, load_contracts
from intake.contract_schema import source_schema
from intake.paths import repository_root
from tests.intake.scene import contract

ROOT = repository_root()
SHIPPED = [*sorted((ROOT / "config" / "sources").glob("*.yml")), ROOT / "docs/examples/online_retail/online_retail.yml"]
SOUND: dict[str, Any] = {
    "name": "shop",
    "kind": "pos",
    "format": "csv",
    "event_type": "order_completed",
    "natural_key": ["no"],
    "columns": {"occurred_at": "at"},
}


def written(folder: Path, **changes: Any) -> Path:
    file = folder / "shop.yml"
    file.write_text(yaml.safe_dump({**SOUND, **changes}))
    return file


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_contracts_load_and_fit_the_schema(file: Path) -> None:
    assert load_contract(file).name == file.stem
    content = json.loads(json.dumps(yaml.safe_load(file.read_text()), default=str))
    jsonschema.Draft202012Validator(json.loads(source_schema())).validate(content)


def test_the_schema_in_the_repository_is_current() -> None:
    assert (ROOT / "config" / "schemas" / "source.schema.json").read_text(encoding="utf-8") == source_schema()


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"kind": "shop"}, "kind", "Input should be 'web'"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "must be an IANA time zone"),
        ({"columns": {"occured_at": "at"}}, "columns", "'occured_at' is not an event field that can be mapped"),
        ({"columns": {"order_id": "no"}}, "columns", "occurred_at must be mapped"),
        ({"natural_key": []}, "contract", "event_id or natural_key must be given"),
        ({"colums": {}}, "colums", "Extra inputs are not permitted"),
        ({"arrival": {"delay": "-PT1H"}}, "arrival", "delay must not be negative"),
        ({"arrival": {"clock": True, "column": "x"}}, "arrival", "needs only one of"),
        ({"columns": {"occurred_at": {"column": "a", "sum": ["b"]}}}, "columns.occurred_at", "needs exactly one of"),
        ({"quarantine": [{"column": "x"}]}, "quarantine.0", "needs one of matches, unless, at_most, at_least"),
        ({"required": ["when"]}, "required", "'when' is not an event field"),
        ({"identifiers": [{"type": "passport", "column": "p"}]}, "identifiers.0.type", "Input should be 'login'"),
        ({"lines": {"group_by": ["no"], "fields": {}}, "event_id": "id"}, "contract", "grouped lines take their id"),
        ({"matching": {}}, "matching", "needs at least one of given_name, family_name"),
        ({"matching": {"surname": "x"}}, "matching.surname", "Extra inputs are not permitted"),
        ({"currency": "EURO"}, "currency", "at most 3 characters"),
    ],
)
def test_a_wrong_contract_names_file_field_and_reason(
    tmp_path: Path, changes: dict[str, Any], field: str, message: str
) -> None:
    file = written(tmp_path, **changes)
    with pytest.raises(ContractError) as caught:
        load_contract(file)
    assert str(caught.value).startswith(f"{file}: {field}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_contract(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot be read: No such file"):
        load_contract(tmp_path / "none.yml")
    broken = tmp_path / "broken.yml"
    broken.write_text("name: [")
    with pytest.raises(ContractError, match="not readable as YAML"):
        load_contract(broken)
    with pytest.raises(ContractError, match="name: must be the file's name 'shop'"):
        load_contract(written(tmp_path, name="other"))


def test_contracts_of_a_folder_come_by_name(tmp_path: Path) -> None:
    written(tmp_path)
    assert list(load_contracts(tmp_path)) == ["shop"]


def test_the_content_version_ignores_where_files_lie_and_sees_everything_else() -> None:
    base = contract()
    assert contract(location="/elsewhere/*.jsonl", description="x").content_version == base.content_version
    changed = [{"version": 2}, {"time_zone": "Europe/Paris"}, {"consent": "analytics"}, {"arrival": {"delay": "P1D"}}]
    versions = {contract(**change).content_version for change in changed} | {base.content_version}
    assert len(versions) == len(changed) + 1


def test_a_contract_without_matching_keeps_the_version_that_its_files_were_taken_in_under() -> None:
    assert contract().content_version == "44503301be3f3132"
    assert contract(matching={"city": "town"}).content_version != contract().content_version


def test_every_column_an_expression_reads_is_known() -> None:
    source = contract(
        event_type={"rules": [{"column": "kind", "matches": "^C", "value": "a"}], "default": "b"},
        columns={"occurred_at": "at", "amount": {"abs": {"multiply": ["q", {"sum": ["p", "t"]}]}}},
        quarantine=[{"column": "bad", "at_most": 0}],
        personal_data=["name"],
        arrival={"column": "seen"},
        matching={"full_name": ["first", "last"], "birth_date": "born"},
    )
    assert source.source_columns() == {
        "kind",
        "at",
        "q",
        "p",
        "t",
        "bad",
        "name",
        "seen",
        "id",
        "login",
        "first",
        "last",
        "born",
    }


def test_words_of_a_map_may_be_what_yaml_takes_for_something_else() -> None:
    """`{Ja: yes, no: 0}` is {"Ja": True, False: 0} to YAML."""
    source = contract(properties={"granted": {"column": "said", "map": {"Ja": True, False: 0, 7: "seven"}}})
    assert isinstance(source.properties, dict)
    said = source.properties["granted"].map
    assert said == {"Ja": "true", "false": "0", "no": "0", "n": "0", "off": "0", "7": "seven"}


def test_a_wrong_member_of_a_mapping_is_named_itself(tmp_path: Path) -> None:
    file = tmp_path / "clicks.yml"
    draft = {**contract().model_dump(mode="json", exclude_defaults=True), "properties": {"size": {"column": ["a"]}}}
    file.write_text(yaml.safe_dump(draft))
    with pytest.raises(
        ContractError, match=r"properties\.size\.column: Input should be a valid string \(got \"\['a'\]\""
    ):
        load_contract(file)

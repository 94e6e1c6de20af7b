"""docs/identity.md holds: its queries run; its types, defaults, measures and commands are those of the code."""

from __future__ import annotations

import re
import shlex

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from intake.event import IDENTIFIER_TYPES
from intake.paths import repository_root
from ml.identity import IdentityRules
from orchestration.cli.app import app
from orchestration.warehouse_schema import create_source_tables

ROOT = repository_root()
TEXT = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [text for name, text in re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL) if name == language]


@pytest.mark.parametrize("query", blocks("sql"))
def test_a_printed_query_runs_on_the_published_tables(query: str) -> None:
    with duckdb.connect() as connection:
        create_source_tables(connection)
        assert connection.execute(query).fetchall() in ([], [(0, 0)])


def test_the_page_prints_two_queries_and_every_rule_with_its_default() -> None:
    assert len(blocks("sql")) == 2
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\d+) \|", TEXT, re.MULTILINE)
    printed = {name: int(default) for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    rules = IdentityRules()
    assert printed == {name: getattr(rules, name) for name in rules.__dataclass_fields__}


def test_every_identifier_type_is_explained() -> None:
    table = TEXT.split("| types, strongest first |")[1].split("\n\n")[0]
    assert re.findall(r"`(\w+)`", table) == list(IDENTIFIER_TYPES)


def test_every_measure_is_explained() -> None:
    model = yaml.safe_load((ROOT / "dbt_project/models/marts/identity_metrics.yml").read_text(encoding="utf-8"))
    (column,) = (item for item in model["models"][0]["columns"] if item["name"] == "metric")
    named = column["description"].split(". ")[0].replace(" (identifiers)", "").replace(".", "")
    wanted = {re.sub(r"^_", "identity_", name.strip()) for name in re.split("[;,]", named)}
    table = TEXT.split("| metric | what it counts |")[1].split("\n\n")[0]
    first_cells = " ".join(line.split(" | ")[0] for line in table.splitlines())
    assert set(re.findall(r"`(\w+)`", first_cells)) == wanted


@pytest.mark.parametrize("line", [line for block in blocks("") for line in block.splitlines() if line])
def test_a_printed_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)
    depth = 4 if words[1:3] == ["identity", "override"] else 3 if words[1] == "identity" else 2
    shown = CliRunner().invoke(app, [*words[1:depth], "--help"])
    assert shown.exit_code == 0, shown.output
    assert [word for word in words if word.startswith("--") and word not in shown.output] == []

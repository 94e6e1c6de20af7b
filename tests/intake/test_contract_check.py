"""Every mistake of a contract is said with its line and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.contract_check import mistakes_in
from intake.event import load_event_types
from intake.paths import repository_root

CONFIG = repository_root() / "config"
VOCABULARY = load_event_types(CONFIG)
SOUND = """name: shop
kind: web
format: csv
event_type: page_viewed
event_id: id
columns:
  occurred_at: at
"""


def said(folder: Path, text: str) -> list[str]:
    file = folder / "shop.yml"
    file.write_text(text)
    return [str(mistake).removeprefix(f"{file}:") for mistake in mistakes_in(file, VOCABULARY)]


def test_a_sound_contract_has_none(tmp_path: Path) -> None:
    assert said(tmp_path, SOUND) == []


@pytest.mark.parametrize("name", sorted(file.stem for file in (CONFIG / "sources").glob("*.yml")))
def test_the_library_is_sound(name: str) -> None:
    assert mistakes_in(CONFIG / "sources" / f"{name}.yml", VOCABULARY) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: shop", "name: store", "1: name: must be the file's name 'shop' (got 'store')"),
        ("kind: web", "kind: webb", "2: kind: Input should be 'web', 'mobile'"),
        ("kind: web", "knd: web", "2: knd: no such field; did you mean kind"),
        ("page_viewed", "page_vewed", "4: event_type: 'page_vewed' is not in event_types.yml; did you mean page_v"),
        ("page_viewed", "{column: t, map: {a: nonsense}}", "4: event_type.map.a: 'nonsense' is not in event_types.yml"),
        ("  occurred_at: at", "  occured_at: at", "7: columns.occured_at: no event field; did you mean occurred_at"),
        ("event_id: id", "event_id: id\nkind: crm", "6: kind: stands here twice"),
        ("event_id: id", "repeats: {window: P3D}\nevent_id: id", "5: repeats: window must be between PT0S and P1D"),
        ("event_id: id", "identifiers: [{type: mail, column: a}]\nevent_id: id", "5: identifiers.0.type: Input should"),
        ("event_id: id", "event_id: [", "7: YAML:"),
    ],
)  # fmt: skip
def test_mistakes_name_line_field_and_what_is_right(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in said(tmp_path, SOUND.replace(old, new)))


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("kind: web", "kind: wb").replace("format: csv", "format: xls").replace("event_id", "event")
    assert [line.split(":")[0] for line in said(tmp_path, text)] == ["2", "3", "5"]
    assert said(tmp_path, "- a list\n") == ["1: contract: must be a mapping: name: …, kind: …, format: …"]

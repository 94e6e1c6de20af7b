"""The vocabulary, the project and the lines of the service's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.event import EVENT_FIELDS, IDENTIFIER_TYPES, VocabularyError, load_event_types
from intake.log_line import payload, with_checksum
from intake.paths import DataPaths, repository_root
from intake.project import Project
from tests.intake.scene import contract


def test_the_shipped_vocabulary_is_complete() -> None:
    words = load_event_types(repository_root() / "config")
    assert {"order_completed", "consent_updated", "exposure_shown", "custom"} <= set(words)
    assert all(word.description for word in words.values())
    assert words["order_completed"].required == ("order_id", "amount")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: {required: [sku]}", "a.required: no such event field: 'sku'"),
        ("a: {required: sku}", "a.required: must be a list"),
        ("a: [", "not readable as YAML"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_wrong_vocabulary_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    if content:
        (tmp_path / "event_types.yml").write_text(content)
    with pytest.raises(VocabularyError, match=message):
        load_event_types(tmp_path)


def test_identifier_types_of_contracts_are_those_of_events() -> None:
    for kind in IDENTIFIER_TYPES:
        assert contract(identifiers=[{"type": kind, "column": "x"}]).identifiers[0].type == kind
    assert len(set(EVENT_FIELDS)) == len(EVENT_FIELDS)


def test_a_project_opens_with_its_settings_and_clock(tmp_path: Path) -> None:
    project = Project.open(DataPaths(tmp_path / "data"), repository_root() / "config")
    assert project.settings.segments.minimum_size == 100
    assert project.clock.now().year == 2018
    assert project.sources == repository_root() / "config" / "sources"


def test_a_log_line_is_read_back_and_damage_noticed() -> None:
    line = with_checksum(b'{"a":1}')
    assert payload(line) == b'{"a":1}'
    assert payload(b' {"a":1}\n') == b'{"a":1}'
    for damaged in (line[:-3], line.replace(b"1", b"2"), b"zzzzzzzz {}", b"", b"12 {}"):
        with pytest.raises(ValueError, match=r"checksum|invalid literal"):
            payload(damaged)

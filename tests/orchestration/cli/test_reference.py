"""Generated pages are current, and a change makes them stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.paths import repository_root
from intake.settings import Settings
from orchestration.cli.reference import GENERATED, pages, write_pages


@pytest.mark.parametrize("name", ["docs/cli.md", "docs/settings.md", "docs/source-library.md"])
def test_the_page_in_the_repository_is_what_the_code_says(name: str) -> None:
    shown = (repository_root() / name).read_text(encoding="utf-8")
    assert shown == pages()[name], "stale: run python -m orchestration.cli.reference"


def test_every_setting_is_on_the_page() -> None:
    page = pages()["docs/settings.md"]
    for name, field in Settings.model_fields.items():
        section = getattr(field.annotation, "model_fields", None)
        for listed in section or [name]:
            assert f"| `{listed}` |" in page


def test_only_stale_pages_are_rewritten(tmp_path: Path) -> None:
    assert {page.name for page in write_pages(tmp_path)} == {"cli.md", "settings.md", "source-library.md"}
    assert write_pages(tmp_path) == []
    (tmp_path / "docs/cli.md").write_text("old", encoding="utf-8")
    assert write_pages(tmp_path) == [tmp_path / "docs/cli.md"]
    assert (tmp_path / "docs/cli.md").read_text(encoding="utf-8").startswith(GENERATED)

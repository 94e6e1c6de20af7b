"""`concierge segments check` says what is wrong where, and what is right."""

from __future__ import annotations

import shutil

from intake.paths import repository_root
from intake.project import Project
from tests.orchestration.cli.conftest import Concierge

SHIPPED = repository_root() / "config" / "segments"


def test_right_segments_are_listed_and_a_wrong_one_is_named(project: Project, concierge: Concierge) -> None:
    assert "no segments by rule" in concierge("segments", "check").stdout
    folder = project.config / "segments"
    shutil.copytree(SHIPPED, folder)
    right = concierge("segments", "check")
    assert right.exit_code == 0
    assert "recent_buyers_looking_again: orders_30d >= 1 and product_views_7d > 3 (within the visit)" in right.stdout
    assert "(daily run: it reads value_band)" in " ".join(right.stdout.split())
    (folder / "old.yml").write_text("name: old\ndescription: x\nwhere: age > 60\n", encoding="utf-8")
    wrong = concierge("segments", "check")
    assert wrong.exit_code == 1
    assert "old.yml:3: where: 'age' is a sensitive attribute, which no segment may use" in wrong.stderr


def test_nothing_published_is_said(concierge: Concierge) -> None:
    found = concierge("segments", "list")
    assert found.exit_code == 1
    assert "nothing is published yet" in found.stderr

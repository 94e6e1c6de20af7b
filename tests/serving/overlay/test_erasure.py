"""Another process erases people from the overlay of a running service."""

from __future__ import annotations

from pathlib import Path

from serving.overlay.erasure import erase_from_overlay
from tests.serving.overlay.overlay_room import COOKIE, NOW, nobody, overlay_in, seen, views


def test_a_running_service_forgets_and_one_that_ended_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "o"
    assert erase_from_overlay(folder, frozenset({COOKIE[1]})) == 0
    with overlay_in(folder) as overlay:
        overlay.take([seen("a", COOKIE), seen("b", ("cookie", "d" * 32))], NOW, nobody)
        assert erase_from_overlay(folder, frozenset({COOKIE[1]})) == 1
        assert views(overlay, COOKIE) is None
        assert views(overlay, ("cookie", "d" * 32)) == 1
    assert erase_from_overlay(folder, frozenset({"d" * 32})) == 0
    assert not (folder / "data.mdb").exists()

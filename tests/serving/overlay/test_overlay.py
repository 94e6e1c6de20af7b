"""The overlay: sessions by identifier and customer, retries, gaps, crowding, erasure, and no harm from what fails."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from intake.paths import repository_root
from serving.overlay import environment
from serving.overlay.arrival import BROWSING, Pair
from serving.overlay.environment import OverlayUnavailableError, discard
from serving.overlay.place import folder_in_use, overlay_folder, prepare
from tests.serving.overlay.overlay_room import COOKIE, LOGIN, NOW, SECOND, nobody, overlay_in, seen, views

HALF_HOUR = 1_800 * SECOND


def test_events_of_one_browser_make_one_session(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([seen("a", COOKIE), seen("b", COOKIE, at=NOW + SECOND)], NOW, nobody)
        overlay.take([seen("c", COOKIE, at=NOW + 2 * SECOND)], NOW, nobody)
        assert views(overlay, COOKIE) == 3
        assert views(overlay, LOGIN) is None


def test_a_retry_counts_once(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        for _ in range(3):
            overlay.take([seen("a", COOKIE), seen("a", COOKIE), seen("b", COOKIE)], NOW, nobody)
        assert views(overlay, COOKIE) == 2
        assert overlay.counts.taken.repeated == 7


def test_a_session_ends_after_half_an_hour_without_an_event(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([seen("a", COOKIE)], NOW, nobody)
        assert views(overlay, COOKIE, at=NOW + HALF_HOUR) == 1
        assert views(overlay, COOKIE, at=NOW + HALF_HOUR + 1) is None
        overlay.take([seen("b", COOKIE, at=NOW + HALF_HOUR)], NOW + HALF_HOUR, nobody)
        assert views(overlay, COOKIE, at=NOW + HALF_HOUR) == 2
        later = NOW + 2 * HALF_HOUR + 1
        overlay.take([seen("c", COOKIE, at=later)], later, nobody)
        assert views(overlay, COOKIE, at=later) == 1
        overlay.take([seen("old", COOKIE, at=NOW)], later, nobody)
        assert (views(overlay, COOKIE, at=later), overlay.counts.taken.late) == (1, 1)


def test_a_given_session_is_found_by_every_identifier_and_by_the_customer(tmp_path: Path) -> None:
    def of_ann(pair: Pair) -> str | None:
        return "ann" if pair == LOGIN else None

    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([seen("a", COOKIE, session_id="s"), seen("x", session_id="s")], NOW, of_ann)
        assert views(overlay, customer="ann") is None
        overlay.take([seen("b", COOKIE, LOGIN, session_id="s", is_trusted=True)], NOW, of_ann)
        overlay.take([seen("c", LOGIN)], NOW, of_ann)
        assert views(overlay, COOKIE) == 3
        assert views(overlay, LOGIN) == views(overlay, customer="ann") == views(overlay, COOKIE, LOGIN) == 4


def test_nobody_fills_the_session_of_an_address_they_typed_in(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([seen("a", COOKIE, LOGIN), seen("b", ("ip", "1" * 32))], NOW, nobody)
        assert views(overlay, LOGIN) is None
        assert views(overlay, COOKIE) == 1
        assert views(overlay, ("ip", "1" * 32)) is None


def test_only_browsing_makes_a_session_of_its_own(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([seen("a", COOKIE, kind="email_opened")], NOW, nobody)
        assert views(overlay, COOKIE) is None
    macro = (repository_root() / "dbt_project/macros/read_lake.sql").read_text()
    batch = re.findall(r"'(\w+)'", macro[macro.index("browsing_event_types") :].split("}}")[0])
    assert set(batch) == BROWSING


def test_workers_share_one_overlay_and_the_first_one_alone_starts_afresh(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as first:
        assert views(first, COOKIE) is None
        first.take([seen("a", COOKIE)], NOW, nobody)
        with overlay_in(tmp_path / "o") as second:
            second.take([seen("b", COOKIE)], NOW, nobody)
        assert views(first, COOKIE) == 2
        assert not discard(tmp_path / "o")
    with overlay_in(tmp_path / "o") as later:
        assert views(later, COOKIE) is None
    assert discard(tmp_path / "o")
    assert not (tmp_path / "o" / "data.mdb").exists()


def test_a_crowd_drives_out_the_quiet_and_is_never_an_error(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o", megabytes=16) as overlay:
        for n in range(130):
            at = NOW + n * 2 * SECOND
            crowd = [
                seen(
                    f"{n}-{i}", ("cookie", f"{n:07d}{i:08d}{0:017d}"), at=at, page_type="x" * 180, referrer="y" * 1_000
                )
                for i in range(100)
            ]
            overlay.take([*crowd, seen(f"mine-{n}", COOKIE, at=at)], at, nobody)
        sessions, used = overlay.size()
        assert overlay.counts.evicted > 1_000
        assert sessions + overlay.counts.evicted == 13_001
        assert used < 0.7
        assert overlay.counts.dropped == 0
        assert views(overlay, COOKIE, at=NOW + 130 * SECOND * 2) == 130


def test_what_does_not_fit_is_counted_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_room", lambda *_: 24 * 4_096)
    with overlay_in(tmp_path / "o") as overlay:
        big = [seen(f"{n}", ("cookie", f"{n:015d}{0:017d}"), referrer="y" * 1_900) for n in range(200)]
        overlay.take(big, NOW, nobody)
        assert overlay.counts.dropped == 200
        overlay.take([seen("a", COOKIE)], NOW, nobody)
        assert views(overlay, COOKIE) == 1


def test_ended_sessions_are_forgotten_with_all_that_points_to_them(tmp_path: Path) -> None:
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take([seen("a", COOKIE)], NOW, lambda _: "ann")
        overlay.tidy(NOW + HALF_HOUR - SECOND)
        assert overlay.size()[0] == 1
        overlay.tidy(NOW + HALF_HOUR + 61 * SECOND)
        assert overlay.size()[0] == 0
        with overlay._shared.lmdb.begin() as txn:
            assert {name: txn.stat(table)["entries"] for name, table in overlay._shared.tables.items()} == {
                "session": 0, "pointer": 0, "expiry": 0, "word": 0, "seen": 0, "assigned": 0,
            }  # fmt: skip


def test_erasure_takes_the_sessions_of_a_person_and_no_others(tmp_path: Path) -> None:
    other: Pair = ("cookie", "d" * 32)
    with overlay_in(tmp_path / "o") as overlay:
        overlay.take(
            [seen("a", COOKIE, LOGIN, session_id="s", is_trusted=True), seen("b", other)], NOW, lambda _: "ann"
        )
        refusal = {"purpose": "analytics", "granted": False}
        overlay.take([seen("c", LOGIN, kind="consent_updated", properties=refusal)], NOW, lambda _: "ann")
        assert overlay.erase(frozenset({LOGIN[1]})) > 0
        assert views(overlay, COOKIE) is None
        assert views(overlay, other) == 1
        assert overlay.words([LOGIN], ["ann"]) == []


def test_no_room_is_said_and_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs(tmp_path)
    full = os.statvfs_result((*status[:3], 0, 0, *status[5:10]))
    monkeypatch.setattr(environment.os, "statvfs", lambda _: full)
    with pytest.raises(OverlayUnavailableError, match="are half of what is free"), overlay_in(tmp_path / "o"):
        raise AssertionError("it opened")


def test_the_place_follows_the_variable_and_clears_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCIERGE_RUNTIME", str(tmp_path / "run"))
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        root.mkdir()
        prepare(overlay_folder(root), root)
    assert {overlay_folder(root).parent for root in roots} == {tmp_path / "run"}
    shutil.rmtree(roots[0])
    prepare(overlay_folder(roots[1]), roots[1])
    assert [overlay_folder(root).exists() for root in roots] == [False, True]


def test_who_comes_from_outside_finds_the_folder_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, copy = tmp_path / "data", tmp_path / "copy"
    root.mkdir()
    monkeypatch.setenv("CONCIERGE_RUNTIME", str(tmp_path / "other"))
    assert folder_in_use(root) == overlay_folder(root)
    monkeypatch.setenv("CONCIERGE_RUNTIME", str(tmp_path / "run"))
    of_service = overlay_folder(root)
    prepare(of_service, root)
    monkeypatch.setenv("CONCIERGE_RUNTIME", str(tmp_path / "other"))
    assert folder_in_use(root) == of_service != overlay_folder(root)
    shutil.copytree(root, copy)
    assert folder_in_use(copy) == overlay_folder(copy)
    shutil.rmtree(of_service)
    assert folder_in_use(root) == overlay_folder(root)

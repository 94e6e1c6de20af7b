"""Replay over the life of a snapshot: while it is there, when it is gone, and by the command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import Result

from intake.log_line import payload, with_checksum
from intake.project import Project
from orchestration.replay.keep import let_go
from orchestration.replay.versions import find_version
from orchestration.retention import enforce
from serving.log.lookup import decision_lines
from serving.snapshot import pointer
from tests.orchestration.cli.conftest import concierge, project
from tests.serving import sample
from tests.serving.service_client import config, running

Concierge = Callable[..., Result]
__all__ = ["concierge", "project"]
WHO = ["ann", "bob", "cleo", "stranger"]


@pytest.fixture
def asked(project: Project) -> list[str]:
    """Personalization ids of decisions on version v1, which is not the live one any more."""
    root = project.paths.snapshots
    sample.write(root, "v1")
    pointer.switch(root, "v1")
    names: list[str] = []

    async def run() -> None:
        async with running(config(project.paths.root)) as client:
            for who in WHO:
                body = {"identifiers": [{"type": "loyalty_id", "value": who}], "placements": ["home_hero"]}
                answer = (await client.post("/v1/decide", json=body)).json()
                names.append(answer["decisions"][0]["personalization_id"])

    asyncio.run(run())
    sample.write(root, "v1-2", profiles=[], identifiers=[])
    pointer.switch(root, "v1-2")
    return names


def test_a_decision_is_the_same_before_and_after_its_snapshot_went(
    project: Project, asked: list[str], concierge: Concierge
) -> None:
    root = project.paths.snapshots
    before = [concierge("replay", name, "--json").output for name in asked]
    done = let_go(project, [root / "v1"])
    assert (done.removed, [kept.decisions for kept in done.kept]) == (["v1"], [4])
    assert find_version(project.paths, "v1") == project.paths.replay / "v1"
    assert [concierge("replay", name, "--json").output for name in asked] == before
    said = concierge("replay", asked[0])
    assert said.exit_code == 0, said.output
    assert "the same bytes as then" in said.output
    assert "4 of 4 decisions came out with the same bytes" in concierge("replay", "--last", 100).output


def test_decisions_of_another_version_are_not_kept_with_it(project: Project, asked: list[str]) -> None:
    assert len(asked) == len(WHO)
    pointer.switch(project.paths.snapshots, "v1")
    done = let_go(project, [project.paths.snapshots / "v1-2"])
    assert (done.removed, done.kept) == (["v1-2"], [])
    assert not project.paths.replay.exists()


def test_without_room_a_version_stays(project: Project, asked: list[str]) -> None:
    assert asked
    project.paths.replay.write_text("a file where a folder is needed", encoding="utf-8")
    assert let_go(project, [project.paths.snapshots / "v1"]).removed == []
    assert (project.paths.snapshots / "v1").is_dir()


def test_a_version_that_cannot_be_read_goes_and_is_named(project: Project, asked: list[str]) -> None:
    assert asked
    folder = project.paths.snapshots / "v1"
    (folder / "data.mdb").write_bytes(b"damaged")
    done = let_go(project, [folder])
    assert (done.removed, done.unreadable) == (["v1"], ["v1"])


def test_retention_lets_go_of_what_was_kept(project: Project, asked: list[str], concierge: Concierge) -> None:
    let_go(project, [project.paths.snapshots / "v1"])
    removed = {one.setting: one.count for one in enforce(project)}
    # The sample's snapshots are of 2018.
    assert removed["replay_days"] == 1
    answer = concierge("replay", asked[0])
    assert answer.exit_code == 1
    assert "snapshot v1 is gone, and nothing was kept of it" in answer.output


def test_a_touched_log_is_told_with_its_field(project: Project, asked: list[str], concierge: Concierge) -> None:
    (file,) = (project.paths.service_log / "decisions").glob("*.jsonl")
    lines = list(decision_lines(project.paths.service_log))
    first = msgspec.json.decode(payload(lines[0]))
    first["properties"]["propensity"] = 0.5
    _write(file, [with_checksum(msgspec.json.encode(first)).rstrip(b"\n"), *lines[1:]])
    answer = concierge("replay", asked[0])
    assert answer.exit_code == 1
    assert "differs in propensity" in answer.output
    many = concierge("replay", "--last", 10)
    assert many.exit_code == 1
    assert "3 of 4 decisions" in many.output


def _write(file: Path, lines: list[bytes]) -> None:
    file.write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.mark.parametrize("words", [(), ("nonsense",), ("0" * 32, "--last", "3")])
def test_wrong_use_is_named(concierge: Concierge, words: tuple[str, ...]) -> None:
    assert concierge("replay", *words).exit_code == 2


def test_an_unknown_decision_and_an_empty_log_are_told(concierge: Concierge) -> None:
    unknown = concierge("replay", "0" * 32)
    assert (unknown.exit_code, "never made here, or no longer kept" in unknown.output) == (1, True)
    assert "no decision is logged yet" in concierge("replay", "--last", "5").output

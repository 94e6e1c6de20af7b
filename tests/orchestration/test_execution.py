"""A failure is one line: which step, and the innermost reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    DagsterInstance,
    Definitions,
    Output,
    asset,
    define_asset_job,
)

from intake.paths import DataPaths
from orchestration.alerts import BLOCKED
from orchestration.execution import Execution, execute, one_line
from orchestration.instance import PROCESS_TAG, open_instance
from orchestration.stages import StageClock, tree_bytes


@asset
def first() -> None:
    """Works."""


@asset(deps=[first])
def second() -> None:
    """Fails with a reason inside a reason."""
    try:
        raise ValueError("day: 2017-02-30\n is no date")
    except ValueError as error:
        raise RuntimeError("could not build") from error


DEFINITIONS = Definitions(assets=[first, second], jobs=[define_asset_job("both")])


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    with open_instance(DataPaths(tmp_path_factory.mktemp("data")), quiet=True) as found:
        yield found


def _run(
    instance: DagsterInstance, clock: StageClock, *, assets: list[AssetKey] | None = None
) -> tuple[Execution, dict[str, str]]:
    done = execute(DEFINITIONS, instance, "both", clock, tags={"a": "b"}, assets=assets)
    return done, _tags(instance, done.run_id)


def _tags(instance: DagsterInstance, run_id: str) -> dict[str, str]:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return dict(run.tags)


def test_the_innermost_reason_of_the_first_failed_step(
    instance: DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    stages: list[tuple[str, float, int]] = []
    clock = StageClock(lambda *stage: stages.append(stage))
    done, tags = _run(instance, clock)
    assert done.failure is not None
    assert (done.failure.step, done.failure.reason) == ("second", "day: 2017-02-30 is no date")
    assert [name for name, _, _ in stages] == ["first", "second"]
    assert [stage.ok for stage in clock.finished] == [True, False]
    assert tags[PROCESS_TAG].isdigit()
    assert tags["a"] == "b"
    assert capfd.readouterr() == ("", "")


def test_a_check_that_blocks_points_at_its_alert(instance: DagsterInstance) -> None:
    there = AssetCheckSpec("there_are_rows", asset="counted", blocking=True)

    @asset(check_specs=[there])
    def counted() -> Iterator[Output[None] | AssetCheckResult]:
        yield Output(None)
        yield AssetCheckResult(passed=False)

    job = Definitions(assets=[counted], jobs=[define_asset_job("one")])
    done = execute(job, instance, "one", StageClock(), tags={})
    assert done.failure is not None
    assert BLOCKED in done.failure.reason
    assert done.failure.reason.endswith("there_are_rows; what it found: concierge alerts list")


def test_a_selection_runs_only_what_was_selected(instance: DagsterInstance) -> None:
    clock = StageClock()
    done, _ = _run(instance, clock, assets=[AssetKey("first")])
    assert done.failure is None
    assert [stage.name for stage in clock.finished] == ["first"]


def test_memory_of_the_tree_includes_children() -> None:
    import os
    import subprocess
    import sys

    alone = tree_bytes(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        together = tree_bytes(os.getpid())
        assert child.stdin is not None
        child.stdin.write(b"\n")
    assert together >= alone > 10_000_000


def test_messages_become_one_line() -> None:
    assert one_line("a.b.SomeError: too\n  many") == "too many"
    assert one_line("plain words: stay") == "plain words: stay"
    assert len(one_line("x" * 1000)) == 401

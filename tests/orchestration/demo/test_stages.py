"""The demo's stage log."""

from __future__ import annotations

import time

import pytest

from orchestration.cli.progress import Progress
from orchestration.demo.stages import StageLog


def test_stages_are_timed_measured_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    log = StageLog(Progress())
    with log.stage("sleep") as stage:
        time.sleep(0.05)
        stage.note = "nothing new"
    log.add("elsewhere", 12.34, 2_500_000_000)
    assert [stage.name for stage in log.stages] == ["sleep", "elsewhere"]
    assert 0.05 <= log.stages[0].seconds < 5
    assert log.peak_bytes == 2_500_000_000
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  sleep ")
    assert lines[0].endswith("nothing new")
    assert lines[1].split() == ["elsewhere", "12.3", "s", "2.50", "GB"]


def test_a_stage_that_fails_is_not_shown_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    log = StageLog(Progress())
    with pytest.raises(ZeroDivisionError), log.stage("divide"):
        _ = 1 / 0
    assert log.stages == []
    assert capsys.readouterr().out == ""

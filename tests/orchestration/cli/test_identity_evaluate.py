"""`concierge identity evaluate`: figures that can be worked out by hand, and truths that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

from intake.project import Project
from tests.orchestration.cli.ledger import Seen, publish_ledger

Concierge = Callable[..., Result]
PEOPLE = {f"r{number}": ("crm_id", f"rec-{number}") for number in range(1, 7)}
# Two profiles of two records, two of one.
SEEN = [Seen("r1", "r2", "2026-01-03", 1, "m", 0.9), Seen("r3", "r4", "2026-01-03", 1, "m", 0.9)]


@pytest.fixture
def _published(project: Project) -> None:
    publish_ledger(project, PEOPLE, SEEN)


def truth(path: Path, rows: list[tuple[object, ...]], *names: str) -> Path:
    frame = pd.DataFrame(rows, columns=list(names))
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


def figures(shown: str) -> dict[str, str]:
    return {line.rpartition("  ")[0].strip(): line.rpartition("  ")[2] for line in shown.splitlines()[1:10]}


# Truth: {1, 2, 3}, {4}, {5, 6}: pairs in the truth 4, given 2, of them right 1.
ROWS = [("rec-1", "a"), ("rec-2", "a"), ("rec-3", "a"), ("rec-4", "b"), ("rec-5", "c"), ("rec-6", "c")]


@pytest.mark.usefixtures("_published")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_figures_of_a_record_linkage_truth(concierge: Concierge, tmp_path: Path, suffix: str) -> None:
    file = truth(tmp_path / f"truth.{suffix}", ROWS, "record", "cluster")
    shown = concierge("identity", "evaluate", "--truth", file, "--type", "crm_id").stdout
    assert figures(shown) == {
        "pairwise precision": "0.500",
        "pairwise recall": "0.250",
        "pairwise F1": "0.333",
        # Records 1, 2, 5, 6 stand in pure profiles, 3 and 4 in a half pure one.
        "B-cubed precision": "0.833",
        # Shares of one's person in one's profile: 2/3, 2/3, 1/3, 1, 1/2, 1/2.
        "B-cubed recall": "0.611",
        "B-cubed F1": "0.705",
        "profiles with several people (share)": "0.250",
        "most people in one profile": "2",
        # 2 profiles for a, 1 for b, 2 for c.
        "profiles a person (mean)": "1.667",
    }
    assert "6 of 6 rows compared" in shown


@pytest.mark.usefixtures("_published")
def test_what_cannot_be_compared_is_counted(concierge: Concierge, tmp_path: Path) -> None:
    rows = [("crm_id", value, person, 1) for value, person in ROWS]
    rows += [("crm_id", "rec-99", "z", 1), ("crm_id", "unknown", "z", 1), ("crm_id", "rec-98", None, 1)]
    rows += [("email", "two@shop.test", "a", 1), ("email", "two@shop.test", "b", 1)]
    file = truth(tmp_path / "truth.csv", rows, "type", "value_clear", "person_id", "extra")
    shown = concierge("identity", "evaluate", "--truth", file).stdout
    for said in (
        "6 of 11 rows compared",
        "1 unknown to the ledger",
        "1 without a person",
        "2 identifiers of several people",
        "1 placeholders",
    ):
        assert said in shown


@pytest.mark.usefixtures("_published")
@pytest.mark.parametrize(
    ("rows", "names", "said"),
    [
        ([("crm_id", "rec-1")], ("type", "value"), "the column person_id is missing; it has: type, value"),
        ([("rec-1", "a")], ("value", "person_id"), "the column type is missing"),
        ([("crm_id", "a")], ("type", "person_id"), "the column value is missing"),
        ([("shoe", "44", "a")], ("type", "value", "person_id"), "type 'shoe' is none of login"),
        ([("crm_id", "rec-77", "a")], ("type", "value", "person_id"), "none of its 1 identifiers is known"),
    ],
)
def test_a_truth_that_does_not_fit_is_one_line(
    concierge: Concierge, tmp_path: Path, rows: list[tuple[object, ...]], names: tuple[str, ...], said: str
) -> None:
    result = concierge("identity", "evaluate", "--truth", truth(tmp_path / "truth.csv", rows, *names))
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.usefixtures("_published")
def test_a_file_that_is_not_there_or_no_parquet_is_one_line(concierge: Concierge, tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR0")
    for name in ("none.csv", "bad.parquet"):
        result = concierge("identity", "evaluate", "--truth", tmp_path / name)
        assert result.exit_code == 1
        assert name in result.stderr
        assert "unexpected" not in result.stderr

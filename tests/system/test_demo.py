"""The demo on a small company: the whole path, then again, as a user would run it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from intake.ops_store import OpsStore
from intake.paths import repository_root
from intake.project import Project
from orchestration.cli.errors import CommandError
from orchestration.cli.progress import Progress
from orchestration.cli.published import Published
from orchestration.demo.flow import DemoResult, run_demo
from orchestration.demo.stages import StageLog
from orchestration.demo.summary import show_summary
from orchestration.demo.truth import compare_with_truth
from simulation.company import write_company
from simulation.company_config import write_company_config
from tests.system.parsed_project import lend

pytestmark = pytest.mark.system

CUSTOMERS, DAYS, SEED = 300, 240, 7
QUESTIONS = 80
# 240 days hold several cut-offs of a month's horizon, so that models are trained and judged.
MODELS = {"horizon_days": 28, "cutoff_spacing_days": 14}


def _configure(folder: Path) -> None:
    """The shipped configuration over the small company, written into landing and truth."""
    landing = folder / "data" / "landing"
    write_company(landing, folder / "data" / "truth", CUSTOMERS, DAYS, SEED)
    config = write_company_config(repository_root() / "config", folder / "config", landing, minimum_segment_size=20)
    settings = yaml.safe_load((config / "settings.yml").read_text(encoding="utf-8"))
    (config / "settings.yml").write_text(yaml.safe_dump(settings | {"models": MODELS}), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, parsed_project: Path) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("company")
    lend(parsed_project, folder / "data")
    _configure(folder)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CONCIERGE_DATA", str(folder / "data"))
        environment.setenv("CONCIERGE_CONFIG", str(folder / "config"))
        yield Project.open()


def _demo(project: Project, as_of: datetime) -> DemoResult:
    root = project.paths.root
    simulate = partial(write_company, root / "landing", root / "truth", CUSTOMERS, DAYS, SEED)
    with Progress() as progress:
        return run_demo(project, as_of, StageLog(progress), simulate, questions=QUESTIONS)


@pytest.fixture(scope="module")
def first(project: Project) -> DemoResult:
    return _demo(project, project.clock.now())


def test_the_first_run_goes_from_files_to_answers(project: Project, first: DemoResult) -> None:
    assert first.run.state == "done"
    assert first.run.trained
    assert first.run.days_built >= DAYS
    assert first.answers is not None
    assert len(first.answers.milliseconds) == QUESTIONS
    assert set(first.answers.versions) == {first.run.snapshot_version}
    batches = OpsStore(project.paths).batches()
    assert sum(batch.quarantined for batch in batches) > 0
    assert sum(batch.duplicate for batch in batches) > 0


@pytest.mark.usefixtures("first")
def test_people_are_recognised_as_the_truth_has_them(project: Project) -> None:
    report = compare_with_truth(project, Published.current(project.paths), project.paths.root / "truth")
    assert report.people > CUSTOMERS * 0.9
    assert report.identifiers is not None
    # A browser on which nobody ever signs in cannot be tied to anybody (recall 0.77), but nobody is mixed up.
    assert report.identifiers.pairwise_precision > 0.99
    assert report.identifiers.pairwise_f1 > 0.8
    assert report.visits is not None
    assert report.visits.match_rate > project.settings.quality.minimum_match_rate
    # Families share browsers: visits without a login go to whoever signed in there.
    assert report.right_share > 0.8


def test_the_summary_names_everything_it_promises(
    project: Project, first: DemoResult, capsys: pytest.CaptureFixture[str]
) -> None:
    show_summary(project, first)
    shown = capsys.readouterr().out
    for part in (
        "Complete Journey of 84.51°",
        "pairwise F1",
        "The segment floor is 20 customers here instead of the usual 1,000",
        "LightGBM",
        "recency alone",
        "Clicks in lists: clicks follow",
        "decisions over HTTP, by rung",
        "p50",
        "One person, from raw events to a decision",
        "the same in another moment",
        "peak GB",
        "Where to look next",
    ):
        assert part in shown, part
    assert "@" not in shown.partition("Where to look next")[0]


@pytest.mark.usefixtures("first")
def test_what_draws_clicks_is_what_was_planted(project: Project) -> None:
    truth = project.paths.root / "truth"
    owners = pd.read_parquet(truth / "identifiers.parquet").query("type == 'login'").set_index("value_clear")
    tastes = pd.read_parquet(truth / "click_tastes.parquet").set_index("person_id")["taste"]
    files = (project.paths.root / "landing" / "sim_lists").glob("*.jsonl")
    calls = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    shown = [call["userId"] for call in calls if call["event"] == "Product List Viewed"]
    share = owners["person_id"].reindex(shown).map(tastes).value_counts(normalize=True)
    planted = pd.read_parquet(truth / "click_effects.parquet").query("attribute != 'position'")
    mean = (planted["effect"] * planted["taste"].map(share)).groupby([planted["attribute"], planted["level"]]).sum()
    rows = Published.current(project.paths).rows(
        "select attribute, level, effect, low, high, is_beyond_noise from marts.click_effect"
        " where segment = 'everybody'"
    )
    columns = ["attribute", "level", "effect", "low", "high", "is_beyond_noise"]
    found = pd.DataFrame(rows, columns=columns).set_index(["attribute", "level"])
    true = mean.reindex(found.index).fillna(0.0)
    true -= true.groupby(level=0).transform("mean")
    assert set(found.index.get_level_values("attribute")) == {"brand", "category", "colour", "fit", "price_band"}
    assert true.corr(found["effect"], method="spearman") > 0.5
    sure = found["is_beyond_noise"]
    assert sure.sum() >= 3
    assert (np.sign(true[sure]) == np.sign(found.loc[sure, "effect"])).all()
    assert (found["low"].le(true) & found["high"].ge(true)).mean() > 0.75
    card = project.paths.data_docs / "models" / "clicks.html"
    assert "clicks follow" in card.read_text(encoding="utf-8")


def test_a_second_run_does_not_do_again_what_is_done(
    project: Project, first: DemoResult, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {batch.batch_id for batch in OpsStore(project.paths).batches()}
    second = _demo(project, project.clock.now())
    assert second.run.state == "done"
    assert not second.run.trained
    assert second.run.days_built < 7
    new = [batch for batch in OpsStore(project.paths).batches() if batch.batch_id not in before]
    assert {batch.source for batch in new} <= {"service_events", "service_exposures", "service_decisions"}
    assert sum(batch.accepted for batch in new if batch.source == "service_decisions") == QUESTIONS
    shown = capsys.readouterr().out
    assert "written before, not again" in shown
    assert "files taken in before, not again" in shown


@pytest.mark.usefixtures("first")
def test_time_does_not_run_back_in_a_folder_that_stands_later(project: Project) -> None:
    with pytest.raises(CommandError, match="look back in a fresh folder"):
        _demo(project, datetime(2017, 5, 1, tzinfo=UTC))

"""`concierge policy evaluate` on a log that the evaluator itself made, against values known by enumeration."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from intake.ops_offpolicy import OpeReport
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.app import app
from orchestration.offpolicy.candidate import CandidateError, of_project, read_candidate, read_table
from orchestration.offpolicy.evaluating import NotExploredError, evaluate_candidate, published
from orchestration.offpolicy.judge import OffPolicyRefusedError, judge_files
from orchestration.offpolicy.report import Report
from orchestration.offpolicy.rewards import NothingLoggedError
from orchestration.policy.publish_config import publish_config
from tests.orchestration.offpolicy import shop


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shop.make_shop(tmp_path_factory.mktemp("ope") / "shop")


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy that a test may change."""
    shutil.copytree(made.paths.root.parent, tmp_path / "shop", symlinks=True)
    return shop.open_project(tmp_path / "shop")


def folder(tmp_path: Path, **changes: object) -> Path:
    shop.write_files(tmp_path / "candidate", **changes)  # type: ignore[arg-type]
    return tmp_path / "candidate"


def judged(project: Project, candidate: str) -> Report:
    with published(project) as connection:
        return evaluate_candidate(project, read_candidate(project, candidate), "banner", connection)


def run(project: Project, monkeypatch: pytest.MonkeyPatch, *words: object) -> Result:
    monkeypatch.setenv("CONCIERGE_DATA", str(project.paths.root))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(project.config))
    return CliRunner().invoke(app, ["policy", "evaluate", *map(str, words)])


def test_a_better_rule_is_valued_as_enumeration_says(project: Project, tmp_path: Path) -> None:
    report = judged(project, str(folder(tmp_path, when=shop.BEST)))
    truth = shop.true_value({0: shop.LOGGED, 1: {"loud": 1.0}})
    for name in ("IPS", "SNIPS", "DR", "DR resampled"):
        one = report.estimates[name]
        assert one.low < truth < one.high, name
    gain = truth - shop.true_value({0: shop.LOGGED, 1: shop.LOGGED})
    assert report.difference.low < gain < report.difference.high
    assert report.verdict == "ok"
    assert report.exposures == shop.PEOPLE * shop.VISITS
    # Of segment 0 nothing changes, to the last digit.
    parts = {part.label: part for part in report.parts if part.attribute == "segment"}
    assert parts["0"].difference.value == pytest.approx(0.0, abs=1e-9)
    assert parts["1"].difference.value == pytest.approx(3.0 - 1.5, abs=0.15)


def test_the_same_files_differ_in_nothing(project: Project) -> None:
    report = judged(project, str(project.config))
    assert report.difference.value == pytest.approx(0.0, abs=1e-9)
    assert report.mean_weight == pytest.approx(1.0)
    assert report.effective == pytest.approx(report.exposures)
    assert report.verdict == "ok"


def test_an_action_for_everybody(project: Project) -> None:
    report = judged(project, "plain")
    truth = shop.true_value({s: {"plain": 1.0} for s in (0, 1)})
    assert report.estimates["DR"].low < truth < report.estimates["DR"].high
    assert report.verdict in ("worse", "insufficient support")
    with pytest.raises(CandidateError, match=r"'huge' is no action .* allowed: calm, loud, plain"):
        judged(project, "huge")


def test_the_command_writes_table_page_json_and_row(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(project, monkeypatch, folder(tmp_path, when=shop.BEST), "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "banner: candidate: ok" in done.output
    told = json.loads((tmp_path / "out" / "policy_evaluate.json").read_text())
    assert told[0]["placement"] == "banner"
    html = (tmp_path / "out" / "policy_evaluate.html").read_text()
    assert "May go on" in html
    assert "http" not in html.replace("http-equiv", "")
    rows = OpsStore(project.paths).ope_reports("banner")
    assert [(row.verdict, row.evidence["exposures"]) for row in rows] == [("ok", told[0]["exposures"])]
    assert "v17" not in json.dumps(rows[0].evidence).split('"')


def test_a_worse_candidate_exits_with_3(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(project, monkeypatch, "plain")
    assert done.exit_code == 3
    assert "worse" in done.output or "insufficient support" in done.output


def test_a_candidate_that_changes_nothing_logged_is_refused(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(project, monkeypatch, folder(tmp_path))
    assert done.exit_code == 1
    assert "changes no placement with logged exposures; those are: banner" in done.output
    unknown = run(project, monkeypatch, "nobodys")
    assert (unknown.exit_code, "'nobodys' is no folder, no table and no action" in unknown.output) == (1, True)


def test_a_placement_that_was_never_explored_is_refused(project: Project, tmp_path: Path) -> None:
    database = project.paths.published / "v1" / "concierge.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.fct_exposure set propensity = 1").fetchall()
    with pytest.raises(NotExploredError, match="never explored: all 450 exposures"):
        judged(project, str(folder(tmp_path, when=shop.BEST)))


def test_propensities_off_by_a_constant_are_told(project: Project, tmp_path: Path) -> None:
    database = project.paths.published / "v1" / "concierge.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.fct_exposure set propensity = propensity * 0.8").fetchall()
    report = judged(project, str(folder(tmp_path, when=shop.BEST)))
    assert report.verdict == "propensities cannot be trusted"
    assert "more often than its propensities say" in report.reasons[0]


def test_publishing_obeys_when_it_is_asked_to(project: Project) -> None:
    settings = project.config / "settings.yml"
    settings.write_text(settings.read_text().replace("required: false", "required: true"), encoding="utf-8")
    # Best for segment 1, and shown to segment 0: worse.
    shop.write_files(project.config, when="segment_id == 0")
    strict = shop.open_project(project.config.parent)
    with pytest.raises(OffPolicyRefusedError, match="banner: worse"):
        publish_config(strict, "tester")
    shop.write_files(project.config, when=shop.BEST)
    assert publish_config(strict, "tester").version == "v1-2"
    assert judge_files(strict).told == {}


def test_a_judgement_that_was_asked_otherwise_proves_nothing_to_the_gate(project: Project) -> None:
    settings = project.config / "settings.yml"
    settings.write_text(settings.read_text().replace("required: false", "required: true"), encoding="utf-8")
    shop.write_files(project.config, when=shop.BEST)
    strict = shop.open_project(project.config.parent)
    span, digest = strict.settings.offpolicy, of_project(strict).digest
    own: dict[str, object] = {"objective": "margin", "days": span.days, "window_hours": span.window_hours}
    ops, said = OpsStore(strict.paths), {"digest": digest, "reasons": ["so they said"]}
    others: list[dict[str, object]] = [{"objective": "converted"}, {"days": 1}, {"window_hours": 1}, {}]
    for number, other in enumerate(others):
        at = strict.clock.now() + timedelta(seconds=number)
        ops.record_ope_report(OpeReport(str(number), "it", "banner", at, "worse", said | own | other))
        assert bool(judge_files(strict).refused) == (not other)


def test_a_live_version_of_another_program_counts_as_none(project: Project, tmp_path: Path) -> None:
    manifest = project.paths.snapshots / "v1" / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(told | {"schema_hash": "another"}), encoding="utf-8")
    settings = project.config / "settings.yml"
    settings.write_text(settings.read_text().replace("required: false", "required: true"), encoding="utf-8")
    shop.write_files(project.config, when="segment_id == 0")
    assert judge_files(shop.open_project(project.config.parent)).refused == []
    with pytest.raises(NothingLoggedError, match="450 because their snapshot is of another version of this program"):
        judged(project, str(folder(tmp_path, when=shop.BEST)))


def test_without_the_setting_nothing_is_judged(project: Project) -> None:
    shop.write_files(project.config, when="segment_id == 0")
    assert publish_config(project, "tester").version == "v1-2"
    assert OpsStore(project.paths).ope_reports() == []


def test_tables_of_arms_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    pd.DataFrame({"arm": ["a", "b"], "probability": [0.7, 0.2]}).to_csv(file, index=False)
    with pytest.raises(CandidateError, match=r"add up to 0\.900000, must be 1"):
        read_table(file)
    pd.DataFrame({"arm": ["a", "b"], "probability": [1.7, -0.7]}).to_csv(file, index=False)
    with pytest.raises(CandidateError, match=r"probability 1\.7 of arm 'a' must be 0 to 1"):
        read_table(file)
    pd.DataFrame({"arm": ["a", "b"], "probability": [0.7, 0.3]}).to_csv(file, index=False)
    assert read_table(file).cell("", 4, "mobile") == {"a": 0.7, "b": 0.3}

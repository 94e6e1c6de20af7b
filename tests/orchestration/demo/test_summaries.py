"""The pages of the summary that only read records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.demo.asking import Answers
from orchestration.demo.intake_summary import counts_by_source, origin, show_intake
from orchestration.demo.model_summary import CHURN, metric_rows, show_models
from orchestration.demo.quality_summary import CheckResult, show_quality
from orchestration.demo.service_summary import show_answers
from orchestration.model_registry import ModelCard, ModelRegistry

AT = datetime(2026, 3, 1, tzinfo=UTC)


def _batch(number: int, source: str, *counts: int) -> BatchRecord:
    return BatchRecord(f"b{number}", source, "1", f"{number}.csv", f"h{number}", *counts, 0, AT, AT)


def test_batches_add_up_by_source_and_in_total() -> None:
    batches = [_batch(1, "web", 10, 7, 2, 1, 0), _batch(2, "web", 5, 5, 0, 0, 0), _batch(3, "crm", 4, 3, 0, 0, 1)]
    counts = counts_by_source(batches)
    assert list(counts) == ["crm", "web", "total"]
    assert counts["web"].cells() == (2, 15, 12, 2, 1, 0, 0)
    assert counts["total"].cells() == (3, 19, 15, 2, 1, 1, 0)


def test_the_intake_page_says_what_is_real(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    OpsStore(project.paths).record_batch(_batch(1, "my_orders", 0, 0, 0, 0, 0), [])
    show_intake(project)
    shown = capsys.readouterr().out
    assert "Complete Journey of 84.51°" in shown
    assert "calls simulated from real grocery shopping patterns" in shown
    assert "is_simulated" in shown


def test_a_source_without_a_contract_has_no_origin() -> None:
    assert origin("gone", {}) == ""


def test_the_model_comes_before_its_baselines() -> None:
    metrics = {"recency": {"roc_auc": 0.7}, "model": {"roc_auc": 0.8, "brier": 0.1}, "note": "text"}
    assert metric_rows(metrics, CHURN) == [
        ("LightGBM", 0.8, None, 0.1, None),
        ("recency alone", 0.7, None, None, None),
    ]


def test_models_and_the_lack_of_them_are_shown(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    show_models(project)
    assert capsys.readouterr().out.splitlines() == [
        "Churn: no model",
        "Lifetime value: no model",
        "Clicks in lists: no model",
    ]
    metrics = {"model": {"roc_auc": 0.81}, "recency": {"roc_auc": 0.7}}
    cutoffs = ["2026-01-01", "2026-02-01"]
    card = ModelCard("churn", "v7", "2026-03-01", "", [], cutoffs, 91, metrics, "", "", 10)
    ModelRegistry(project.paths.models).save(card, {"a": b"b"})
    clicks = ModelCard("clicks", "v1", "2026-03-01", "", [], [], None, {}, "", "", 10, note="clicks follow brand")
    ModelRegistry(project.paths.models).save(clicks, {"a": b"b"})
    show_models(project)
    shown = capsys.readouterr().out
    assert "Churn, the next 91 days" in shown
    assert shown.index("0.810") < shown.index("0.700")
    assert "Clicks in lists: clicks follow brand" in shown


def test_checks_and_alerts(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    OpsStore(project.paths).open_alert("x", severity="warning", title="12 rows set aside", at=AT)
    show_quality(
        project, [CheckResult("marts/a", "unique_a", False, "WARN"), CheckResult("marts/b", "c", True, "WARN")]
    )
    shown = capsys.readouterr().out
    assert "Checks: 1 of 2 hold" in shown
    assert "does not hold (warn): marts/a: unique_a" in shown
    assert "Alerts: 1 standing" in shown
    assert "12 rows set aside" in shown
    show_quality(project, [])
    assert "none ran" in capsys.readouterr().out


def test_answers_are_shown_by_rung_placement_and_latency(capsys: pytest.CaptureFixture[str]) -> None:
    answers = Answers(milliseconds=[1.0, 2.0, 3.0])
    answers.by_rung.update(["segment", "segment", "popular"])
    answers.by_action.update([("home_hero", "tea"), ("home_hero", "tea"), ("checkout_incentive", "none")])
    show_answers(answers)
    shown = capsys.readouterr().out
    assert "3 decisions over HTTP, by rung" in shown
    assert "tea 2" in shown
    assert "p50 2.0 ms, p99 3.0 ms" in shown

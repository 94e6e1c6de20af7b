"""`concierge models`: what there is, how two versions compare, and who made which one serve."""

from __future__ import annotations

from datetime import timedelta

import pytest

from intake.ops_models import ModelEvent
from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.champions.looks import refused_note
from orchestration.champions.matured import kept
from orchestration.model_registry import ModelCard, ModelRegistry
from tests.orchestration.cli.conftest import Concierge


def card(version: str, auc: float) -> ModelCard:
    return ModelCard(
        name="churn",
        version=version,
        as_of="2018-01-02T00:00:00+00:00",
        trained_at="2018-01-02T00:00:00+00:00",
        features=["recency_days"],
        cutoffs=["2017-10-03"],
        horizon_days=91,
        metrics={"model": {"roc_auc": auc}, "recency": {"roc_auc": 0.7}},
        data_hash="d",
        code_version="c",
        rows=10,
        intervals={"model": {"roc_auc": [auc - 0.02, auc + 0.02]}},
        evidence={"voices": [["recency_days", 1.0, 0.9]]},
        seed=1,
    )


@pytest.fixture
def two(project: Project) -> ModelRegistry:
    registry = ModelRegistry(project.paths.models)
    registry.save(card("20180102-aaaa", 0.81), {"a": b"1"})
    registry.store(card("20180109-bbbb", 0.82), {"a": b"2"})
    registry.shadow("churn", "20180109-bbbb")
    return registry


def test_without_a_model_the_way_to_one_is_told(concierge: Concierge) -> None:
    assert "train with: concierge run --train" in concierge("models", "list").stdout


def test_list_says_what_was_not_trained_and_why(project: Project, concierge: Concierge) -> None:
    ops, now = OpsStore(project.paths), project.clock.now()
    for name, kind, days, why in (
        ("churn_near", "refused", 7, "judging: 633 customers left and 0 stayed"),
        ("price", "refused", 7, "discounts: 0 of 12 lines"),
        ("price", "first", 0, "the first version of this model"),
        # The near horizon was switched off before the far model was looked at again.
        ("value_near", "refused", 7, "judging: 0 customers bought"),
        ("value", "kept", 0, "as good"),
    ):
        at = now - timedelta(days=days)
        ops.record_model_event(ModelEvent(name, "", kind, at, at, "training", "", why))
    note = "not trained: churn_near, value_near, price; why: concierge models list"
    assert refused_note(ops.model_events()) == [note]
    assert refused_note(ops.model_events("value")) == []
    told = concierge("models", "list").stdout
    assert "churn_near" in told
    assert "633 customers left and 0 stayed" in told
    assert "price" not in told
    assert "train with" not in told
    assert "value_near" not in told
    asked = concierge("models", "show", "churn_near")
    assert (asked.exit_code, "no version of it was trained yet" in asked.stderr) == (1, True)


def test_list_and_show(two: ModelRegistry, concierge: Concierge) -> None:
    listed = concierge("models", "list").stdout
    assert [line.split()[:3] for line in listed.splitlines()[1:3]] == [
        ["churn", "20180109-bbbb", "challenger"],
        ["churn", "20180102-aaaa", "champion"],
    ]
    shown = concierge("models", "show", "aaaa").stdout
    assert "churn/20180102-aaaa: champion" in shown
    assert "seed 1" in shown
    assert "recency_days" in shown
    assert "0.810" in shown


@pytest.mark.parametrize("words", [("show", "bbbb"), ("compare", "aaaa", "bbbb")])
def test_a_damaged_version_is_told(two: ModelRegistry, concierge: Concierge, words: tuple[str, ...]) -> None:
    (two.root / "churn" / "20180109-bbbb" / "a").write_bytes(b"3")
    found = concierge("models", *words)
    assert found.exit_code == 1
    assert "error: churn/20180109-bbbb cannot be read: " in found.stderr


def test_compare_shows_labels_that_came_since(two: ModelRegistry, project: Project, concierge: Concierge) -> None:
    ops = OpsStore(project.paths)
    figures = {("churn", "20180102-aaaa"): {"roc_auc": 0.777}, ("churn", "20180109-bbbb"): {"roc_auc": 0.799}}
    ops.record_metrics(project.clock.now().date(), kept(figures), at=project.clock.now())
    found = concierge("models", "compare", "aaaa", "bbbb")
    assert found.exit_code == 0, found.stderr
    assert ["roc_auc", "0.777", "0.799"] in [line.split() for line in found.stdout.splitlines()]
    same = concierge("models", "compare", "aaaa", "aaaa")
    assert (same.exit_code, "two different versions" in same.stderr) == (1, True)


def test_promote_and_rollback(two: ModelRegistry, project: Project, concierge: Concierge) -> None:
    done = concierge("models", "promote", "bbbb", "--reason", "campaign starts")
    assert done.exit_code == 0, done.stderr
    assert "churn/20180109-bbbb serves from the next run" in done.stdout
    assert two.current_version("churn") == "20180109-bbbb"
    assert concierge("models", "rollback", "churn", "--reason", "too soon").exit_code == 0
    assert two.current_version("churn") == "20180102-aaaa"
    told = [(event.kind, event.reason) for event in OpsStore(project.paths).model_events()]
    assert told == [("promoted", "campaign starts"), ("rolled_back", "too soon")]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("promote", "zzzz", "--reason", "x"), 1, "zzzz: no such version"),
        (("promote", "bbbb"), 2, "--reason"),
        (("promote", "bbbb", "--reason", " "), 1, "--reason: it is empty"),
        (("rollback", "price", "--reason", "x"), 1, "no model 'price' serves; there are: churn"),
        (("rollback", "churn", "--reason", "x"), 1, "no champion before 20180102-aaaa"),
        (("show", "2018"), 1, "2 versions fit"),
    ],
)
def test_mistakes_are_one_line(
    two: ModelRegistry, concierge: Concierge, words: tuple[str, ...], code: int, said: str
) -> None:
    found = concierge("models", *words)
    assert found.exit_code == code
    assert said in found.stderr

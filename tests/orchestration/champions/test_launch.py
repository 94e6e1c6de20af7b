"""A new version serves, or stands in the shadow; people may promote and roll back; all of it is written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from ml.champion import Trial
from ml.champion.measures import CHURN
from ml.champion.trial import Floats, column, nowhere
from orchestration.champions.launch import Launch, launch, note
from orchestration.champions.looks import confirmed_at, tried_at
from orchestration.champions.promotion import PromotionError, named_version, promote_by_hand, roll_back
from orchestration.model_registry import TWIN, ModelCard, ModelNotFoundError, ModelRegistry

START = datetime(2018, 1, 2, tzinfo=UTC)
ROWS = 800
RANDOM = np.random.default_rng(5)
CHANCE = RANDOM.beta(1, 3, ROWS)
LEFT = (RANDOM.random(ROWS) < CHANCE).astype(np.float64)
BLUR = RANDOM.normal(0, 1, ROWS)


def scores(blur: float) -> Floats:
    """The better the smaller the blur."""
    return column(np.clip(CHANCE + blur * BLUR, 0.001, 0.999))


def rescore(files: Mapping[str, bytes]) -> Floats:
    return scores(json.loads(files["blur.json"]))


def card(version: str, day: int = 0, **other: object) -> ModelCard:
    as_of = (START + timedelta(days=day)).isoformat()
    known = {
        "name": "churn",
        "version": version,
        "as_of": as_of,
        "trained_at": as_of,
        "features": ["recency_days", "orders_91d"],
        "cutoffs": ["2017-10-03"],
        "horizon_days": 91,
        "metrics": {"model": {"roc_auc": 0.8}},
        "data_hash": "d",
        "code_version": "c",
        "rows": ROWS,
    }
    return ModelCard(**(known | other))  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(DataPaths(tmp_path), tmp_path / "config", Settings(), FixedClock(START))


@pytest.fixture
def registry(project: Project) -> ModelRegistry:
    return ModelRegistry(project.paths.models)


def trained(project: Project, made: ModelCard, blur: float, *, tried: bool = True, twin: bool = True) -> Launch:
    registry, content = ModelRegistry(project.paths.models), json.dumps(blur).encode()
    registry.store(made, {"blur.json": content} | ({f"{TWIN}blur.json": content} if twin else {}))
    trial = Trial(CHURN, LEFT, scores(blur), rescore, nowhere(ROWS)) if tried else None
    return launch(project, registry, made, trial)


def test_first_equal_better_and_worse(project: Project, registry: ModelRegistry) -> None:
    assert trained(project, card("v1"), 0.30).kind == "first"
    assert trained(project, card("v2", 7), 0.30).kind == "kept"
    assert (registry.current_version("churn"), registry.challenger_version("churn")) == ("v1", "v2")
    assert trained(project, card("v3", 14), 0.02).kind == "better"
    assert trained(project, card("v4", 200), 0.40).kind == "kept"
    assert {version: registry.state("churn", version) for version in registry.versions("churn")} == {
        "v1": "previous champion",
        "v2": "retired",
        "v3": "champion",
        "v4": "challenger",
    }
    told = [(event.kind, event.version, event.replaced) for event in OpsStore(project.paths).model_events("churn")]
    assert told == [("first", "v1", ""), ("kept", "v2", ""), ("better", "v3", "v1"), ("kept", "v4", "")]


def test_an_equal_version_serves_once_the_champion_is_old(project: Project, registry: ModelRegistry) -> None:
    trained(project, card("v1"), 0.30)
    done = trained(project, card("v2", 28), 0.30)
    assert (done.kind, registry.current_version("churn")) == ("fresh", "v2")
    assert "the champion is 28 days old" in done.why


def test_the_same_version_again_changes_nothing(project: Project, registry: ModelRegistry) -> None:
    trained(project, card("v1"), 0.30)
    assert trained(project, card("v1"), 0.30).kind == "same"
    assert registry.challenger_version("churn") is None


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"horizon_days": 182}, "the horizon is 182 days instead of 91"),
        ({"features": ["orders_91d"]}, "the champion reads recency_days, which is no feature now"),
        ({"recipe": {"method": "ward"}}, "method is ward instead of kmeans"),
    ],
)
def test_another_question_is_answered_by_the_new_version(project: Project, other: dict[str, object], why: str) -> None:
    trained(project, card("v1", recipe={"method": "kmeans"}), 0.02)
    done = trained(project, card("v2", 1, **other), 0.40)
    assert (done.kind, done.is_loud) == ("other", True)
    assert why in done.why


def test_a_feature_more_is_no_reason_to_serve(project: Project) -> None:
    trained(project, card("v1"), 0.02)
    assert trained(project, card("v2", 1, features=["recency_days", "orders_91d", "new"]), 0.40).kind == "kept"


def test_a_champion_that_cannot_be_read_gives_way(project: Project, registry: ModelRegistry) -> None:
    trained(project, card("v1"), 0.02)
    (project.paths.models / "churn" / "v1" / "blur.json").write_text("9")
    done = trained(project, card("v2", 1), 0.40)
    assert (done.kind, registry.current_version("churn")) == ("unreadable", "v2")
    assert "content differs from the checksum" in done.why


def test_a_champion_without_a_twin_cannot_be_judged_fairly(project: Project) -> None:
    trained(project, card("v1"), 0.02, twin=False)
    done = trained(project, card("v2", 1), 0.40)
    assert done.kind == "unreadable"
    assert "its judged twin was not kept" in done.why


def test_a_model_without_a_trial_is_replaced_by_the_newest(project: Project) -> None:
    trained(project, card("v1"), 0.02)
    assert trained(project, card("v2", 1), 0.02, tried=False).kind == "fresh"


def test_retired_versions_beyond_the_limit_go(project: Project, registry: ModelRegistry) -> None:
    for day in range(15):
        trained(project, card(f"v{day:02}", day), 0.30)
    assert registry.versions("churn") == ["v00", *(f"v{day:02}" for day in range(4, 15))]


def test_people_promote_and_roll_back(project: Project, registry: ModelRegistry) -> None:
    trained(project, card("v1"), 0.30)
    trained(project, card("v2", 7), 0.30)
    target = named_version(registry, "churn/v2")
    assert promote_by_hand(project, target, reason="season", actor="ann") == "v1"
    assert (registry.current_version("churn"), registry.challenger_version("churn")) == ("v2", None)
    assert roll_back(project, "churn", reason="oops", actor="bob") == ("v1", "v2")
    with pytest.raises(PromotionError, match="churn: there is no champion before v1 to go back to"):
        roll_back(project, "churn", reason="again", actor="bob")
    last = OpsStore(project.paths).model_events("churn")[-2:]
    assert [(event.kind, event.version, event.actor, event.reason) for event in last] == [
        ("promoted", "v2", "ann", "season"),
        ("rolled_back", "v1", "bob", "oops"),
    ]


def test_what_cannot_serve_is_refused(project: Project, registry: ModelRegistry) -> None:
    trained(project, card("v1"), 0.30)
    trained(project, card("v2", 7), 0.30)
    with pytest.raises(PromotionError, match="churn/v1: it is the champion already"):
        promote_by_hand(project, named_version(registry, "v1"), reason="x", actor="ann")
    (project.paths.models / "churn" / "v2" / "blur.json").write_text("9")
    with pytest.raises(PromotionError, match=r"churn/v2 cannot serve: .*content differs"):
        promote_by_hand(project, named_version(registry, "v2"), reason="x", actor="ann")
    assert registry.current_version("churn") == "v1"


def test_versions_are_named_in_several_ways(project: Project, registry: ModelRegistry) -> None:
    trained(project, card("20180102-aa"), 0.30)
    trained(project, card("20180109-ab", 7), 0.30)
    assert str(named_version(registry, "ab")) == "churn/20180109-ab"
    assert str(named_version(registry, "churn")) == "churn/20180102-aa"
    for text, said in (
        ("2018", "2 versions fit, name one of them: churn/20180102-aa, churn/20180109-ab"),
        ("nope", "no such version"),
        ("price/20180102-aa", "no model 'price'; there are: churn"),
        ("churn/", "no such version"),
    ):
        with pytest.raises(PromotionError, match=said):
            named_version(registry, text)
    with pytest.raises(ModelNotFoundError, match="there are: 20180102-aa, 20180109-ab"):
        registry.promote("churn", "other")


def test_looks_tell_trained_from_confirmed(project: Project, registry: ModelRegistry) -> None:
    ops = OpsStore(project.paths)
    trained(project, card("v1"), 0.30)
    trained(project, card("v2", 7), 0.30)
    refused = START + timedelta(days=14)
    note(project, "churn", "", Launch("refused", "one class only"), as_of=refused, replaced="v1")
    assert confirmed_at(ops, registry) == {"churn": START + timedelta(days=7)}
    assert tried_at(ops, registry) == {"churn": refused}


def test_a_near_model_that_was_switched_off_is_not_missed(project: Project, registry: ModelRegistry) -> None:
    registry.save(card("v1", name="churn_near"), {})
    registry.save(card("v1"), {})
    assert set(tried_at(OpsStore(project.paths), registry)) == {"churn", "churn_near"}
    registry.save(card("v2", 7), {})
    assert set(tried_at(OpsStore(project.paths), registry)) == {"churn"}

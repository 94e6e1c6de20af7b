"""Tables of arms, shadows and canaries on logged exposures of experiments, against values known by enumeration."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from intake.project import Project
from orchestration.cli.init_command import write_project
from orchestration.offpolicy.canary import evaluate_canary
from orchestration.offpolicy.candidate import CandidateError, read_candidate
from orchestration.offpolicy.evaluating import evaluate_candidate, placements_of, published
from orchestration.offpolicy.rewards import NothingLoggedError, exposures
from orchestration.offpolicy.shadow import evaluate_shadow
from tests.orchestration.offpolicy import shop

PEOPLE = 1_500
ROW = {0: {"one": 0.5, "two": 0.3, "three": 0.2}, 1: {"one": 0.2, "two": 0.2, "three": 0.6}}
ACTION = {"one": "plain", "two": "calm", "three": "loud"}
EXPERIMENT = """
name: {name}
version: 1
hypothesis: It pays.
kind: {kind}
placement: banner
unit: person
layer: {name}
traffic: 1.0
arms:
  one: {{action: plain, share: 0.4, is_plain: true}}
  two: {{action: calm, share: 0.3}}
  three: {{action: loud, share: 0.3}}
metrics: {{primary: margin}}
minimum_effect: 0.05
owner: shop
status: {status}
"""


def logged() -> pd.DataFrame:
    """Exposures drawn by segment; every 10th person is in the canary, and a shadow wanted the best action."""
    random = np.random.default_rng(21)
    u = random.random(PEOPLE)
    rows = []
    for number in range(PEOPLE):
        # By name, as the service lays the arms out.
        segment, names = number % 2, sorted(ACTION)
        ends = np.cumsum([ROW[segment][name] for name in names])
        arm = names[int(np.searchsorted(ends, u[number], side="right"))]
        action = ACTION[arm]
        best = max(names, key=lambda name: shop.WORTH[segment][ACTION[name]])
        rows.append(
            {
                "personalization_id": f"{number:032x}", "customer_id": f"c{number}", "action": action, "arm": arm,
                "shown_at": (shop.NOW - timedelta(days=20, seconds=number)).replace(tzinfo=None),
                "propensity": ROW[segment][arm], "segment_id": segment, "probabilities": json.dumps(ROW[segment]),
                "draw_u": u[number], "traffic": "canary" if number % 10 == 3 else "live",
                "shadow": json.dumps({"ghost/1": best}), "eligible": json.dumps(sorted(ACTION.values())),
                "margin": shop.WORTH[segment][action] + random.normal(0.0, 0.5), "rung": "experiment",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("arms") / "shop"
    write_project(root)
    shop.clear_files(root / "config")
    shop.write_files(root / "config")
    (root / "config" / "experiments").mkdir(exist_ok=True)
    for name, kind, status in (("trial", "ab", "running"), ("ghost", "shadow", "running")):
        text = EXPERIMENT.format(name=name, kind=kind, status=status)
        (root / "config" / "experiments" / f"{name}.yml").write_text(text, encoding="utf-8")
    shop.set_clock(root / "config")
    made = shop.open_project(root)
    shop.publish_tables(made, logged(), shop.tables(in_experiment=True))
    return made


def table(tmp_path: Path, rows: dict[int, dict[str, float]]) -> Path:
    told = [
        {"experiment": "trial", "segment_id": s, "context_bucket": "any", "arm": arm, "probability": p}
        for s, row in rows.items()
        for arm, p in row.items()
    ]
    pd.DataFrame(told).to_csv(tmp_path / "arms.csv", index=False)
    return tmp_path / "arms.csv"


def test_a_table_of_arms_is_valued_as_enumeration_says(project: Project, tmp_path: Path) -> None:
    rows = {0: {"one": 0.2, "two": 0.7, "three": 0.1}, 1: {"one": 0.2, "two": 0.1, "three": 0.7}}
    candidate = read_candidate(project, str(table(tmp_path, rows)))
    with published(project) as connection:
        assert list(placements_of(project, candidate, connection)) == ["banner"]
        report = evaluate_candidate(project, candidate, "banner", connection)
    # The plain arm keeps what the table gives it, the learned ones at least the floor, which both are above.
    truth = shop.true_value({s: {ACTION[arm]: p for arm, p in row.items()} for s, row in rows.items()})
    assert report.estimates["DR"].low < truth < report.estimates["DR"].high
    assert report.verdict == "ok"
    assert report.exposures == PEOPLE * 9 // 10


def test_marginal_shares_in_the_log_are_told_by_segment(project: Project, tmp_path: Path) -> None:
    frame = logged()
    shares = frame["arm"].value_counts(normalize=True)
    frame = frame.assign(propensity=frame["arm"].map(shares), probabilities=json.dumps(shares.to_dict()))
    other = Project(project.paths.__class__(tmp_path / "data"), project.config, project.settings, project.clock)
    shop.publish_tables(other, frame, shop.tables(in_experiment=True))
    with published(other) as connection:
        report = evaluate_candidate(other, read_candidate(other, "calm"), "banner", connection)
    assert report.verdict == "propensities cannot be trusted"
    assert any("segment" in reason for reason in report.reasons)
    assert any("does not give the action shown" in reason for reason in report.reasons)


def test_a_shadow_is_valued_and_its_agreement_counted(project: Project) -> None:
    with published(project) as connection:
        found = evaluate_shadow(project, "ghost", connection)
    frame = logged().query("traffic == 'live'")
    best = [json.loads(text)["ghost/1"] for text in frame["shadow"]]
    by_hand = float((frame["arm"].to_numpy() == np.array(best)).mean())
    assert f"the same in {by_hand:.1%}" in found.sentence
    assert sum(one.shadowed for one in found.arms) == len(frame)
    truth = np.mean([max(worth.values()) for worth in shop.WORTH.values()])
    assert found.report is not None
    assert found.report.estimates["DR"].low < truth < found.report.estimates["DR"].high


def test_a_canary_stands_beside_the_rest(project: Project, tmp_path: Path) -> None:
    frame = logged()
    # A slow week before it began, and half of the canary's people were live in it.
    before = frame.head(225).assign(traffic="live", margin=0.0, shown_at=frame["shown_at"] - timedelta(days=5))
    before["personalization_id"] = "b" + before["personalization_id"].str[1:]
    other = Project(project.paths.__class__(tmp_path / "data"), project.config, project.settings, project.clock)
    shop.publish_tables(other, pd.concat([before, frame]), shop.tables(in_experiment=True))
    with published(other) as connection:
        found = evaluate_canary(project, "trial", connection)
        with pytest.raises(CandidateError, match=r"'nothing' is not an experiment .* allowed: ghost/1, trial/1"):
            evaluate_canary(project, "nothing", connection)
        with pytest.raises(NothingLoggedError, match="ghost/1: no exposure of its canary traffic"):
            evaluate_canary(project, "ghost", connection)
    is_canary = frame["traffic"] == "canary"
    ran = frame["shown_at"].between(frame.loc[is_canary, "shown_at"].min(), frame.loc[is_canary, "shown_at"].max())
    by_hand = frame[ran].groupby("traffic")["margin"].mean()
    assert {one.name: one.value for one in found.sides} == pytest.approx(by_hand.to_dict(), abs=1e-3)
    assert found.verdict in ("ok", "worse", "insufficient support")
    assert (found.crossed, found.sides[0].people) == (0, int(is_canary.sum()))


def test_what_followed_counts_once_and_within_its_window(project: Project, tmp_path: Path) -> None:
    frame = logged().head(6).assign(margin=0.0, traffic="live")
    other = Project(project.paths.__class__(tmp_path / "data"), project.config, project.settings, project.clock)
    shop.publish_tables(other, frame, shop.tables(in_experiment=True) + OUTCOMES)
    with published(other) as connection:
        found = exposures(connection, "banner", shop.NOW, 28, 24)
    margins = dict(zip(found["customer_id"], found["margin"], strict=True))
    # c0: 10 named, less 4 of a refund without margin (two of five of the amount). c1: its order names nothing, and the
    # exposure is its last. c2: too late. c3: before it. c4: the report of 7 stands for the order of 5. c5: nothing.
    assert margins == pytest.approx({"c0": 6.0, "c1": 8.0, "c2": 0.0, "c3": 0.0, "c4": 7.0, "c5": 0.0})
    assert dict(zip(found["customer_id"], found["converted"], strict=True))["c4"] == 1


OUTCOMES = """;
    delete from marts.fct_outcome;
    insert into marts.fct_outcome
    select o.* from (
        select 'o0' as outcome_id, 'order' as kind, 'x' as customer_id, 1 as hours, 'o0' as order_id, '0' as named,
            null as assigned, true as converted, 10.0 as margin, 50.0 as revenue
        union all select 'r0', 'refund', 'x', 400, 'o0', null, null, null, null, -20.0
        union all select 'o1', 'order', 'c1', 2, 'o1', null, null, true, 8.0, 20.0
        union all select 'o2', 'order', 'c2', 25, 'o2', '2', null, true, 9.0, 20.0
        union all select 'o3', 'order', 'c3', -1, 'o3', '3', null, true, 9.0, 20.0
        union all select 'o4', 'order', 'c4', 3, 'o4', '4', null, true, 5.0, 20.0
        union all select 'p4', 'report', 'c4', 4, null, '4', '4', true, 7.0, 20.0
    ) as t(outcome_id, kind, customer_id, hours, order_id, named, assigned, converted, margin, revenue)
    cross join lateral (
        select t.outcome_id, t.kind, t.customer_id, e.shown_at + to_hours(cast(t.hours as bigint)), t.order_id,
            case when t.named is not null then e.personalization_id end,
            case when t.assigned is not null then e.personalization_id end, t.converted,
            cast(t.margin as decimal(18, 4)), cast(t.revenue as decimal(18, 4))
        from marts.fct_exposure as e where e.customer_id = 'c' || right(t.outcome_id, 1)
    ) as o
"""

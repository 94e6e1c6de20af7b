"""Logged questions under other rules, against the two answers asked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.policy.what_if import WhatIf, questions_of, what_if
from orchestration.policy.what_if_page import page, summary
from serving.content import Content, load_content
from serving.decide import decide
from serving.edited import edited
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.policy import Rule
from serving.question import Context, Question
from serving.snapshot.reader import SnapshotReader
from tests.serving import sample

CARTS = [Context(product_ids=["p1"], cart_value=value) for value in (5.0, 20.0, 50.0)]
PEOPLE = ["ann", "bob", "dan", "eve", "finn"]
BLOCKED = Rule(name="no_free_shipping", effect="block", when="cart_value < 30.0", reason="r", actions=["free_shipping"])
NEVER = Rule(name="never", effect="block", when="cart_value < 0.0", reason="r", placements=["checkout_incentive"])
FORCE = Rule(
    name="everybody_returns", effect="force", when="customer_known", reason="r", placements=["home_hero"],
    actions=["deli"], priority=190,
)  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveSnapshot, LiveSnapshot]]:
    folder = sample.write(tmp_path_factory.mktemp("snapshots"))
    content = load_content(sample.CONFIG)
    first = content.policies[0]
    added = first.model_copy(update={"rules": [*first.rules, BLOCKED, NEVER, FORCE]})
    with ExitStack() as stack:
        now, then = LiveSnapshot(SnapshotReader(folder)), edited(folder, changed(content, added))
        stack.callback(now.close)
        stack.callback(then.close)
        yield now, then


def changed(content: Content, first: object) -> Content:
    return replace(content, policies=[first, *content.policies[1:]])


def hashed(who: str) -> tuple[tuple[str, str], ...]:
    return (("loyalty_id", sample.value_hash("loyalty_id", who)),)


def lines(live: LiveSnapshot) -> list[bytes]:
    found = []
    for who in PEOPLE:
        for context in CARTS:
            for placement in ("checkout_incentive", "home_hero"):
                decision = decide(live, Question(placement, hashed(who)), context, sample.NOW)
                found.append(decision_line(decision, hashed(who), context, sample.NOW))
    return [line.rstrip(b"\n") for line in found]


@pytest.fixture(scope="module")
def report(both: tuple[LiveSnapshot, LiveSnapshot]) -> WhatIf:
    groups = {"age_band": {"ann": "young", "bob": "old"}}
    return what_if(*both, questions_of([*lines(both[0]), b"torn"]), 7, groups)


def test_who_changes_is_what_asking_twice_tells(both: tuple[LiveSnapshot, LiveSnapshot], report: WhatIf) -> None:
    expected = 0
    for who in PEOPLE:
        for context in CARTS:
            for placement in ("checkout_incentive", "home_hero"):
                question = Question(placement, hashed(who))
                answers = [decide(live, question, context, sample.NOW).action for live in both]
                expected += answers[0] != answers[1]
    assert report.changed_decisions == expected > 0
    assert (report.decisions, report.people, report.skipped) == (30, 5, 1)
    assert sum(change.decisions for change in report.changes) == expected


def test_margins_add_up_over_segments(report: WhatIf) -> None:
    total = report.segments["everybody"]
    parts = [part for name, part in report.segments.items() if name != "everybody"]
    assert sum(part.margin_delta for part in parts) == pytest.approx(total.margin_delta)
    assert sum(part.decisions for part in parts) == total.decisions == 30
    assert report.groups["age_band"]["young"].decisions == 6


def test_rules_that_hit_conflict_or_never_matter(report: WhatIf) -> None:
    assert report.blocked_after["no_free_shipping"] > 0
    assert "no_free_shipping" not in report.blocked_before
    assert "never" in report.dead
    assert "no_free_shipping" not in report.dead
    assert any("everybody_returns" in pair for pair in report.conflicts)


def test_the_page_tells_the_same(report: WhatIf) -> None:
    text = page(report)
    assert "no_free_shipping" in text
    assert "everybody_returns" in text
    assert f"{report.changed_decisions} of 30 decisions" in summary(report)


def test_nothing_changed_changes_nothing(both: tuple[LiveSnapshot, LiveSnapshot], tmp_path: Path) -> None:
    same = what_if(both[0], both[0], questions_of(lines(both[0])), 7)
    assert (same.changed_decisions, same.segments["everybody"].margin_delta) == (0, 0.0)

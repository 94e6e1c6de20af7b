"""Placement files: the shipped ones are right, and every mistake is named with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.placement import Action
from serving.placement_files import load_placements
from serving.yaml_file import ConfigError
from tests.serving import sample

GOOD: dict[str, Any] = {
    "name": "slot",
    "version": 1,
    "description": "A slot.",
    "owner": "me",
    "decision_right": "content",
    "channels": ["web"],
    "strategy": "decision_table",
    "plain": "plain",
    "fallback": "plain",
    "actions": [{"name": "plain", "type": "none"}, {"name": "deal", "type": "coupon"}],
}


def load(folder: Path, content: Any, name: str = "slot") -> Any:
    (folder / f"{name}.yml").write_text(
        content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    )
    return load_placements(folder)


def test_the_shipped_placements() -> None:
    placements = {p.name: p for p in load_placements(sample.CONFIG / "placements")}
    assert {"home_hero", "weekly_email_offer", "product_recommendation", "checkout_incentive"} < set(placements)
    assert [a.name for a in placements["checkout_incentive"].actions] == ["none", "free_shipping", "ten_percent_off"]
    assert placements["weekly_email_offer"].consent == ["marketing_email"]
    categories = [a.tags["category"] for a in placements["home_hero"].actions if "category" in a.tags]
    assert len(categories) == len(set(categories)) >= 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategie": 1}, r"slot\.yml:\d+: \(file\): unknown field strategie; allowed: name, version, .*strategy"),
        ({"decision_right": "magic"}, r"decision_right: Input should be 'content', 'merchandising'.* \(got 'magic'\)"),
        ({"version": 0}, r"version: Input should be greater than or equal to 1 \(got 0\)"),
        ({"explore_share": 0.7}, r"explore_share: Input should be less than or equal to 0.5 \(got 0.7\)"),
        ({"plain": "nothing"}, r"plain: 'nothing' is not an action; allowed: plain, deal"),
        ({"fallback": "nothing"}, r"fallback: 'nothing' is not an action"),
        ({"consent": ["telepathy"]}, r"consent\.0: Input should be 'analytics', .* \(got 'telepathy'\)"),
        ({"strategy": "recommendations"}, r"strategy: recommendations needs an action with a task"),
        ({"name": "other"}, r"slot\.yml:1: name: 'other' must equal the file's name 'slot'"),
        ({"actions": [{"name": "plain", "type": "none"}] * 2}, r"actions: plain is there 2 times"),
        ({"actions": []}, r"actions: List should have at least 1 item"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, GOOD | changes)


@pytest.mark.parametrize(
    ("incentive", "message"),
    [
        ({"kind": "percent_off", "value": 10}, "must be a share above 0 and at most 1"),
        ({"kind": "percent_off"}, "must be a share above 0 and at most 1"),
        ({"value": 3}, r"incentive\.value: 3\.0 without a kind"),
        ({"kind": "bribe"}, r"actions\.1\.incentive\.kind: Input should be 'none'"),
    ],
)
def test_incentives_are_checked(tmp_path: Path, incentive: dict[str, Any], message: str) -> None:
    actions = [GOOD["actions"][0], {"name": "deal", "type": "coupon", "incentive": incentive}]
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, GOOD | {"actions": actions})


def test_the_plain_action_gives_nothing_away(tmp_path: Path) -> None:
    actions = [{"name": "plain", "type": "none", "incentive": {"kind": "free_shipping", "value": 4}}]
    with pytest.raises(ConfigError, match="plain: 'plain' must have no incentive"):
        load(tmp_path, GOOD | {"actions": actions})


def test_the_line_of_a_mistake_deep_in_the_file(tmp_path: Path) -> None:
    text = yaml.safe_dump(GOOD, sort_keys=False) + "- name: late\n  type: coupon\n  cost: -3\n"
    with pytest.raises(ConfigError, match=rf"slot\.yml:{text.count(chr(10))}: actions\.2\.cost: .* \(got -3\)"):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ["name: [", "a: b: c", "\t- x"])
def test_text_that_is_not_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"slot\.yml:\d+: not readable as YAML"):
        load(tmp_path, text)


def test_no_placement_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no placement"):
        load_placements(tmp_path)


def test_an_action_runs_from_start_to_before_end() -> None:
    start, end = datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 1, 2, tzinfo=UTC)
    action = Action(name="a", type="t", starts_at=start, ends_at=end)
    moments = [datetime(2017, 12, 31, 23, 59, tzinfo=UTC), start, datetime(2018, 1, 1, 23, 59, tzinfo=UTC), end]
    assert [action.runs_at(moment) for moment in moments] == [False, True, True, False]
    assert Action(name="a", type="t").runs_at(end)

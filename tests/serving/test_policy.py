"""Policy files: what they may say, and how a mistake is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from serving.content import load_content
from serving.lean import attributes_used
from serving.policy import PolicyError, compile_rule, load_policies, names_in, variables_in
from serving.schemas import schema_texts
from serving.variables import SENSITIVE, VARIABLES, profile_features
from serving.yaml_file import ConfigError
from tests.serving import sample

RULE: dict[str, Any] = {"name": "r", "effect": "block", "when": "hour > 21", "reason": "Too late."}


def policy(**changes: Any) -> dict[str, Any]:
    return {"name": "p", "version": 1, "description": "d", "owner": "o", "rules": [RULE | changes]}


def load(folder: Path, content: dict[str, Any]) -> Any:
    (folder / "p.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    return load_policies(folder)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("age > 30", "sensitive attribute 'age'"),
        ("known_income", "sensitive attribute 'income'"),
        ("orders_91 > 3", "unknown variable 'orders_91'; did you mean 'orders_91d'"),
        ("zzz", "unknown variable 'zzz'; allowed: see docs"),
        ("orders_91d > 1.5", r"column 12: found no matching overload for '_>_' applied to '\(int, double\)'"),
        ("top_category == 3", r"no matching overload for '_==_' applied to '\(string, int\)'"),
        ("orders_91d + 1", "answers INT; allowed: bool"),
        ("hour >", "column 7: Syntax error"),
        ("", "Syntax error"),
    ],
)
def test_wrong_expressions(expression: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        compile_rule(expression)


def test_sensitive_names_in_strings_are_only_words() -> None:
    assert compile_rule("top_category == 'age' || segment_name == \"income\"") is not None


@pytest.mark.parametrize("name", sorted(SENSITIVE))
def test_no_sensitive_attribute_can_be_named(name: str) -> None:
    with pytest.raises(PolicyError, match="sensitive"):
        compile_rule(f"{name} == 1")


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_compiles_with_its_kind(name: str) -> None:
    literal = {"int": "1", "double": "1.0", "string": "'x'", "bool": "true", "list": "['x']"}[VARIABLES[name].kind]
    assert compile_rule(f"known_{name} && {name} == {literal}") is not None
    assert name not in SENSITIVE


def test_names_and_variables_of_an_expression() -> None:
    text = "known_stock && stock > 0.0 && top_category in ['stock_x', \"hour\"] && size(channel) > 2"
    assert names_in(text) == {"known_stock", "stock", "top_category", "channel"}
    assert variables_in(text) == {"stock", "top_category", "channel"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"when": "age < 18"}, r"p\.yml:\d+: rules\.0\.when: names the sensitive attribute 'age'.*got 'age < 18'"),
        ({"when": "hours > 1"}, r"rules\.0\.when: unknown variable 'hours'; did you mean 'hour'"),
        ({"effect": "deny"}, r"rules\.0\.effect: Input should be 'allow', 'block', 'force' or 'reason' \(got 'deny'\)"),
        ({"effect": "force", "target": "product"}, r"rules\.0\.effect: 'force' with target product"),
        ({"prio": 3}, r"rules\.0: unknown field prio; allowed: name, effect"),
        ({"reason": ""}, r"rules\.0\.reason: String should have at least 1 character"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, policy(**changes))


def test_rule_names_differ(tmp_path: Path) -> None:
    content = policy() | {"rules": [RULE, RULE]}
    with pytest.raises(ConfigError, match=r"rules\.1\.name: 'r' is the name of another rule"):
        load(tmp_path, content)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"placements": ["home"]}, "rule r: placements: 'home' is unknown; allowed: account_panel, checkout_incentive"),
        ({"actions": ["produced"]}, "rule r: actions: 'produced' is unknown; allowed: "),
        ({"placements": ["home_hero"], "actions": ["free_shipping"]}, "actions: 'free_shipping' is unknown"),
    ],
)
def test_references_are_checked(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    (tmp_path / "placements").symlink_to(sample.CONFIG / "placements")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yml").write_text(yaml.safe_dump(policy(**changes)))
    with pytest.raises(ConfigError, match=message):
        load_content(tmp_path)


def test_a_snapshot_carries_only_what_rules_name() -> None:
    content = load_content(sample.CONFIG)
    used = attributes_used(content.placements, content.policies)
    assert {"recency_days", "orders_91d", "top_category"} < used
    named = {name for policy in content.policies for rule in policy.rules for name in variables_in(rule.when)}
    # A placement adjusted for returns needs the share of orders sent back, one that asks needs what was answered.
    assert used == (named & profile_features()) | {"return_order_rate", "zero_party_answers"}
    assert used < profile_features()
    assert attributes_used([], content.policies) == set()


@pytest.mark.parametrize("name", ["placement", "policy"])
def test_published_schemas_are_current_and_accept_the_shipped_files(name: str) -> None:
    text = (sample.CONFIG / "schemas" / f"{name}.schema.json").read_text()
    assert text == schema_texts()[f"{name}.schema.json"], "run: python -m serving.schemas"
    folder = {"placement": "placements", "policy": "policies"}[name]
    files = list((sample.CONFIG / folder).glob("*.yml"))
    assert files
    for file in files:
        jsonschema.validate(yaml.safe_load(file.read_text()), json.loads(text))


def test_editors_find_a_schema_for_every_file_that_has_one() -> None:
    root = sample.CONFIG.parent
    text = (root / ".vscode" / "settings.json").read_text()
    assert text == (root / "orchestration" / "cli" / "template" / ".vscode" / "settings.json").read_text()
    mapped = json.loads(text)["yaml.schemas"]
    assert {(root / schema).resolve() for schema in mapped} == set((sample.CONFIG / "schemas").glob("*.schema.json"))
    assert all(list(root.glob(files)) for files in mapped.values())

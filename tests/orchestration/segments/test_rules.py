"""What people may write into config/segments, and the sentence they get when they may not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from intake.paths import repository_root
from intake.sensitive import SensitiveRules, load_sensitive
from orchestration.assets.membership import is_sensitive
from orchestration.segments.columns import condition_columns
from orchestration.segments.condition import ConditionError, SensitiveConditionError, check_condition
from orchestration.segments.rules import load_rule_segment, rule_files, rule_segment_schema, rule_segments
from serving.yaml_file import ConfigError

CONFIG = repository_root() / "config"
COLUMNS, SENSITIVE = condition_columns(), load_sensitive(CONFIG)
GOOD = "name: own\ndescription: x\nwhere: orders_30d >= 1\n"


def write(tmp_path: Path, text: str, name: str = "own") -> Path:
    folder = tmp_path / "segments"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("where", "columns"),
    [
        ("orders_30d >= 1 and product_views_7d > 3", {"orders_30d", "product_views_7d"}),
        ("Orders_30D = 1 -- a remark", {"orders_30d"}),
        ("lower(top_category) like 'p%' or top_category is null", {"top_category"}),
        ("last_order_at >= as_of - interval 3 day", {"last_order_at", "as_of"}),
        ("case when recency_days between 1 and 9 then true else lifecycle = 'new' end", {"recency_days", "lifecycle"}),
        ("churn_probability >= 0.5 and value_band in ('high')", {"churn_probability", "value_band"}),
        ("try_cast(last_store_id as integer) > 3", {"last_store_id"}),
    ],
)
def test_conditions_of_one_row_are_taken(where: str, columns: set[str]) -> None:
    assert check_condition(where, COLUMNS, SENSITIVE) == columns


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("orders_3d >= 1", "unknown column 'orders_3d'; near it: orders_30d"),
        ("age > 30", "'age' is a sensitive attribute, which no segment may use"),
        ("customer_gender = 'f'", r"'customer_gender' \(gender\) is a sensitive attribute"),
        ("top_category = 'RX'", "'RX' is a sensitive category, which no segment may use"),
        ("top_category like 'beer%'", "'beer%' is a sensitive category"),
        ("orders_30d >", "is not readable as SQL: syntax error"),
        ("orders_30d > 0; drop table x", "is not readable as SQL"),
        ("orders_30d > 0) union select 1 where (true", "is more than one condition"),
        ("orders_30d > 0) group by (customer_id", "is more than one condition"),
        ("orders_30d in (select 1)", "a subquery is not allowed"),
        ("orders_30d > ?", "a parameter is not allowed"),
        ("sum(orders_30d) > 1", "function 'sum' is not allowed; allowed: abs"),
        ("random() < 0.5 and orders_30d > 0", "function 'random' is not allowed"),
        ("getenv('HOME') = '' or orders_30d > 0", "function 'getenv' is not allowed"),
        ("orders_30d", "is of type BIGINT; a condition is true or false"),
        ("orders_30d > 'many'", "does not fit the columns"),
        ("lower(orders_30d) = 'x'", "does not fit the columns"),
        ("1 = 1", "names no column"),
        ("lifecycle = 'laps'", "lifecycle is never 'laps'; did you mean 'lapsed'.; allowed: prospect, new, active"),
        ("orders_30d > 0 and not 'Hot' = intent", "intent is never 'Hot'; did you mean 'hot'"),
        ("value_band not in ('low', 'tiny')", "value_band is never 'tiny'; allowed: low, medium, high, unknown"),
        ('lifecycle = "lapsed"', "unknown column 'lapsed'.*; a text stands in single quotes: 'lapsed'"),
        ("top_category = \u2018tea\u2019", "write straight quotes: 'lapsed'"),
        ("orders_30d >= 1 && orders_7d > 0", "; write and, or"),
        ("orders_30d => 1", "; write >= for at least"),
        ("spend_30d > 1,5", "; write numbers with a point: 1.5"),
        ("churn_probability > 20%", "20 % is 0.20"),
        ("where orders_30d > 1", "; write only what stands after WHERE"),
        ("last_order_at > now() - interval 3 day", "; write as_of for the moment of the run"),
        ("orders_30d > 1 and", "; something is missing at its end"),
        ("  ", "is empty"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_is_allowed(where: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        check_condition(where, COLUMNS, SENSITIVE)


def test_the_shipped_examples_are_right() -> None:
    right, wrong = rule_segments(CONFIG)
    assert wrong == {}
    assert [rule.name for rule in right] == [file.stem for file in rule_files(CONFIG)]
    assert "recent_buyers_looking_again" in {rule.name for rule in right}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("own", "other"), r"own\.yml:1: name: 'other' differs from the file's name 'own'"),
        (GOOD + "colour: red\n", r"own\.yml:\d+: .*unknown field colour; allowed: name, description, owner, where"),
        (GOOD.replace("where: orders_30d >= 1\n", ""), r"own\.yml:1: where: Field required"),
        (GOOD.replace("orders_30d", "income"), r"own\.yml:3: where: 'income' is a sensitive attribute"),
        (GOOD.replace("orders_30d", "orders_3"), r"own\.yml:3: where: unknown column 'orders_3'"),
        ("name: [", r"own\.yml:\d+: not readable as YAML"),
    ],
)
def test_a_mistake_is_shown_with_file_line_and_field(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_rule_segment(write(tmp_path, text), CONFIG)


def test_one_wrong_file_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace("own", "typo").replace("orders", "order"), "typo")
    right, wrong = rule_segments(tmp_path)
    assert [rule.name for rule in right] == ["own"]
    assert set(wrong) == {"typo"}
    assert not is_sensitive(wrong["typo"])
    write(tmp_path, GOOD.replace("own", "typo").replace("orders_30d >= 1", "age > 30"), "typo")
    assert is_sensitive(rule_segments(tmp_path)[1]["typo"])
    shutil.rmtree(tmp_path / "segments")
    assert rule_segments(tmp_path) == ([], {})


def test_the_schema_is_the_one_in_the_repository() -> None:
    text = (CONFIG / "schemas" / "segment.schema.json").read_text(encoding="utf-8")
    assert text == rule_segment_schema(), "write orchestration.segments.rules.rule_segment_schema() there"


@pytest.mark.parametrize("where", ['zero_party_answers like \'%"age":"6%\'', "contains(zero_party_answers, 'Faith')"])
def test_answers_are_not_searched_for_what_is_sensitive(where: str) -> None:
    with pytest.raises(SensitiveConditionError, match="asks zero_party_answers for the sensitive attribute"):
        check_condition(where, COLUMNS, SensitiveRules(attributes=("faith",)))
    assert check_condition("zero_party_answers like '%style%'", COLUMNS, SENSITIVE) == {"zero_party_answers"}

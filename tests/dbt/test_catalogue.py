"""The YAML, the generated pages and the built tables say the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from intake.paths import repository_root
from orchestration.catalogue import (
    CatalogueError,
    Signal,
    features_page,
    predictions,
    public_tables,
    signals,
    tables_page,
)
from serving.placement_files import load_placements
from serving.policy import load_policies, variables_in
from serving.variables import SENSITIVE, VARIABLES, profile_features
from tests.dbt.dbt_room import Room

DOCS = repository_root() / "docs"
REQUIRED = [
    *["orders_lifetime", "orders_30d", "orders_91d", "orders_365d", "spend_lifetime", "spend_30d", "spend_91d"],
    *["spend_365d", "recency_days", "tenure_days", "mean_order_gap_days", "average_order_amount", "discount_share"],
    *["sessions_30d", "product_views_30d", "cart_adds_30d", "cart_abandons_30d", "size_guide_opens_30d"],
    *["email_opens_30d", "email_open_rate", "store_order_share", "weekend_order_share", "top_category"],
    *["category_entropy", "last_order_at", "last_seen_at", "n_coupons_365d", "consent_personalization"],
    *["consent_marketing_email", "consent_profiling_price"],
]


def test_the_pages_are_what_the_yaml_makes() -> None:
    assert (DOCS / "features.md").read_text(encoding="utf-8") == features_page()
    assert (DOCS / "tables.md").read_text(encoding="utf-8") == tables_page()


def test_every_signal_is_a_column_and_every_column_is_described(built: Room) -> None:
    columns = [row[0] for row in built.execute("DESCRIBE marts.customer_features")]
    assert columns == ["customer_id", "as_of", *(signal.name for signal in signals())]
    assert set(REQUIRED) <= set(columns)


def test_every_public_table_has_the_columns_and_types_of_its_contract(built: Room) -> None:
    for table in public_tables():
        built_columns = [(row[0], row[1].lower()) for row in built.execute(f"DESCRIBE {table.schema}.{table.name}")]
        assert [(c.name, c.data_type) for c in table.columns] == built_columns
        assert all(column.description for column in table.columns)


def test_there_are_as_many_signals_of_each_kind_as_promised() -> None:
    kinds = Counter(signal.kind for signal in [*signals(), *predictions()])
    assert kinds["behavioural"] >= 60
    assert kinds["contextual"] >= 25
    assert min(kinds[kind] for kind in ("temporal", "zero-party", "predictive")) >= 3


def test_the_page_has_one_row_a_signal_with_every_cell() -> None:
    rows = {row[0].strip("`"): row[1:] for row in _rows(features_page())}
    listed = {signal.name: signal for signal in [*signals(), *predictions()]}
    assert rows.keys() == listed.keys()
    for name, cells in rows.items():
        assert cells[:6] == list(_cells(listed[name]))
        assert all(cells[:6])


def test_the_users_on_the_page_are_those_of_the_code_and_the_configuration() -> None:
    told = {row[0].strip("`"): row[7] for row in _rows(features_page())}
    assert {name for name, users in told.items() if "model churn" in users} == {
        signal.name for signal in signals() if signal.is_model_input
    }
    config = repository_root() / "config"
    placed = {placement.name for placement in load_placements(config / "placements")}
    rules = [rule for policy in load_policies(config / "policies") for rule in policy.rules]
    named = {name for rule in rules if not rule.placements or placed & set(rule.placements) for name in
             variables_in(rule.when)}  # fmt: skip
    assert {name for name, users in told.items() if "snapshot" in users} == (named & profile_features()) | {
        # What placements need themselves: margin adjusted for returns, questions that are not asked twice.
        "return_order_rate", "zero_party_answers",
    }  # fmt: skip


def test_what_a_policy_may_name_of_a_profile_is_a_signal_of_that_type() -> None:
    kinds = {"bigint": "int", "integer": "int", "decimal": "double", "varchar": "string", "boolean": "bool"}
    types = {signal.name: kinds.get(signal.data_type.split("(")[0]) for signal in signals()}
    assert {name: VARIABLES[name].kind for name in profile_features()} == {
        name: types[name] for name in profile_features()
    }


def test_nothing_sensitive_is_a_signal() -> None:
    names = {signal.name for signal in signals()}
    assert not {name for name in names if any(word in SENSITIVE for word in (name, *name.split("_")))}
    project = yaml.safe_load((repository_root() / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert set(project["vars"]["sensitive_words"]) == SENSITIVE


def test_model_inputs_are_numbers_and_no_permission_is_one() -> None:
    inputs = [signal for signal in signals() if signal.is_model_input]
    assert len(inputs) >= 50
    assert {signal.data_type.split("(")[0] for signal in inputs} <= {"bigint", "decimal"}
    assert {signal.kind for signal in inputs} == {"behavioural", "temporal"}


def test_no_public_number_rests_on_a_float_sum() -> None:
    floats = {
        (t.name, c.name) for t in public_tables() for c in t.columns if c.data_type in {"double", "float", "real"}
    }
    from_models = {
        "customer_scores",
        "segment_profile",
        "customer_recommendations",
        "decision_table",
        "customer_incentives",
        "click_effect",
        "arm_probability",
        # Estimates, shares and predicted values; what is summed stands there as decimals.
        "assignment",
        "experiment_result",
        "experiment_unit",
        "identity_conflict",
    }
    assert {name for name, _ in floats} <= from_models


def _rows(page: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:3] == "| `"]


def _cells(signal: Signal) -> tuple[str, ...]:
    return signal.kind, signal.description, signal.unit, signal.window, signal.source, signal.purpose


def test_a_feature_without_a_window_is_named(tmp_path: Path) -> None:
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "f.yml").write_text(
        "models: [{name: customer_features, columns: [{name: x, data_type: bigint, description: d,"
        " config: {meta: {feature: {kind: behavioural, unit: u}}}}]}]"
    )
    with pytest.raises(CatalogueError, match=r"customer_features\.x: meta\.feature lacks window"):
        signals(tmp_path)

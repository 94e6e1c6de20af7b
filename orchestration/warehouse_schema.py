"""Tables that Python writes and dbt reads as sources: their DDL, created empty before dbt runs.

Timestamps are naive and UTC throughout the warehouse, so that no result depends on a session's time zone.
An open end of a bitemporal interval is `FOREVER`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

FOREVER = "9999-12-31 00:00:00"
SOURCE_SCHEMAS = ("ops", "identity", "ml", "refresh")


class SqlConnection(Protocol):
    """What this module needs of a DuckDB connection."""

    def execute(self, query: str) -> object:
        """Run one statement."""
        ...


@dataclass(frozen=True)
class SourceTable:
    """One table that Python fills: address, columns in order (name, SQL type) and the key that is unique."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def address(self) -> str:
        """`schema.name`, as it is queried."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in table order."""
        return tuple(name for name, _ in self.columns)

    @property
    def ddl(self) -> str:
        """The statement that creates the table when it does not exist."""
        columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.address} ({columns})"


def _table(schema: str, name: str, columns: str, key: str) -> SourceTable:
    pairs = [part.split(" ", 1) for part in (line.strip() for line in columns.split(";")) if part]
    return SourceTable(schema, name, tuple((first, second.strip()) for first, second in pairs), tuple(key.split()))


OPS_TABLES = (
    _table(
        "ops",
        "lake_file",
        "path VARCHAR; source VARCHAR; event_date DATE; rows BIGINT; min_received_at TIMESTAMP;"
        "max_received_at TIMESTAMP; loaded_at TIMESTAMP; is_visible BOOLEAN",
        "path",
    ),
    _table("ops", "run_context", "as_of TIMESTAMP", "as_of"),
    _table("ops", "pending_day", "event_date DATE", "event_date"),
    _table("ops", "daily_layout", "layout VARCHAR", "layout"),
    _table(
        "ops",
        "consent_regime",
        "country VARCHAR; region VARCHAR; purpose VARCHAR; regime VARCHAR",
        "country region purpose",
    ),
    _table(
        "ops",
        "suppressed",
        "suppressed_date DATE; source VARCHAR; purpose VARCHAR; reason VARCHAR; rows BIGINT",
        "suppressed_date source purpose reason",
    ),
    _table("ops", "sensitive_word", "word VARCHAR", "word"),
    _table("ops", "cutoff", "as_of TIMESTAMP; horizon_days INTEGER; role VARCHAR", "as_of horizon_days"),
    _table("ops", "label_window", "as_of TIMESTAMP; horizon_days INTEGER", "as_of horizon_days"),
    _table(
        "ops",
        "alert",
        "alert_id VARCHAR; cause VARCHAR; severity VARCHAR; title VARCHAR; detail VARCHAR; source VARCHAR;"
        "first_seen_at TIMESTAMP; last_seen_at TIMESTAMP; count BIGINT; state VARCHAR; owner VARCHAR; note VARCHAR;"
        "resolved_at TIMESTAMP; sample VARCHAR; kind VARCHAR; first_day DATE; last_day DATE; evidence VARCHAR;"
        "earlier_id VARCHAR; muted_until TIMESTAMP",
        "alert_id",
    ),
    _table(
        "ops",
        "metric_daily",
        "metric_date DATE; metric VARCHAR; dimension VARCHAR; value DOUBLE; recorded_at TIMESTAMP",
        "metric_date metric dimension",
    ),
    _table(
        "ops",
        "run_summary",
        "run_id VARCHAR; kind VARCHAR; as_of TIMESTAMP; started_at TIMESTAMP; finished_at TIMESTAMP;"
        "state VARCHAR; detail VARCHAR",
        "run_id",
    ),
    _table(
        "ops",
        "guardrail_event",
        "event_id BIGINT; surface VARCHAR; kind VARCHAR; cause VARCHAR; happened_at TIMESTAMP; actor VARCHAR;"
        "until TIMESTAMP; reason VARCHAR; evidence VARCHAR",
        "event_id",
    ),
    _table(
        "ops",
        "ope_report",
        "report_id VARCHAR; candidate VARCHAR; placement VARCHAR; judged_at TIMESTAMP; verdict VARCHAR;"
        "evidence VARCHAR",
        "report_id",
    ),
    _table(
        "ops",
        "segment_migration",
        "as_of TIMESTAMP; model_version VARCHAR; previous_version VARCHAR; from_segment_id INTEGER;"
        "from_segment_name VARCHAR; to_segment_id INTEGER; to_segment_name VARCHAR; customers BIGINT; share DOUBLE",
        "model_version from_segment_id to_segment_id",
    ),
)

IDENTITY_TABLES = (
    _table(
        "identity",
        "identifier",
        "identifier_key BIGINT; type VARCHAR; value_hash VARCHAR; first_seen_at TIMESTAMP; last_seen_at TIMESTAMP;"
        "degree_by_type VARCHAR; status VARCHAR; reason VARCHAR",
        "identifier_key",
    ),
    _table(
        "identity",
        "identity_edge",
        "edge_key BIGINT; a_key BIGINT; b_key BIGINT; kind VARCHAR; rule_id VARCHAR; source VARCHAR;"
        "evidence VARCHAR; weight DOUBLE; confidence DOUBLE; first_seen_at TIMESTAMP; last_seen_at TIMESTAMP;"
        "n_observed BIGINT; state VARCHAR; reason VARCHAR",
        "edge_key",
    ),
    _table(
        "identity",
        "canonical",
        "canonical_id VARCHAR; anchor_key BIGINT; created_at TIMESTAMP; status VARCHAR; redirect_to VARCHAR",
        "canonical_id",
    ),
    _table(
        "identity",
        "identity_assignment",
        "identifier_key BIGINT; canonical_id VARCHAR; tier VARCHAR; valid_from TIMESTAMP; valid_to TIMESTAMP;"
        "system_from TIMESTAMP; system_to TIMESTAMP; via_edge_key BIGINT",
        "identifier_key valid_from system_from",
    ),
    _table(
        "identity",
        "identity_event",
        "event_id VARCHAR; at TIMESTAMP; type VARCHAR; survivor_id VARCHAR; other_id VARCHAR;"
        "cause_edge_key BIGINT; actor VARCHAR; reason VARCHAR",
        "event_id",
    ),
    _table(
        "identity",
        "identity_quarantine",
        "identifier_key BIGINT; edge_key BIGINT; reason VARCHAR; detail VARCHAR; at TIMESTAMP; state VARCHAR",
        "identifier_key edge_key",
    ),
    _table(
        "identity",
        "identity_override",
        "a_key BIGINT; b_key BIGINT; kind VARCHAR; actor VARCHAR; reason VARCHAR; created_at TIMESTAMP",
        "a_key b_key",
    ),
    _table("identity", "evidence_seen", "identifier_key BIGINT; fingerprint HUGEINT", "identifier_key"),
    _table(
        "identity",
        "account_address",
        "value_hash VARCHAR; account_id VARCHAR; account_name VARCHAR; domain VARCHAR",
        "value_hash",
    ),
)

MATCHING_TABLES = (
    _table(
        "identity",
        "match_pair",
        "a_key BIGINT; b_key BIGINT; rule VARCHAR; weight DOUBLE; probability DOUBLE; known_at TIMESTAMP;"
        "evidence VARCHAR",
        "a_key b_key rule",
    ),
    _table(
        "identity",
        "match_veto",
        "a_key BIGINT; b_key BIGINT; reason VARCHAR; known_at TIMESTAMP",
        "a_key b_key",
    ),
    _table(
        "identity",
        "match_flag",
        "identifier_key BIGINT; status VARCHAR; reason VARCHAR; known_at TIMESTAMP",
        "identifier_key",
    ),
    _table(
        "identity",
        "household",
        "household_id VARCHAR; identifier_key BIGINT; known_at TIMESTAMP",
        "household_id identifier_key",
    ),
)

ML_TABLES = (
    _table(
        "ml",
        "segment_assignment",
        "customer_id VARCHAR; as_of TIMESTAMP; segment_id INTEGER; segment_name VARCHAR; rung VARCHAR;"
        "micro_segment VARCHAR; model_version VARCHAR; persona_id INTEGER",
        "customer_id",
    ),
    _table(
        "ml",
        "segment_profile",
        "segment_id INTEGER; as_of TIMESTAMP; segment_name VARCHAR; customers BIGINT; share DOUBLE;"
        "description VARCHAR; evidence VARCHAR; top_categories VARCHAR; suggested_treatment VARCHAR;"
        "model_version VARCHAR",
        "segment_id",
    ),
    _table(
        "ml",
        "micro_segment",
        "customer_id VARCHAR; persona_id INTEGER; churn_band VARCHAR; value_band VARCHAR; intent VARCHAR;"
        "micro_segment VARCHAR; customers BIGINT; is_large BOOLEAN",
        "customer_id",
    ),
    _table("ml", "rule_segment_member", "customer_id VARCHAR; rule_segment VARCHAR", "customer_id rule_segment"),
    _table(
        "ml",
        "segment_history",
        "customer_id VARCHAR; kind VARCHAR; segment VARCHAR; entered_on DATE; left_on DATE",
        "customer_id kind segment entered_on",
    ),
    _table(
        "ml",
        "score_history",
        "model VARCHAR; model_version VARCHAR; role VARCHAR; as_of TIMESTAMP; customer_id VARCHAR; score DOUBLE;"
        "low DOUBLE; high DOUBLE; horizon_days INTEGER",
        "model model_version as_of customer_id",
    ),
    _table(
        "ml",
        "churn_score",
        "customer_id VARCHAR; as_of TIMESTAMP; churn_probability DOUBLE; horizon_days INTEGER; model_version VARCHAR;"
        "near_probability DOUBLE; near_horizon_days INTEGER; near_model_version VARCHAR; basis VARCHAR",
        "customer_id",
    ),
    _table(
        "ml",
        "value_score",
        "customer_id VARCHAR; as_of TIMESTAMP; ltv_amount DOUBLE; ltv_low DOUBLE; ltv_high DOUBLE;"
        "horizon_days INTEGER; model_version VARCHAR; near_amount DOUBLE; near_low DOUBLE; near_high DOUBLE;"
        "near_horizon_days INTEGER; near_model_version VARCHAR; basis VARCHAR",
        "customer_id",
    ),
    _table(
        "ml",
        "outlook_score",
        "customer_id VARCHAR; as_of TIMESTAMP; next_purchase_days_low INTEGER; next_purchase_days_high INTEGER;"
        "next_purchase_week INTEGER; next_purchase_horizon_days INTEGER; next_purchase_basis VARCHAR;"
        "price_sensitivity DOUBLE; deal_seeker_probability DOUBLE; price_basis VARCHAR; next_best_category VARCHAR;"
        "next_new_category VARCHAR; category_basis VARCHAR; model_versions VARCHAR",
        "customer_id",
    ),
    _table(
        "ml",
        "incentive_uplift",
        "customer_id VARCHAR; as_of TIMESTAMP; placement VARCHAR; arm VARCHAR; conversion_uplift DOUBLE;"
        "conversion_error DOUBLE; margin_uplift DOUBLE; margin_error DOUBLE; margin_low DOUBLE; margin_high DOUBLE;"
        "is_recommended BOOLEAN; basis VARCHAR; reason VARCHAR; model_version VARCHAR",
        "customer_id placement arm",
    ),
    _table(
        "ml",
        "click_effect",
        "segment VARCHAR; segment_name VARCHAR; attribute VARCHAR; attribute_rank INTEGER; attribute_strength DOUBLE;"
        "level VARCHAR; effect DOUBLE; low DOUBLE; high DOUBLE; items_shown BIGINT; clicks BIGINT;"
        "is_beyond_noise BOOLEAN; as_of TIMESTAMP; model_version VARCHAR",
        "segment attribute level",
    ),
    _table(
        "ml",
        "recommendation",
        "customer_id VARCHAR; as_of TIMESTAMP; task VARCHAR; rank INTEGER; product_id VARCHAR; score DOUBLE;"
        "reason VARCHAR; is_explored BOOLEAN",
        "customer_id task rank",
    ),
    _table(
        "ml",
        "decision_table",
        "placement VARCHAR; segment_id INTEGER; context_bucket VARCHAR; action VARCHAR; score DOUBLE; basis VARCHAR;"
        "n BIGINT; as_of TIMESTAMP",
        "placement segment_id context_bucket action",
    ),
)

# What comes of experiments; see orchestration/experiments.
EXPERIMENT_TABLES = (
    _table(
        "ml",
        "assignment",
        "experiment VARCHAR; experiment_version INTEGER; unit_type VARCHAR; unit_id VARCHAR; customer_id VARCHAR;"
        "arm VARCHAR; first_exposed_at TIMESTAMP; propensity DOUBLE; probabilities VARCHAR; segment_id INTEGER;"
        "context_bucket VARCHAR; table_version VARCHAR; exposures BIGINT; is_excluded BOOLEAN; reason VARCHAR",
        "experiment experiment_version unit_type unit_id",
    ),
    _table(
        "ml",
        "identity_conflict",
        "experiment VARCHAR; experiment_version INTEGER; as_of TIMESTAMP; units BIGINT; conflicts BIGINT; share DOUBLE",
        "experiment experiment_version",
    ),
    _table(
        "ml",
        "experiment_unit",
        "experiment VARCHAR; experiment_version INTEGER; unit_type VARCHAR; unit_id VARCHAR; customer_id VARCHAR;"
        "cluster_id VARCHAR; arm VARCHAR; propensity DOUBLE; probabilities VARCHAR; table_version VARCHAR;"
        "segment_id INTEGER; context_bucket VARCHAR; first_exposed_at TIMESTAMP; window_ends_at TIMESTAMP;"
        "is_complete BOOLEAN; exposures BIGINT; pre_orders BIGINT; pre_revenue DECIMAL(18,4); pre_sessions BIGINT;"
        "orders BIGINT; revenue DECIMAL(18,4); margin DECIMAL(18,4); refunds DECIMAL(18,4);"
        "orders_without_margin BIGINT; clicks BIGINT; sessions BIGINT; bounces BIGINT; session_seconds DECIMAL(18,3);"
        "complaints BIGINT; returns BIGINT; deliveries BIGINT; deliveries_on_time BIGINT;"
        "fairness_points DECIMAL(18,4); fairness_answers BIGINT; ltv_before DOUBLE; ltv_after DOUBLE;"
        "ltv_change DOUBLE",
        "experiment experiment_version unit_type unit_id",
    ),
    _table(
        "ml",
        "experiment_result",
        "experiment VARCHAR; experiment_version INTEGER; as_of TIMESTAMP; placement VARCHAR; kind VARCHAR; arm VARCHAR;"
        "plain VARCHAR; metric VARCHAR; role VARCHAR; n_arm BIGINT; n_plain BIGINT; n BIGINT; mean_arm DOUBLE;"
        "mean_plain DOUBLE; difference DOUBLE; difference_low DOUBLE; difference_high DOUBLE; lift DOUBLE;"
        "lift_low DOUBLE; lift_high DOUBLE; p_value DOUBLE; p_adjusted DOUBLE; method VARCHAR; estimate DOUBLE;"
        "low DOUBLE; high DOUBLE; state VARCHAR; look INTEGER; information DOUBLE; z DOUBLE; bound DOUBLE;"
        "verdict VARCHAR; words VARCHAR; health VARCHAR; notes VARCHAR",
        "experiment experiment_version arm plain metric role",
    ),
    _table("ml", "value_known", "customer_id VARCHAR; as_of TIMESTAMP; ltv_amount DOUBLE", "customer_id as_of"),
)

# What came of what was shown; see orchestration/learning. Money is in millionths of the currency.
_CELL = "experiment VARCHAR; experiment_version INTEGER; segment_id INTEGER; context_bucket VARCHAR; arm VARCHAR"
LEARNING_TABLES = (
    _table(
        "ml",
        "learned_exposure",
        f"personalization_id VARCHAR; {_CELL}; traffic VARCHAR; person VARCHAR; anchor_key BIGINT;"
        "shown_at TIMESTAMP; received_at TIMESTAMP; is_creditable BOOLEAN; is_counted BOOLEAN",
        "personalization_id",
    ),
    _table(
        "ml",
        "learned_outcome",
        "outcome_id VARCHAR; kind VARCHAR; person VARCHAR; anchor_key BIGINT; order_id VARCHAR;"
        "personalization_id VARCHAR; occurred_at TIMESTAMP; received_at TIMESTAMP; is_converted BOOLEAN;"
        "revenue_micros BIGINT; margin_micros BIGINT; cost_micros BIGINT; ltv_change_micros BIGINT",
        "outcome_id",
    ),
    _table(
        "ml",
        "value_outcome",
        "personalization_id VARCHAR; experiment VARCHAR; customer_id VARCHAR; shown_at TIMESTAMP;"
        "occurred_at TIMESTAMP; received_at TIMESTAMP; before_as_of TIMESTAMP; after_as_of TIMESTAMP;"
        "ltv_before DOUBLE; ltv_after DOUBLE; ltv_change_micros BIGINT",
        "personalization_id",
    ),
    _table(
        "ml",
        "attribution",
        "outcome_id VARCHAR; kind VARCHAR; experiment VARCHAR; experiment_version INTEGER; personalization_id VARCHAR;"
        "rule VARCHAR; reason VARCHAR; occurred_at TIMESTAMP; shown_at TIMESTAMP; delay_hours INTEGER;"
        "is_converted BOOLEAN; revenue_micros BIGINT; margin_micros BIGINT; cost_micros BIGINT;"
        "ltv_change_micros BIGINT",
        "outcome_id experiment",
    ),
    _table(
        "ml",
        "arm_stats",
        f"{_CELL}; hour TIMESTAMP; exposures BIGINT; conversions BIGINT; clicks BIGINT; complaints BIGINT;"
        "returns BIGINT; revenue_micros BIGINT; margin_micros BIGINT; margin_cents_squared DECIMAL(38,0);"
        "cost_micros BIGINT; ltv_change_micros BIGINT",
        "experiment experiment_version segment_id context_bucket arm hour",
    ),
    _table(
        "ml",
        "conversion_delay",
        "experiment VARCHAR; delay_hour INTEGER; conversions BIGINT",
        "experiment delay_hour",
    ),
    _table(
        "ml",
        "arm_probability",
        f"{_CELL}; probability DOUBLE; weight DOUBLE; basis VARCHAR; n BIGINT; table_version VARCHAR; as_of TIMESTAMP",
        "experiment experiment_version segment_id context_bucket arm",
    ),
    _table(
        "ml",
        "attribution_window",
        "experiment VARCHAR; experiment_version INTEGER; hours INTEGER",
        "experiment experiment_version",
    ),
    _table("ml", "learned_day", "fact VARCHAR; day DATE; fingerprint HUGEINT", "fact day"),
    _table("ml", "learned_file", "path VARCHAR", "path"),
    _table(
        "ml",
        "fresh_event",
        "event_id VARCHAR; event_type VARCHAR; occurred_at TIMESTAMP; received_at TIMESTAMP; event_date DATE;"
        "source VARCHAR; channel VARCHAR; session_id VARCHAR; order_id VARCHAR; amount DECIMAL(18,4);"
        "currency VARCHAR; experiment_id VARCHAR; personalization_id VARCHAR; properties VARCHAR; anchor_key BIGINT;"
        "login_key BIGINT; login_known_date DATE; received_date DATE; is_bot BOOLEAN; is_simulated BOOLEAN;"
        "path VARCHAR",
        "event_id",
    ),
)

# Between a change of the days or the ledger and the customers' rows that answer it; see orchestration/refresh.
REFRESH_TABLES = (
    _table("refresh", "rebuilt_day", "event_date DATE", "event_date"),
    _table(
        "refresh",
        "day_before",
        "event_date DATE; identifier_key BIGINT; fingerprint HUGEINT",
        "event_date identifier_key",
    ),
    _table(
        "refresh",
        "order_before",
        "event_date DATE; order_id VARCHAR; fingerprint HUGEINT",
        "event_date order_id",
    ),
    _table("refresh", "product_category", "product_id VARCHAR; category VARCHAR", "product_id"),
    _table("refresh", "changed_identifier", "identifier_key BIGINT", "identifier_key"),
    _table("refresh", "everybody", "reason VARCHAR", "reason"),
    _table("refresh", "day", "event_date DATE", "event_date"),
    _table("refresh", "identifier", "identifier_key BIGINT", "identifier_key"),
    _table("refresh", "customer", "customer_id VARCHAR", "customer_id"),
    _table("refresh", "under_way", "run_id VARCHAR", "run_id"),
    _table("refresh", "settled", "definition VARCHAR", "definition"),
)

SOURCE_TABLES = (
    OPS_TABLES + IDENTITY_TABLES + MATCHING_TABLES + ML_TABLES + EXPERIMENT_TABLES + LEARNING_TABLES + REFRESH_TABLES
)


def statements() -> Iterator[str]:
    """Every DDL statement in order: schemas, then tables; each may be run again without effect."""
    yield from (f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SOURCE_SCHEMAS)
    yield from (table.ddl for table in SOURCE_TABLES)


def create_source_tables(connection: SqlConnection) -> None:
    """Create the schemas and the empty tables that are missing; existing rows stay."""
    for statement in statements():
        connection.execute(statement)


def source_table(address: str) -> SourceTable:
    """The table with this `schema.name`.

    Raises:
        KeyError: no such source table; the message lists the known ones.
    """
    known = {table.address: table for table in SOURCE_TABLES}
    if address not in known:
        raise KeyError(f"source table {address!r}; known: {', '.join(sorted(known))}")
    return known[address]

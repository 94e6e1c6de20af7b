"""What came of what was shown; see orchestration/learning. Money is in millionths of the currency."""

from __future__ import annotations

from typing import Final

from orchestration.warehouse_schema.table import table

_CELL: Final = "experiment VARCHAR; experiment_version INTEGER; segment_id INTEGER; context_bucket VARCHAR; arm VARCHAR"
LEARNING_TABLES: Final = (
    table(
        "ml",
        "learned_exposure",
        f"personalization_id VARCHAR; {_CELL}; traffic VARCHAR; person VARCHAR; anchor_key BIGINT;"
        "shown_at TIMESTAMP; received_at TIMESTAMP; is_creditable BOOLEAN; is_counted BOOLEAN",
        "personalization_id",
    ),
    table(
        "ml",
        "learned_outcome",
        "outcome_id VARCHAR; kind VARCHAR; person VARCHAR; anchor_key BIGINT; order_id VARCHAR;"
        "personalization_id VARCHAR; occurred_at TIMESTAMP; received_at TIMESTAMP; is_converted BOOLEAN;"
        "revenue_micros BIGINT; margin_micros BIGINT; cost_micros BIGINT; ltv_change_micros BIGINT",
        "outcome_id",
    ),
    table(
        "ml",
        "value_outcome",
        "personalization_id VARCHAR; experiment VARCHAR; customer_id VARCHAR; shown_at TIMESTAMP;"
        "occurred_at TIMESTAMP; received_at TIMESTAMP; before_as_of TIMESTAMP; after_as_of TIMESTAMP;"
        "ltv_before DOUBLE; ltv_after DOUBLE; ltv_change_micros BIGINT",
        "personalization_id",
    ),
    table(
        "ml",
        "attribution",
        "outcome_id VARCHAR; kind VARCHAR; experiment VARCHAR; experiment_version INTEGER; personalization_id VARCHAR;"
        "rule VARCHAR; reason VARCHAR; occurred_at TIMESTAMP; shown_at TIMESTAMP; delay_hours INTEGER;"
        "is_converted BOOLEAN; revenue_micros BIGINT; margin_micros BIGINT; cost_micros BIGINT;"
        "ltv_change_micros BIGINT",
        "outcome_id experiment",
    ),
    table(
        "ml",
        "arm_stats",
        f"{_CELL}; hour TIMESTAMP; exposures BIGINT; conversions BIGINT; clicks BIGINT; complaints BIGINT;"
        "returns BIGINT; revenue_micros BIGINT; margin_micros BIGINT; margin_cents_squared DECIMAL(38,0);"
        "cost_micros BIGINT; ltv_change_micros BIGINT",
        "experiment experiment_version segment_id context_bucket arm hour",
    ),
    table(
        "ml",
        "arm_person",
        "experiment VARCHAR; experiment_version INTEGER; arm VARCHAR; person VARCHAR; exposures BIGINT;"
        "conversions BIGINT; complaints BIGINT; returns BIGINT; margin_micros BIGINT",
        "experiment experiment_version arm person",
    ),
    table(
        "ml",
        "conversion_delay",
        "experiment VARCHAR; delay_hour INTEGER; conversions BIGINT",
        "experiment delay_hour",
    ),
    table(
        "ml",
        "arm_probability",
        f"{_CELL}; probability DOUBLE; weight DOUBLE; basis VARCHAR; n BIGINT; table_version VARCHAR; as_of TIMESTAMP",
        "experiment experiment_version segment_id context_bucket arm",
    ),
    table(
        "ml",
        "attribution_window",
        "experiment VARCHAR; experiment_version INTEGER; hours INTEGER",
        "experiment experiment_version",
    ),
    table("ml", "learned_day", "fact VARCHAR; day DATE; fingerprint HUGEINT", "fact day"),
    table("ml", "learned_file", "path VARCHAR", "path"),
    table(
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

"""What comes of experiments; see orchestration/experiments."""

from __future__ import annotations

from typing import Final

from orchestration.warehouse_schema.table import table

EXPERIMENT_TABLES: Final = (
    table(
        "ml",
        "assignment",
        "experiment VARCHAR; experiment_version INTEGER; unit_type VARCHAR; unit_id VARCHAR; customer_id VARCHAR;"
        "arm VARCHAR; first_exposed_at TIMESTAMP; propensity DOUBLE; probabilities VARCHAR; segment_id INTEGER;"
        "context_bucket VARCHAR; table_version VARCHAR; exposures BIGINT; is_excluded BOOLEAN; reason VARCHAR",
        "experiment experiment_version unit_type unit_id",
    ),
    table(
        "ml",
        "identity_conflict",
        "experiment VARCHAR; experiment_version INTEGER; as_of TIMESTAMP; units BIGINT; conflicts BIGINT; share DOUBLE",
        "experiment experiment_version",
    ),
    table(
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
    table(
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
    table("ml", "value_known", "customer_id VARCHAR; as_of TIMESTAMP; ltv_amount DOUBLE", "customer_id as_of"),
)

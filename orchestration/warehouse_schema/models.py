"""What models say of customers, products and segments."""

from __future__ import annotations

from typing import Final

from orchestration.warehouse_schema.table import table

ML_TABLES: Final = (
    table(
        "ml",
        "segment_assignment",
        "customer_id VARCHAR; as_of TIMESTAMP; segment_id INTEGER; segment_name VARCHAR; rung VARCHAR;"
        "micro_segment VARCHAR; model_version VARCHAR; persona_id INTEGER",
        "customer_id",
    ),
    table(
        "ml",
        "segment_profile",
        "segment_id INTEGER; as_of TIMESTAMP; segment_name VARCHAR; customers BIGINT; share DOUBLE;"
        "description VARCHAR; evidence VARCHAR; top_categories VARCHAR; suggested_treatment VARCHAR;"
        "model_version VARCHAR",
        "segment_id",
    ),
    table(
        "ml",
        "micro_segment",
        "customer_id VARCHAR; persona_id INTEGER; churn_band VARCHAR; value_band VARCHAR; intent VARCHAR;"
        "micro_segment VARCHAR; customers BIGINT; is_large BOOLEAN",
        "customer_id",
    ),
    table("ml", "rule_segment_member", "customer_id VARCHAR; rule_segment VARCHAR", "customer_id rule_segment"),
    table(
        "ml",
        "segment_history",
        "customer_id VARCHAR; kind VARCHAR; segment VARCHAR; entered_on DATE; left_on DATE",
        "customer_id kind segment entered_on",
    ),
    table(
        "ml",
        "score_history",
        "model VARCHAR; model_version VARCHAR; role VARCHAR; as_of TIMESTAMP; customer_id VARCHAR; score DOUBLE;"
        "low DOUBLE; high DOUBLE; horizon_days INTEGER",
        "model model_version as_of customer_id",
    ),
    table(
        "ml",
        "churn_score",
        "customer_id VARCHAR; as_of TIMESTAMP; churn_probability DOUBLE; horizon_days INTEGER; model_version VARCHAR;"
        "near_probability DOUBLE; near_horizon_days INTEGER; near_model_version VARCHAR; basis VARCHAR",
        "customer_id",
    ),
    table(
        "ml",
        "value_score",
        "customer_id VARCHAR; as_of TIMESTAMP; ltv_amount DOUBLE; ltv_low DOUBLE; ltv_high DOUBLE;"
        "horizon_days INTEGER; model_version VARCHAR; near_amount DOUBLE; near_low DOUBLE; near_high DOUBLE;"
        "near_horizon_days INTEGER; near_model_version VARCHAR; basis VARCHAR",
        "customer_id",
    ),
    table(
        "ml",
        "outlook_score",
        "customer_id VARCHAR; as_of TIMESTAMP; next_purchase_days_low INTEGER; next_purchase_days_high INTEGER;"
        "next_purchase_week INTEGER; next_purchase_horizon_days INTEGER; next_purchase_basis VARCHAR;"
        "price_sensitivity DOUBLE; deal_seeker_probability DOUBLE; price_basis VARCHAR; next_best_category VARCHAR;"
        "next_new_category VARCHAR; category_basis VARCHAR; model_versions VARCHAR",
        "customer_id",
    ),
    table(
        "ml",
        "incentive_uplift",
        "customer_id VARCHAR; as_of TIMESTAMP; placement VARCHAR; arm VARCHAR; conversion_uplift DOUBLE;"
        "conversion_error DOUBLE; margin_uplift DOUBLE; margin_error DOUBLE; margin_low DOUBLE; margin_high DOUBLE;"
        "is_recommended BOOLEAN; basis VARCHAR; reason VARCHAR; model_version VARCHAR",
        "customer_id placement arm",
    ),
    table(
        "ml",
        "click_effect",
        "segment VARCHAR; segment_name VARCHAR; attribute VARCHAR; attribute_rank INTEGER; attribute_strength DOUBLE;"
        "level VARCHAR; effect DOUBLE; low DOUBLE; high DOUBLE; items_shown BIGINT; clicks BIGINT;"
        "is_beyond_noise BOOLEAN; as_of TIMESTAMP; model_version VARCHAR",
        "segment attribute level",
    ),
    table(
        "ml",
        "recommendation",
        "customer_id VARCHAR; as_of TIMESTAMP; task VARCHAR; rank INTEGER; product_id VARCHAR; score DOUBLE;"
        "reason VARCHAR; is_explored BOOLEAN",
        "customer_id task rank",
    ),
    table(
        "ml",
        "decision_table",
        "placement VARCHAR; segment_id INTEGER; context_bucket VARCHAR; action VARCHAR; score DOUBLE; basis VARCHAR;"
        "n BIGINT; as_of TIMESTAMP",
        "placement segment_id context_bucket action",
    ),
)

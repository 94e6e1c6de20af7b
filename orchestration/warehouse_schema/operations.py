"""What the run and its operators know: files, days, cut-offs, alerts, measures."""

from __future__ import annotations

from typing import Final

from orchestration.warehouse_schema.table import table

OPS_TABLES: Final = (
    table(
        "ops",
        "lake_file",
        "path VARCHAR; source VARCHAR; event_date DATE; rows BIGINT; min_received_at TIMESTAMP;"
        "max_received_at TIMESTAMP; loaded_at TIMESTAMP; is_visible BOOLEAN",
        "path",
    ),
    table("ops", "run_context", "as_of TIMESTAMP", "as_of"),
    table("ops", "pending_day", "event_date DATE", "event_date"),
    table("ops", "daily_layout", "layout VARCHAR", "layout"),
    table(
        "ops",
        "consent_regime",
        "country VARCHAR; region VARCHAR; purpose VARCHAR; regime VARCHAR",
        "country region purpose",
    ),
    table(
        "ops",
        "suppressed",
        "suppressed_date DATE; source VARCHAR; purpose VARCHAR; reason VARCHAR; rows BIGINT",
        "suppressed_date source purpose reason",
    ),
    table("ops", "sensitive_word", "word VARCHAR", "word"),
    table("ops", "cutoff", "as_of TIMESTAMP; horizon_days INTEGER; role VARCHAR", "as_of horizon_days"),
    table("ops", "label_window", "as_of TIMESTAMP; horizon_days INTEGER", "as_of horizon_days"),
    table(
        "ops",
        "alert",
        "alert_id VARCHAR; cause VARCHAR; severity VARCHAR; title VARCHAR; detail VARCHAR; source VARCHAR;"
        "first_seen_at TIMESTAMP; last_seen_at TIMESTAMP; count BIGINT; state VARCHAR; owner VARCHAR; note VARCHAR;"
        "resolved_at TIMESTAMP; sample VARCHAR; kind VARCHAR; first_day DATE; last_day DATE; evidence VARCHAR;"
        "earlier_id VARCHAR; muted_until TIMESTAMP",
        "alert_id",
    ),
    table(
        "ops",
        "metric_daily",
        "metric_date DATE; metric VARCHAR; dimension VARCHAR; value DOUBLE; recorded_at TIMESTAMP",
        "metric_date metric dimension",
    ),
    table(
        "ops",
        "run_summary",
        "run_id VARCHAR; kind VARCHAR; as_of TIMESTAMP; started_at TIMESTAMP; finished_at TIMESTAMP;"
        "state VARCHAR; detail VARCHAR",
        "run_id",
    ),
    table(
        "ops",
        "guardrail_event",
        "event_id BIGINT; surface VARCHAR; kind VARCHAR; cause VARCHAR; happened_at TIMESTAMP; actor VARCHAR;"
        "until TIMESTAMP; reason VARCHAR; evidence VARCHAR",
        "event_id",
    ),
    table(
        "ops",
        "ope_report",
        "report_id VARCHAR; candidate VARCHAR; placement VARCHAR; judged_at TIMESTAMP; verdict VARCHAR;"
        "evidence VARCHAR",
        "report_id",
    ),
    table(
        "ops",
        "segment_migration",
        "as_of TIMESTAMP; model_version VARCHAR; previous_version VARCHAR; from_segment_id INTEGER;"
        "from_segment_name VARCHAR; to_segment_id INTEGER; to_segment_name VARCHAR; customers BIGINT; share DOUBLE",
        "model_version from_segment_id to_segment_id",
    ),
)

"""Between a change of the days or the ledger and the customers' rows that answer it; see orchestration/refresh."""

from __future__ import annotations

from typing import Final

from orchestration.warehouse_schema.table import table

REFRESH_TABLES: Final = (
    table("refresh", "rebuilt_day", "event_date DATE", "event_date"),
    table(
        "refresh",
        "day_before",
        "event_date DATE; identifier_key BIGINT; fingerprint HUGEINT",
        "event_date identifier_key",
    ),
    table(
        "refresh",
        "order_before",
        "event_date DATE; order_id VARCHAR; fingerprint HUGEINT",
        "event_date order_id",
    ),
    table("refresh", "product_category", "product_id VARCHAR; category VARCHAR", "product_id"),
    table("refresh", "changed_identifier", "identifier_key BIGINT", "identifier_key"),
    table("refresh", "everybody", "reason VARCHAR", "reason"),
    table("refresh", "day", "event_date DATE", "event_date"),
    table("refresh", "identifier", "identifier_key BIGINT", "identifier_key"),
    table("refresh", "customer", "customer_id VARCHAR", "customer_id"),
    # Reports of outcomes that are made again; an event stands there twice when it says something else than before.
    table(
        "refresh",
        "outcome_event",
        "event_id VARCHAR; event_date DATE; order_id VARCHAR; outcome_key VARCHAR; outcome_id VARCHAR",
        "event_id order_id outcome_key outcome_id",
    ),
    table("refresh", "product_cost", "product_id VARCHAR; cost DECIMAL(18,4)", "product_id"),
    table("refresh", "under_way", "run_id VARCHAR", "run_id"),
    table("refresh", "settled", "definition VARCHAR", "definition"),
)

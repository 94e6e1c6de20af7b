"""The ledger of identities, and what matching and analysts add to it."""

from __future__ import annotations

from typing import Final

from orchestration.warehouse_schema.table import table

IDENTITY_TABLES: Final = (
    table(
        "identity",
        "identifier",
        "identifier_key BIGINT; type VARCHAR; value_hash VARCHAR; first_seen_at TIMESTAMP; last_seen_at TIMESTAMP;"
        "degree_by_type VARCHAR; status VARCHAR; reason VARCHAR",
        "identifier_key",
    ),
    table(
        "identity",
        "identity_edge",
        "edge_key BIGINT; a_key BIGINT; b_key BIGINT; kind VARCHAR; rule_id VARCHAR; source VARCHAR;"
        "evidence VARCHAR; weight DOUBLE; confidence DOUBLE; first_seen_at TIMESTAMP; last_seen_at TIMESTAMP;"
        "n_observed BIGINT; state VARCHAR; reason VARCHAR",
        "edge_key",
    ),
    table(
        "identity",
        "canonical",
        "canonical_id VARCHAR; anchor_key BIGINT; created_at TIMESTAMP; status VARCHAR; redirect_to VARCHAR",
        "canonical_id",
    ),
    table(
        "identity",
        "identity_assignment",
        "identifier_key BIGINT; canonical_id VARCHAR; tier VARCHAR; valid_from TIMESTAMP; valid_to TIMESTAMP;"
        "system_from TIMESTAMP; system_to TIMESTAMP; via_edge_key BIGINT",
        "identifier_key valid_from system_from",
    ),
    table(
        "identity",
        "identity_event",
        "event_id VARCHAR; at TIMESTAMP; type VARCHAR; survivor_id VARCHAR; other_id VARCHAR;"
        "cause_edge_key BIGINT; actor VARCHAR; reason VARCHAR",
        "event_id",
    ),
    table(
        "identity",
        "identity_quarantine",
        "identifier_key BIGINT; edge_key BIGINT; reason VARCHAR; detail VARCHAR; at TIMESTAMP; state VARCHAR",
        "identifier_key edge_key",
    ),
    table(
        "identity",
        "identity_override",
        "a_key BIGINT; b_key BIGINT; kind VARCHAR; actor VARCHAR; reason VARCHAR; created_at TIMESTAMP",
        "a_key b_key",
    ),
    table("identity", "evidence_seen", "identifier_key BIGINT; fingerprint HUGEINT", "identifier_key"),
    table(
        "identity",
        "account_address",
        "value_hash VARCHAR; account_id VARCHAR; account_name VARCHAR; domain VARCHAR",
        "value_hash",
    ),
)

MATCHING_TABLES: Final = (
    table(
        "identity",
        "match_pair",
        "a_key BIGINT; b_key BIGINT; rule VARCHAR; weight DOUBLE; probability DOUBLE; known_at TIMESTAMP;"
        "evidence VARCHAR",
        "a_key b_key rule",
    ),
    table(
        "identity",
        "match_veto",
        "a_key BIGINT; b_key BIGINT; reason VARCHAR; known_at TIMESTAMP",
        "a_key b_key",
    ),
    table(
        "identity",
        "match_flag",
        "identifier_key BIGINT; status VARCHAR; reason VARCHAR; known_at TIMESTAMP",
        "identifier_key",
    ),
    table(
        "identity",
        "household",
        "household_id VARCHAR; identifier_key BIGINT; known_at TIMESTAMP",
        "household_id identifier_key",
    ),
)

"""What the condition of a rule segment may name: a customer's signals, scores, stage of life and micro-segment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from orchestration.catalogue import signals

# Beside the signals of marts.customer_features; churn and value are null before the models are trained.
OTHER_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "as_of": "timestamp",
        "lifecycle": "varchar",
        "persona": "varchar",
        "churn_probability": "double",
        "ltv_amount": "double",
        "churn_band": "varchar",
        "value_band": "varchar",
        "intent": "varchar",
    }
)
# Who refuses to be profiled is in no segment.
PEOPLE_SQL: Final = """
    select features.*, customers.lifecycle, assigned.segment_name as persona, churn.churn_probability,
        worth.ltv_amount, micro.churn_band, micro.value_band, micro.intent
    from marts.customer_features as features
    inner join marts.customer_consent as consent on features.customer_id = consent.customer_id and consent.is_profiled
    left join marts.dim_customer as customers on features.customer_id = customers.customer_id
    left join ml.segment_assignment as assigned
        on features.customer_id = assigned.customer_id and assigned.rung = 'persona'
    left join ml.churn_score as churn on features.customer_id = churn.customer_id
    left join ml.value_score as worth on features.customer_id = worth.customer_id
    left join ml.micro_segment as micro on features.customer_id = micro.customer_id
"""


def condition_columns() -> dict[str, str]:
    """SQL type by column."""
    return {**{signal.name: signal.data_type for signal in signals()}, **OTHER_COLUMNS}

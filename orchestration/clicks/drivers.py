"""What draws clicks, on its way to the service: the strongest attribute that is beyond noise."""

from __future__ import annotations

from typing import Final

from orchestration.clicks.effects import TABLE
from orchestration.warehouse import Warehouse
from serving.click_evidence import ClickDrivers

# Of an attribute that is strong by a chance alone, or whose every level may be noise, no decision hears.
STRONGEST: Final = f"""
    select segment, attribute from (
        select segment, attribute, row_number() over (partition by segment order by attribute_rank, attribute) as place
        from {TABLE} where is_beyond_noise and attribute_strength > 0
    ) as placed where place = 1
"""


def click_drivers(warehouse: Warehouse) -> ClickDrivers:
    """By segment, and of everybody; empty before the first model, or where all is noise."""
    rows = warehouse.rows(STRONGEST) if warehouse.has_table(TABLE) else []
    return ClickDrivers({str(segment): str(attribute) for segment, attribute in rows})

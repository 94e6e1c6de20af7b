"""Whether a run makes everybody's rows again, or only those of touched customers."""

from __future__ import annotations

from typing import Final

from dagster import DagsterRun

from orchestration.refresh import whose
from orchestration.refresh.customers import is_everybody
from orchestration.warehouse import Warehouse

SCOPE_TAG: Final = "concierge/customers"
TOUCHED: Final = "touched"
# What dbt models ask at run time; see dbt_project/macros/touched.sql.
VARIABLE: Final = "CONCIERGE_REFRESH"


WHERE_TOUCHED: Final = whose.TOUCHED.among("customer_id")


def makes_everybody(run: DagsterRun, warehouse: Warehouse) -> bool:
    """True but for hourly runs, and for those as well when nobody's rows can be kept: new code, a long backfill."""
    return run.tags.get(SCOPE_TAG) != TOUCHED or is_everybody(warehouse)

"""Whether a run makes everybody's rows again, or only those of touched customers."""

from __future__ import annotations

from typing import Final

from dagster import DagsterRun

from orchestration.refresh.customers import is_everybody
from orchestration.warehouse import Warehouse

SCOPE_TAG: Final = "concierge/customers"
TOUCHED: Final = "touched"
# What dbt models ask at run time; see dbt_project/macros/touched.sql.
VARIABLE: Final = "CONCIERGE_REFRESH"


def among(column: str, *, only_touched: bool) -> str:
    """A condition on a column of customer ids: whoever an hourly run looks at, or everybody."""
    return f"{column} in (select customer_id from refresh.customer)" if only_touched else "true"


WHERE_TOUCHED: Final = among("customer_id", only_touched=True)


def makes_everybody(run: DagsterRun, warehouse: Warehouse) -> bool:
    """True but for hourly runs, and for those as well when nobody's rows can be kept: new code, a long backfill."""
    return run.tags.get(SCOPE_TAG) != TOUCHED or is_everybody(warehouse)

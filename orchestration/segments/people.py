"""Today's customers as segments read them: the few columns that form and describe a segment, whatever else is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from ml.cutoffs import BEHAVIOUR
from ml.segments import DESCRIBING, SEGMENT_COLUMNS, SegmentModel
from orchestration.warehouse import Warehouse

TABLE: Final = "marts.customer_features"
# What a customer did comes before the id, which depends on the data folder's secret key: samples and folds are drawn by
# position, so two folders with the same input train the same models.
ORDER: Final = ("last_seen_at", "spend_lifetime", "orders_lifetime", "tenure_days", "product_views_30d", "customer_id")
# Counting is one purpose, deciding about a person another: who refuses the second is in no segment and has no score.
PROFILED: Final = "customer_id in (select customer_id from marts.customer_consent where is_profiled)"


def segment_people(warehouse: Warehouse, model: SegmentModel | None, where: str = "true") -> pd.DataFrame:
    """One row a customer, in an order that depends on what they did: a tenth of the columns, and of the memory.

    Args:
        warehouse: with the table `marts.customer_features`.
        model: the segment model in use, whose columns are read too where there are such; None without one.
        where: which customers, as SQL.
    """
    wanted = {
        "customer_id",
        "as_of",
        *ORDER,
        *BEHAVIOUR,
        *DESCRIBING,
        *SEGMENT_COLUMNS,
        *(model.columns if model else ()),
    }
    there: Iterable[str] = (str(row[0]) for row in warehouse.rows(f"describe {TABLE}"))
    columns = ", ".join(f'"{name}"' for name in there if name in wanted)
    return warehouse.frame(f"select {columns} from {TABLE} where {where} order by {', '.join(ORDER)}")

"""What models learn from, read in bounded memory: numbers of half the width, no texts, only the rows that teach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from orchestration.warehouse import Warehouse

FRAME: Final = "marts.training_frame"
FAR: Final = "role in ('train', 'judge')"
"""Rows of the far horizon: what segments of then, the next purchase and drift read, too."""
NEAR: Final = "as_of in (select as_of from ops.label_window)"
"""Rows of the midnights that the near horizon looks from."""
# What a customer did comes before the id, which depends on the data folder's secret key.
ORDER: Final = "as_of, last_seen_at, spend_lifetime, orders_lifetime, tenure_days, product_views_30d, customer_id"
LABELS: Final = ("churned", "n_orders_horizon", "spend_horizon_amount")
NUMBERS: Final = ("DECIMAL", "DOUBLE", "FLOAT", "INTEGER", "BIGINT", "HUGEINT", "SMALLINT", "TINYINT", "BOOLEAN")
ROWS_AT_A_TIME: Final = 50_000
# Sorting spills beyond this; the rows themselves stand outside of DuckDB.
SORTING_MEMORY: Final = "1GB"


def training_rows(
    warehouse: Warehouse,
    features: Sequence[str] = (),
    *,
    texts: Sequence[str] = (),
    where: str = "true",
    most: int | None = None,
    near: bool = False,
) -> pd.DataFrame:
    """Rows of the training frame in an order that depends on what customers did.

    Features are float32 (seven digits, which trees and baselines do not notice; NULL is NaN), labels float64, moments
    naive UTC. Of the text columns there is `customer_id`, and those that `texts` names; columns of numbers without a
    single value are left out, since a frame may hold only what models learn from. 4 M rows of 150 numbers take 2.4 GB.

    Args:
        warehouse: with the table `marts.training_frame`.
        features: columns of numbers that are read even where no row has a value.
        texts: further columns, read as they are.
        where: which rows, as SQL.
        most: of more rows than about so many, all rows of every n-th customer.
        near: the midnights of the near horizon instead of those of the far one.
    """
    with warehouse.connect() as connection:
        connection.execute(f"set memory_limit = '{SORTING_MEMORY}'").fetchall()
        kinds = {str(row[0]): str(row[1]) for row in connection.execute(f"describe {FRAME}").fetchall()}
        numbers = [name for name, kind in kinds.items() if kind.startswith(NUMBERS) and name not in LABELS]
        filled = _filled(connection, numbers)
        numbers = [name for name in numbers if name in filled or name in features]
        if near or "role" in kinds:
            # What only drift compares with was in no plan of what to learn from.
            where = f"({where}) and {NEAR if near else FAR}"
        others = ["customer_id", *texts, *(name for name, kind in kinds.items() if kind.startswith("TIMESTAMP"))]
        return _read(connection, numbers, list(dict.fromkeys(others)), _narrowed(connection, where, most))


def _narrowed(connection: duckdb.DuckDBPyConnection, where: str, most: int | None) -> str:
    if most is None:
        return where
    rows = int(connection.execute(f"select count(*) from {FRAME} where {where}").fetchall()[0][0])
    step = -(-rows // most)
    return where if step <= 1 else f"({where}) and hash(customer_id) % {step} = 0"


def _filled(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> set[str]:
    """Which columns have a value in any row."""
    counts = ", ".join(f'count("{name}")' for name in names)
    found = connection.execute(f"select {counts} from {FRAME}").fetchall()[0]
    return {name for name, count in zip(names, found, strict=True) if count}


def _read(
    connection: duckdb.DuckDBPyConnection, numbers: Sequence[str], others: Sequence[str], where: str
) -> pd.DataFrame:
    rows = int(connection.execute(f"select count(*) from {FRAME} where {where}").fetchall()[0][0])
    matrix = np.empty((len(numbers), rows), dtype=np.float32)
    wanted = [
        *(f'cast("{name}" as float) as "{name}"' for name in numbers),
        *(f'cast("{name}" as double) as "{name}"' for name in LABELS),
        *(f'"{name}"' for name in others),
    ]
    found = connection.sql(f"select {', '.join(wanted)} from {FRAME} where {where} order by {ORDER}")
    kept: list[pa.RecordBatch] = []
    place = 0
    for batch in found.to_arrow_reader(ROWS_AT_A_TIME):
        for index in range(len(numbers)):
            matrix[index, place : place + len(batch)] = batch.column(index).to_numpy(zero_copy_only=False)
        place += len(batch)
        kept.append(batch.select([*LABELS, *others]))
    beside: pd.DataFrame = pa.Table.from_batches(kept).to_pandas() if kept else pd.DataFrame(columns=[*LABELS, *others])
    return pd.concat([beside, pd.DataFrame(matrix.T, columns=list(numbers), copy=False)], axis=1)

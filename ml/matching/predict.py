"""Probabilities of the pairs that share a block, by Splink on DuckDB."""

from __future__ import annotations

import pandas as pd

from ml.matching.comparisons import settings
from ml.matching.model import Model
from ml.matching.quiet import quiet_splink


def predict(compared: pd.DataFrame, model: Model, threshold: float) -> pd.DataFrame:
    """Pairs of rows with at least this probability.

    Returns:
        row_a, row_b (positions, a before b) and probability.
    """
    nobody_to_compare = compared.filter(like="block_").isna().to_numpy().all()
    found = _none() if nobody_to_compare else _predict(compared, model, threshold)
    return found.sort_values(["row_a", "row_b"], ignore_index=True)


def _predict(compared: pd.DataFrame, model: Model, threshold: float) -> pd.DataFrame:
    from splink import DuckDBAPI, Linker

    with quiet_splink():
        api = DuckDBAPI()
        table = api.register(compared)
        rules = settings()["blocking_rules_to_generate_predictions"]
        linker = Linker(table, {**model, "blocking_rules_to_generate_predictions": rules}, log_level=None)
        pairs = linker.inference.predict_within(table, threshold_match_probability=threshold, warning_mode="never")
        found = pairs.as_pandas_dataframe()
        pairs.drop_table_from_database_and_remove_from_cache()
    return pd.DataFrame(
        {"row_a": found["row_l"], "row_b": found["row_r"], "probability": found["match_probability"]}
    ).astype(_none().dtypes.to_dict())


def _none() -> pd.DataFrame:
    return pd.DataFrame({"row_a": [], "row_b": [], "probability": []}).astype(
        {"row_a": "int64", "row_b": "int64", "probability": "float64"}
    )

"""What the purchase process expects of a customer, as two more columns for a learned model."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd

from ml.lifetime.baseline import LifetimeBaseline
from ml.lifetime.beta_geometric import BetaGeometric
from ml.lifetime.gamma_gamma import GammaGamma
from ml.lifetime.gamma_poisson import GammaPoisson
from ml.lifetime.history import purchase_history

PROCESS_COLUMNS = ("process_no_purchase", "process_spend")


def process_columns(process: LifetimeBaseline | None) -> tuple[str, ...]:
    """The columns that `with_process` adds; none without a process."""
    return PROCESS_COLUMNS if process else ()


def with_process(frame: pd.DataFrame, process: LifetimeBaseline | None, horizon_days: int) -> pd.DataFrame:
    """The frame with what a fitted process expects of each row; it is fitted with the model, never at scoring.

    Raises:
        ValueError: the frame lacks a column that the process reads.
    """
    if process is None:
        return frame
    history = purchase_history(frame)
    if history is None:
        raise ValueError("features: a column of the purchase process is missing; see ml.lifetime.history.COLUMNS")
    expected = (process.churn(history, horizon_days), process.spend(history, horizon_days))
    # Seven digits: what differs beyond them between machines must not move a row over a split.
    rounded = {name: values.astype(np.float32) for name, values in zip(PROCESS_COLUMNS, expected, strict=True)}
    return frame.assign(**rounded)


def process_to_json(process: LifetimeBaseline | None) -> str:
    """Everything that `process_from_json` needs."""
    return json.dumps(asdict(process) if process else None)


def process_from_json(text: str) -> LifetimeBaseline | None:
    """The process as it was fitted; None where there was none."""
    facts = json.loads(text)
    if facts is None:
        return None
    kind = GammaPoisson if facts["name"] == "nbd" else BetaGeometric
    return LifetimeBaseline(facts["name"], kind(**facts["orders"]), GammaGamma(**facts["amounts"]), facts["note"])

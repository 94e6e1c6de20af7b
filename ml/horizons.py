"""The same cut-offs seen with another label window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.churn_fit import LABEL as CHURNED
from ml.value_fit import LABEL as SPEND


def relabelled(frame: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """A training frame with the labels of a nearer horizon.

    Args:
        frame: customer_id, as_of and features, with labels of any horizon.
        bought: customer_id, as_of, spend_horizon_amount of those who ordered within the nearer horizon, once each.

    Returns:
        The rows in their order; who is not in `bought` left and spent nothing.
    """
    keys = ["customer_id", "as_of"]
    spend = bought.assign(as_of=bought["as_of"].astype(frame["as_of"].dtype))[[*keys, SPEND]]
    found = frame[keys].merge(spend, on=keys, how="left", validate="one_to_one")[SPEND]
    amounts = pd.to_numeric(found).to_numpy(dtype=np.float64)
    left = ~np.isfinite(amounts)
    return frame.assign(**{CHURNED: left.astype(np.float64), SPEND: np.where(left, 0.0, amounts)})

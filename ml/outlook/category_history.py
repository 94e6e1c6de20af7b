"""What customers bought before and after a cut-off, by category."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd


class CategoryHistory(NamedTuple):
    """What is known at one or several cut-offs.

    Attributes:
        customers: customer_id, as_of, segment (or null); everybody with a purchase before the cut-off.
        bought: customer_id, as_of, category, n_days, amount of the last 365 days.
        later: customer_id, as_of, category, first_day, amount (on that day), of the horizon; empty when scoring.
    """

    customers: pd.DataFrame
    bought: pd.DataFrame
    later: pd.DataFrame

    def of(self, chosen: npt.NDArray[np.bool_] | pd.Series) -> CategoryHistory:
        """The part of some customers' rows, given as a mask over `customers`."""
        people = self.customers.loc[np.asarray(chosen)]
        keys = people[["customer_id", "as_of"]]
        return CategoryHistory(people, keys.merge(self.bought), keys.merge(self.later))

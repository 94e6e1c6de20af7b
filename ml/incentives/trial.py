"""The randomised log of incentives, checked: which arms can be compared, and with what weight each row counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.errors import NotTrainable
from ml.incentives.randomised import arm_problem
from ml.preprocess import numbers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Two hundred offers put a standard error of some 3 points on a conversion of a third; fewer cannot rank anything.
LEAST_OFFERS: Final = 200
LEAST_OF_A_CLASS: Final = 20
# A logged propensity below 1 % would let one customer stand for a hundred.
LEAST_PROPENSITY: Final = 0.01
# Names under which a log may call the arm that gives nothing, where no placement says it.
PLAIN_NAMES: Final = ("none", "nothing", "control", "plain", "holdout", "no_incentive", "no_offer")


@dataclass(frozen=True)
class Trial:
    """Offers with an outcome, one entry a row; arm 0 is the plain one.

    Attributes:
        customer: code of each row's customer, in order of appearance.
        weight: 1 / propensity, scaled so that each arm's weights add up to the number of rows.
        converted: 0 or 1.
        margin: currency units after the cost of the incentive.
        refused: arm → why it cannot be compared.
        left_out: reason → rows that were not used.
    """

    features: tuple[str, ...]
    matrix: Floats
    customer: Ints
    arms: tuple[str, ...]
    arm: Ints
    weight: Floats
    converted: Floats
    margin: Floats
    refused: Mapping[str, str]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.arm)

    def rows(self, chosen: Bools) -> Trial:
        """The same trial with some of its rows, weights scaled anew."""
        arm = self.arm[chosen]
        return replace(
            self,
            matrix=self.matrix[chosen],
            customer=self.customer[chosen],
            arm=arm,
            weight=_scaled(self.weight[chosen], arm, len(self.arms)),
            converted=self.converted[chosen],
            margin=self.margin[chosen],
        )


def read_trial(frame: pd.DataFrame, features: Sequence[str], plain: str | None = None) -> Trial:
    """Check a log of randomised offers.

    Args:
        frame: customer_id, arm, propensity (of the arm drawn), is_converted and margin_amount (null: not observed
            yet), and the features as they stood before the draw; in an order that does not depend on ids.
        features: numeric columns.
        plain: arm that gives nothing; default the one of `PLAIN_NAMES` that occurs.

    Raises:
        NotTrainable: no offers, no plain arm, or not two arms that can be compared; names arm, figure and bound.
    """
    if frame.empty:
        raise NotTrainable("offers: 0 rows; a log of randomised incentives with propensities and outcomes is needed")
    observed = frame["is_converted"].notna() & frame["margin_amount"].notna() & frame["arm"].notna()
    seen = frame.loc[observed].reset_index(drop=True)
    left_out = {"no outcome yet": int((~observed).sum())}
    named = [str(name) for name in sorted(frame["arm"].dropna().unique())]
    control = plain_arm(named, plain)
    if len(named) < 2:
        raise NotTrainable(f"arms: only {control!r} was drawn; at least two are needed")
    matrix = numbers(seen, features)
    converted = numbers(seen.assign(is_converted=seen["is_converted"].astype("float64")), ["is_converted"])[:, 0]
    propensity, margin = numbers(seen, ["propensity"])[:, 0], numbers(seen, ["margin_amount"])[:, 0]
    customer = np.asarray(pd.factorize(seen["customer_id"])[0], dtype=np.int64)
    refused = {}
    for name in named:
        drawn = (seen["arm"] == name).to_numpy()
        few = _too_few(name, drawn, converted)
        problem = few or arm_problem(name, drawn, propensity, matrix, customer, features)
        if problem:
            refused[name] = problem
    arms = (control, *(name for name in named if name != control and name not in refused))
    if control in refused or len(arms) < 2:
        raise NotTrainable("; ".join(refused.values()))
    known = seen["arm"].isin(arms).to_numpy() & np.isfinite(propensity)
    left_out["no propensity, or an arm refused"] = int((~known).sum())
    places = {name: place for place, name in enumerate(arms)}
    code = np.asarray(seen["arm"].map(places).fillna(0), dtype=np.int64)
    weight = 1.0 / np.maximum(np.nan_to_num(propensity, nan=1.0), LEAST_PROPENSITY)
    whole = Trial(tuple(features), matrix, customer, arms, code, weight, converted, margin, refused, left_out)
    return whole.rows(known)


def plain_arm(arms: Sequence[str], plain: str | None = None) -> str:
    """The arm that gives nothing.

    Raises:
        NotTrainable: it does not occur, or nothing says which it is; lists the arms.
    """
    if plain is not None and plain in arms:
        return plain
    found = [name for name in PLAIN_NAMES if name in arms]
    if found:
        return found[0]
    told = f"{plain!r} (the placement's `plain`)" if plain else f"one of {', '.join(PLAIN_NAMES)}"
    raise NotTrainable(f"arms: {', '.join(arms) or 'none'} were drawn; {told} is needed to compare the others with")


def _too_few(name: str, drawn: Bools, converted: Floats) -> str | None:
    count, bought = int(drawn.sum()), int(converted[drawn].sum())
    if count < LEAST_OFFERS:
        return f"arm {name!r}: {count} offers with an outcome; at least {LEAST_OFFERS} are needed"
    if min(bought, count - bought) < LEAST_OF_A_CLASS:
        return (
            f"arm {name!r}: {bought} of {count} offers converted; at least {LEAST_OF_A_CLASS} must and as many must not"
        )
    return None


def _scaled(weight: Floats, arm: Ints, arms: int) -> Floats:
    total = np.bincount(arm, weights=weight, minlength=arms)
    return weight * len(arm) / np.maximum(total, 1e-12)[arm]

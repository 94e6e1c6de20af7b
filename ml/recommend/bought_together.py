"""Products that go with what a customer bought lately, without what is in the cupboard already."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from ml.recommend.ranking import COLUMNS, TOP, as_counts, days_since, ranked, without

# Below 1.2 two products share baskets hardly more often than any two do.
LEAST_LIFT = 1.2
# The last 20 products tell what somebody is doing now; older ones repeat the popular list.
SEEDS = 20
OWNED_DAYS = 90.0


def bought_together_for(
    customer_product: pd.DataFrame,
    pairs: pd.DataFrame,
    as_of: datetime,
    *,
    owned_days: float | pd.Series = OWNED_DAYS,
    top: int = TOP,
) -> pd.DataFrame:
    """Rank partners of each customer's latest products by the chance that at least one pairing applies.

    Args:
        customer_product: customer_id, product_id, n_orders, last_ordered_at.
        pairs: product_a, product_b, support, confidence (of b given a), lift; each unordered pair once or twice.
        as_of: scoring instant.
        owned_days: what was bought within so many days is not suggested; one number, or one a row of customer_product.
        top: longest list.

    Returns:
        customer_id, task `bought_together`, rank, product_id, score (0 to 1), reason (the strongest pairing).
    """
    links = directed(pairs)
    if links.empty or customer_product.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    age = days_since(customer_product["last_ordered_at"], as_of)
    bought = customer_product[["customer_id", "product_id"]].assign(age=age)
    latest = bought.sort_values(["customer_id", "age", "product_id"]).groupby("customer_id").head(SEEDS)
    offers = latest.rename(columns={"product_id": "seed"}).merge(links, on="seed")[
        ["customer_id", "seed", "product_id", "confidence"]
    ]
    fresh = without(offers, bought.loc[bought["age"] <= owned_days])
    return ranked(_combined(fresh), "bought_together", top)


def directed(pairs: pd.DataFrame) -> pd.DataFrame:
    """Both directions of each pair above the lift floor: seed, product_id, confidence of the product given the seed.

    The reverse confidence follows from the published figures: P(a given b) = lift · support / confidence.
    """
    lift, support = as_counts(pairs["lift"]), as_counts(pairs["support"])
    forward = as_counts(pairs["confidence"])
    backward = (lift * support / forward.where(forward > 0, np.inf)).clip(upper=1.0)
    a, b = pairs["product_a"].to_numpy(), pairs["product_b"].to_numpy()
    both = pd.DataFrame(
        {
            "seed": np.concatenate([a, b]),
            "product_id": np.concatenate([b, a]),
            "confidence": np.concatenate([forward, backward]),
            "lift": np.concatenate([lift, lift]),
        }
    )
    kept = both.loc[(both["lift"] >= LEAST_LIFT) & (both["seed"] != both["product_id"])]
    return kept.groupby(["seed", "product_id"]).agg(confidence=("confidence", "max")).reset_index()


def _combined(offers: pd.DataFrame) -> pd.DataFrame:
    """One row a customer and product: 1 minus the chance that no pairing applies; named after the best seed."""
    logs = np.log1p(-offers["confidence"].clip(0.0, 0.999))
    ordered = offers.assign(miss=logs).sort_values(
        ["customer_id", "product_id", "confidence", "seed"], ascending=[True, True, False, True]
    )
    groups = ordered.groupby(["customer_id", "product_id"], sort=True)
    scored = groups.agg(miss=("miss", "sum"), seed=("seed", "first")).reset_index()
    reason = "often bought with " + scored["seed"].astype(str)
    return scored.assign(score=-np.expm1(scored["miss"]), reason=reason)

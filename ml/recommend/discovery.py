"""Ways to rank what a customer has never bought: each gives every product a score for some customers (row numbers)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import ItemItemRecommender, bm25_weight
from threadpoolctl import threadpool_limits

from ml.recommend.matrix import Labels, Purchases

Floats = npt.NDArray[np.float64]
Scores = Callable[[Labels], Floats]
Method = Callable[[Purchases], Scores]

POPULAR: Final = "popular"
# A share of nobody's buyers: a product not sold for a month ranks below one sold once, by affinity alone.
LEAST_SHARE: Final = 1e-5
# Purchases of the whole shop towards which a customer is drawn: two trips to a grocery (9.4 lines each).
PRIOR_ORDERS: Final = 20.0
NEIGHBOURS: Final = 50
FACTORS: Final = 32
ITERATIONS: Final = 10
REGULARIZATION: Final = 1.0


def popular(known: Purchases) -> Scores:
    """Buyers of the last 30 days: the bar, and the fallback."""
    row = np.log(known.popularity + LEAST_SHARE)
    return lambda rows: np.tile(row, (len(known.customers[rows]), 1))


def content(attribute: str, strength: float) -> Method:
    """Popularity times how much more than others the customer buys of the product's attribute, to a power."""

    def fitted(known: Purchases) -> Scores:
        taste = affinity(known, attribute)
        row = np.log(known.popularity + LEAST_SHARE)
        return lambda rows: row + strength * taste(rows)

    return fitted


def affinity(known: Purchases, attribute: str) -> Scores:
    """Log ratio of a customer's share of each product's attribute to everybody's; 0 without a catalogue."""
    if attribute not in known.attributes.columns or not len(known.products):
        return lambda rows: np.zeros((len(known.customers[rows]), len(known.products)))
    names, codes = np.unique(known.attributes[attribute].to_numpy(dtype=str), return_inverse=True)
    members = sp.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), len(names)))
    counts = np.asarray((known.fresh @ members).todense())
    base = counts.sum(axis=0) / max(counts.sum(), 1e-12)
    share = (counts + PRIOR_ORDERS * base) / (counts.sum(axis=1, keepdims=True) + PRIOR_ORDERS)
    ratio = np.log(np.maximum(share, 1e-12) / np.maximum(base, 1e-12))
    ratio[:, names == ""] = 0.0
    return lambda rows: np.take(ratio[rows], codes, axis=1)


def neighbours(known: Purchases) -> Scores:
    """Item-kNN: similarity of products by BM25-weighted buyers (Robertson's k1 1.2, b 0.75), 50 neighbours each."""
    similar = similarity(known)
    return lambda rows: (known.owned[rows] @ similar).toarray()


def similarity(known: Purchases) -> Any:
    """Sparse products x products."""
    with threadpool_limits(1, "blas"):
        model = ItemItemRecommender(K=NEIGHBOURS, num_threads=1)
        model.fit(bm25_weight(known.owned, K1=1.2, B=0.75).tocsr(), show_progress=False)
    return model.similarity.tocsr()


def factors(seed: int) -> Method:
    """Alternating least squares on BM25-weighted purchases (Hu, Koren and Volinsky 2008), 32 factors."""

    def fitted(known: Purchases) -> Scores:
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=FACTORS,
                iterations=ITERATIONS,
                regularization=REGULARIZATION,
                alpha=1.0,
                random_state=seed,
                num_threads=1,
            )
            weights = bm25_weight(known.owned, K1=1.2, B=0.75).tocsr().astype(np.float32)
            model.fit(weights, show_progress=False)
        return lambda rows: np.asarray(model.user_factors[rows] @ model.item_factors.T, dtype=np.float64)

    return fitted


def blended(known: Purchases) -> Scores:
    """Popularity, lifted by neighbours (how much nearer than to the average customer) and by taste for the category."""
    similar, taste = similarity(known), affinity(known, "category")
    # How near the mean customer is to each product.
    mean = similar.T @ np.asarray(known.owned.sum(axis=0)).ravel() / max(len(known.customers), 1)
    mean = np.maximum(mean, 1e-9)
    row = np.log(known.popularity + LEAST_SHARE)
    far = row + 0.25 * np.log(0.1)

    def scores(rows: Labels) -> Floats:
        # Nine in ten products are nowhere near what a customer bought: logarithms of the others alone.
        near = known.owned[rows] @ similar
        found = np.tile(far, (len(rows), 1))
        lift = 0.25 * np.log(near.data / mean[near.indices] + 0.1)
        found[np.repeat(np.arange(len(rows)), np.diff(near.indptr)), near.indices] = row[near.indices] + lift
        found += 0.3 * taste(rows)
        return found

    return scores


def methods(seed: int) -> dict[str, Method]:
    """All of them by name."""
    return {
        POPULAR: popular,
        "content_category": content("category", 0.3),
        "content_type": content("product_type", 0.3),
        "item_knn": neighbours,
        "als": factors(seed),
        "blend": blended,
    }

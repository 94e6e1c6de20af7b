"""Lists of search results with the items clicked: taste by group of customers, and the pull of the first places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import F64, I64, SECOND_US, Bool, positions_within
from simulation.faults import FaultyRows
from simulation.interests import ProductSource
from simulation.orders import Orders
from simulation.pages import SEARCH, PageEvents
from simulation.people import People
from simulation.prices import PriceList
from simulation.randomness import scrambled, stream
from simulation.sessions import Sessions

ITEMS = 12
MOST_LISTS = 5_000
"""Of more searches so many are drawn, whatever their time."""

COLOURS = ("black", "blue", "green", "red", "white")
FITS = ("regular", "roomy", "slim")
BRANDS = ("Private", "National")
PRICE_BANDS = ("low", "middle", "high")
TASTES = ("modest", "usual", "lavish")
"""Thirds of the people by what they spend in all; each has a taste of its own."""

# Log-odds of a click by taste, attribute and level; what is not named counts nothing. The category never counts.
EFFECTS: dict[str, dict[str, dict[str, float]]] = {
    "modest": {
        "price_band": {"low": 0.8, "high": -0.8},
        "brand": {"Private": 0.35, "National": -0.35},
        "colour": {"red": 0.5},
        "fit": {"roomy": 0.4},
    },
    "usual": {
        "price_band": {"low": 0.3, "high": -0.3},
        "colour": {"red": 0.3},
    },
    "lavish": {
        "price_band": {"low": -0.3, "high": 0.4},
        "brand": {"Private": -0.5, "National": 0.5},
        "colour": {"blue": 0.6, "red": -0.3},
        "fit": {"slim": 0.5},
    },
}
BASE_ODDS = -1.6
PLACE_ODDS = -0.8
"""Times the logarithm of the place in the list."""

_PERSON_SPREAD = 0.4


@dataclass(frozen=True)
class ListLog:
    """One entry an item shown, in order of list and place; lists in order of time.

    `view` numbers the lists, `search` is the page event that asked for the list; `clicked_us` is -1 without a click;
    `price` is NaN where the shop has none; `price_band` is a code of `PRICE_BANDS`, -1 without a price.
    """

    view: I64
    search: I64
    person: I64
    shown_us: I64
    position: I64
    product: I64
    price: F64
    price_band: I64
    clicked_us: I64


def taste_of(people: People, orders: Orders) -> I64:
    """Code of `TASTES` for each person."""
    spent = np.bincount(orders.order_person, orders.order_amount, len(people.person_ids))
    rank = np.argsort(np.argsort(spent, kind="stable"), kind="stable")
    return np.minimum(rank * len(TASTES) // max(len(rank), 1), len(TASTES) - 1).astype(np.int64)


def colour_of(orders: Orders) -> I64:
    """Code of `COLOURS` for each product, the same in every company."""
    return _look(orders, "colour", len(COLOURS))


def fit_of(orders: Orders) -> I64:
    """Code of `FITS` for each product, the same in every company."""
    return _look(orders, "fit", len(FITS))


def _look(orders: Orders, name: str, count: int) -> I64:
    return (scrambled(0, name, orders.product_ids) % np.uint64(count)).astype(np.int64)


def draw_lists(
    events: PageEvents,
    faulty: FaultyRows,
    sessions: Sessions,
    orders: Orders,
    people: People,
    prices: PriceList,
    products: ProductSource,
    seed: int,
) -> ListLog:
    """A list for each search of a signed-in visitor who goes on with the visit, and clicks before the next page.

    Cheaper goods stand higher, as in many shops, so that a count of clicks alone would call them popular. Visits that
    arrive late or from a wrong clock have none: the shop's own server reports lists at once.
    """
    rng = stream(seed, "lists")
    search = _searches(events, faulty, sessions, rng)
    drawn = products.like(np.repeat(events.product[search], ITEMS), rng)
    view = np.repeat(np.arange(len(search)), ITEMS)
    kept = _first_of_each(view, drawn)
    view, product = view[kept], drawn[kept]
    price = prices.at(orders, product, events.at_us[search][view])
    height = np.nan_to_num(price, nan=np.inf).argsort(kind="stable").argsort(kind="stable") / max(len(price), 1)
    by = np.lexsort((0.5 * height + rng.random(len(view)), view))
    view, product, price = view[by], product[by], price[by]
    position = positions_within(np.bincount(view, minlength=len(search))) + 1
    band = _price_bands(view, price)
    person = sessions.person[events.session[search]][view]
    odds = _odds(orders, taste_of(people, orders)[person], product, band) + PLACE_ODDS * np.log(position)
    odds += BASE_ODDS + rng.normal(0.0, _PERSON_SPREAD, len(people.person_ids))[person]
    clicked = rng.random(len(odds)) < 1.0 / (1.0 + np.exp(-odds))
    shown, until = events.at_us[search][view], events.at_us[search + 1][view]
    at = shown + (rng.uniform(0.1, 0.9, len(odds)) * (until - shown)).astype(np.int64)
    return ListLog(view, search[view], person, shown, position, product, price, band, np.where(clicked, at, -1))


def _searches(events: PageEvents, faulty: FaultyRows, sessions: Sessions, rng: np.random.Generator) -> I64:
    goes_on = np.r_[events.session[1:] == events.session[:-1], False]
    spoilt = np.concatenate([faulty.planted[name] for name in ("late", "small_skew")])
    is_sound = ~np.isin(events.session, events.session[spoilt])
    arrives = events.at_us + SECOND_US < faulty.received_us.max()
    chosen = (events.kind == SEARCH) & events.is_known & goes_on & is_sound & arrives
    rows = np.flatnonzero(chosen & ~sessions.is_bot[events.session])
    if len(rows) > MOST_LISTS:
        rows = rng.choice(rows, MOST_LISTS, replace=False)
    return rows[np.argsort(events.at_us[rows], kind="stable")].astype(np.int64)


def _first_of_each(view: I64, product: I64) -> Bool:
    """Where a product comes for the first time in its list."""
    by = np.lexsort((product, view))
    again = np.r_[False, (view[by][1:] == view[by][:-1]) & (product[by][1:] == product[by][:-1])]
    first = np.ones(len(view), dtype=np.bool_)
    first[by[again]] = False
    return first


def _price_bands(view: I64, price: F64) -> I64:
    """Third of the list's known prices that each price lies in, cheapest first; equal prices keep their order."""
    known = np.flatnonzero(~np.isnan(price))
    by = known[np.lexsort((price[known], view[known]))]
    counts = np.bincount(view[by], minlength=int(view.max()) + 1 if len(view) else 0)
    rank = positions_within(counts)
    band = np.full(len(price), -1, dtype=np.int64)
    band[by] = rank * len(PRICE_BANDS) // np.maximum(np.repeat(counts, counts), 1)
    return band


def _odds(orders: Orders, taste: I64, product: I64, band: I64) -> F64:
    codes = {
        "brand": (BRANDS, orders.product_is_national[product]),
        "colour": (COLOURS, colour_of(orders)[product]),
        "fit": (FITS, fit_of(orders)[product]),
        "price_band": (PRICE_BANDS, band),
    }
    odds = np.zeros(len(product))
    for attribute, (levels, code) in codes.items():
        # A last column of zeros: code -1, unknown.
        table = np.array(
            [[EFFECTS[name].get(attribute, {}).get(level, 0.0) for level in levels] + [0.0] for name in TASTES]
        )
        odds += table[taste, code]
    return odds

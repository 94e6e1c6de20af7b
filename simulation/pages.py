"""What happens in a visit: pages, searches, product views, size tables, reviews, carts and checkouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import F64, I64, SECOND_US, Bool, positions_within
from simulation.interests import ProductSource
from simulation.orders import Orders
from simulation.randomness import stream
from simulation.sessions import Sessions

EVENT_TYPES = (
    "page_viewed",
    "product_viewed",
    "searched",
    "filter_applied",
    "logged_in",
    "size_guide_opened",
    "review_read",
    "cart_added",
    "cart_removed",
    "checkout_started",
)
PAGE, PRODUCT, SEARCH, FILTER, LOGIN, SIZE_GUIDE, REVIEW, CART_ADD, CART_REMOVE, CHECKOUT = range(10)
# Departments in which a table of sizes makes sense.
SIZED_DEPARTMENTS = ("DRUG GM", "COSMETICS", "FLORAL", "GARDEN CENTER", "GM MERCH EXP", "TRAVEL & LEISURE", "TOYS")
_STEP_SHARES = np.cumsum([0.22, 0.57, 0.14, 0.07])


@dataclass(frozen=True)
class PageEvents:
    """One entry an event in order of session and position.

    `product` is -1 where none is named; `dwell_ms` -1 and `scroll` NaN where nothing is read; `position` counts the
    pages within the session from 0 (follow-up events share the position of their page).
    """

    session: I64
    position: I64
    kind: I64
    product: I64
    at_us: I64
    dwell_ms: I64
    scroll: F64
    quantity: I64
    is_known: Bool


def draw_pages(sessions: Sessions, orders: Orders, products: ProductSource, seed: int) -> PageEvents:
    """Draw the events of all visits.

    `is_known` says whether the event carries the login: all events of a remembered visit, those from `logged_in` on
    otherwise.
    """
    rng = stream(seed, "pages")
    session = np.repeat(np.arange(len(sessions.steps)), sessions.steps)
    position = positions_within(sessions.steps)
    base = np.searchsorted(_STEP_SHARES, rng.random(len(session)), side="right").clip(0, 3)
    base[(position == 0) & (rng.random(len(session)) < 0.6)] = PAGE
    product = products.draw(session, rng)
    follow_row, follow_kind = _follow_ups(sessions, session, position, base, product, orders, rng)
    row = np.r_[np.arange(len(session)), follow_row]
    kind = np.r_[base, follow_kind].astype(np.int64)
    by = np.lexsort((kind, row))
    row, kind = row[by], kind[by]
    return _timed(sessions, session[row], position[row], kind, product[row], rng)


def _follow_ups(
    sessions: Sessions, session: I64, position: I64, base: I64, product: I64, orders: Orders, rng: np.random.Generator
) -> tuple[I64, I64]:
    human = ~sessions.is_bot[session]
    sized = np.isin(np.array(orders.departments)[orders.product_department[product]], SIZED_DEPARTMENTS)
    view = human & (base == PRODUCT)
    leads = sessions.order[session] >= 0
    roll = rng.random((5, len(session)))
    added = view & (roll[0] < np.where(leads, 0.42, 0.16))
    removed = added & (roll[1] < 0.14)
    guide = view & (roll[2] < np.where(sized, 0.22, 0.01))
    review = view & (roll[3] < 0.06)
    login = (position == 0) & (sessions.is_logged_in & ~sessions.is_remembered)[session]
    in_cart = np.bincount(session, added.astype(np.int64) - removed, len(sessions.steps)) > 0
    last = position == sessions.steps[session] - 1
    checkout = last & in_cart[session] & (roll[4] < np.where(leads, 0.70, 0.28))
    marked = (
        (LOGIN, login),
        (SIZE_GUIDE, guide),
        (REVIEW, review),
        (CART_ADD, added),
        (CART_REMOVE, removed),
        (CHECKOUT, checkout),
    )
    rows = [np.flatnonzero(mask) for _, mask in marked]
    kinds = [np.full(len(found), kind) for (kind, _), found in zip(marked, rows, strict=True)]
    return np.concatenate(rows), np.concatenate(kinds)


def _timed(
    sessions: Sessions, session: I64, position: I64, kind: I64, product: I64, rng: np.random.Generator
) -> PageEvents:
    count, bot = len(session), sessions.is_bot[session]
    read = (kind == PAGE) | (kind == PRODUCT)
    seconds = np.where(kind == PRODUCT, rng.lognormal(3.2, 0.9, count), rng.lognormal(2.5, 0.9, count))
    seconds = np.where(bot, rng.uniform(0.2, 2.0, count), np.minimum(seconds, 1_200))
    dwell_ms = np.where(read, (seconds * 1_000).astype(np.int64), -1)
    pause = (rng.uniform(1.0, 6.0, count) * SECOND_US).astype(np.int64)
    spent = np.maximum(dwell_ms, 0) * 1_000 + pause
    elapsed = np.cumsum(spent) - spent
    first = np.flatnonzero(np.r_[True, session[1:] != session[:-1]])
    elapsed -= np.repeat(elapsed[first], np.diff(np.r_[first, count]))
    logged = np.cumsum(kind == LOGIN)
    after_login = logged - np.repeat(logged[first] - (kind[first] == LOGIN), np.diff(np.r_[first, count])) > 0
    scroll = np.where(read, np.round(rng.beta(2.0, 1.6, count), 4), np.nan)
    named = (kind == PAGE) | (kind == LOGIN) | (kind == CHECKOUT)
    in_cart = (kind == CART_ADD) | (kind == CART_REMOVE)
    return PageEvents(
        session=session,
        position=position,
        kind=kind,
        product=np.where(named, -1, product),
        at_us=sessions.start_us[session] + elapsed,
        dwell_ms=dwell_ms,
        scroll=scroll,
        quantity=np.where(in_cart, rng.choice((1, 2, 3), count, p=(0.8, 0.15, 0.05)), 0),
        is_known=sessions.is_remembered[session] | after_login,
    )

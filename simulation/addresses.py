"""Page types, URLs and referrers of page events."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.arrays import I64, labels
from simulation.faults import FaultyRows
from simulation.orders import Orders
from simulation.pages import CART_ADD, CART_REMOVE, CHECKOUT, FILTER, LOGIN, PAGE, SEARCH, PageEvents
from simulation.people import People
from simulation.sessions import Sessions

SHOP = "https://shop.example"
PAGE_TYPES = ("home", "category", "product", "search", "login", "cart", "checkout", "offers")
_HOME, _CATEGORY, _PRODUCT, _SEARCH, _LOGIN, _CART, _CHECKOUT, _OFFERS = range(8)
REFERRERS = ("https://www.google.com/", "https://www.bing.com/", "https://news.example/deals", "https://mail.example/")


class Addresses(NamedTuple):
    """Arrow string columns, one entry a row."""

    page_type: pa.Array
    url: pa.Array
    referrer: pa.Array


def page_addresses(
    events: PageEvents, faulty: FaultyRows, sessions: Sessions, orders: Orders, people: People
) -> Addresses:
    """Addresses of the rows as received; those marked `leaks_email` carry the visitor's address in the query."""
    row = faulty.row
    session, position = events.session[row], events.position[row]
    page = _page_type(events.kind[row], position, row)
    product = np.maximum(events.product[row], 0)
    department = orders.product_department[product]
    fixed = [f"{SHOP}/{path}" for path in ("", "c", "p", "search", "account/login", "cart", "checkout", "offers")]
    paths = [*fixed, *(f"{SHOP}/c/{_slug(name)}" for name in orders.departments)]
    products = [f"{SHOP}/p/{item}" for item in orders.product_ids.tolist()]
    code = np.where((page == _CATEGORY) & (events.product[row] >= 0), len(fixed) + department, page)
    code = np.where(page == _PRODUCT, len(paths) + product, code)
    url = labels([*paths, *products], code)
    leaking = np.flatnonzero(faulty.leaks_email)
    if len(leaking):
        person = sessions.person[session[leaking]]
        marked = [f"{SHOP}/offers?email={quote(people.emails[one], safe='')}" for one in person.tolist()]
        url = pc.replace_with_mask(url, pa.array(faulty.leaks_email), pa.array(marked, type=pa.string()))
    referred = np.where((position == 0) & (session % 5 < 3), session % 3, -1)
    referred = np.where((position == 0) & (sessions.click[session] >= 0), 3, referred)
    return Addresses(labels(list(PAGE_TYPES), page), url, labels(list(REFERRERS), referred))


def _page_type(kind: I64, position: I64, row: I64) -> I64:
    landing = np.where(
        position == 0, np.where(row % 4 == 0, _OFFERS, _HOME), np.where(row % 5 == 0, _OFFERS, _CATEGORY)
    )
    page = np.where(kind == PAGE, landing, _PRODUCT)
    page = np.where(kind == FILTER, _CATEGORY, page)
    for event, place in (
        (SEARCH, _SEARCH),
        (LOGIN, _LOGIN),
        (CART_ADD, _CART),
        (CART_REMOVE, _CART),
        (CHECKOUT, _CHECKOUT),
    ):
        page = np.where(kind == event, place, page)
    return page.astype(np.int64)


def _slug(department: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in department.lower()).split())

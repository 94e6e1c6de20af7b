"""Lists and clicks as calls of the Segment specification, sent by the shop's server, as JSON lines."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, SECOND_US, group_starts, labels
from simulation.lists import BRANDS, COLOURS, EFFECTS, FITS, PLACE_ODDS, TASTES, ListLog, colour_of, fit_of, taste_of
from simulation.orders import Orders
from simulation.people import People
from simulation.randomness import opaque

DELAY_US = SECOND_US // 2


class ListLines(NamedTuple):
    """Lines without their line ends, in order of arrival."""

    lines: list[str]
    received_us: I64


def list_lines(log: ListLog, orders: Orders, people: People, seed: int) -> ListLines:
    """`Product List Viewed` with its products, and `Product Clicked` for each click."""
    first = group_starts(log.view, int(log.view.max()) + 1 if len(log.view) else 0)
    clicks = np.flatnonzero(log.clicked_us >= 0)
    lines = [*_views(log, first, orders, people, seed), *_clicks(log, clicks, orders, people, seed)]
    received = np.r_[log.shown_us[first[:-1]], log.clicked_us[clicks]] + DELAY_US
    by = np.argsort(received, kind="stable")
    return ListLines([lines[row] for row in by.tolist()], received[by])


def taste_truth(people: People, orders: Orders) -> pa.Table:
    """`person_id, taste`: whose clicks follow which effects."""
    everyone = np.arange(len(people.person_ids), dtype=np.int64)
    return pa.table(
        {"person_id": labels(people.person_ids, everyone), "taste": labels(list(TASTES), taste_of(people, orders))}
    )


def effect_truth() -> pa.Table:
    """`taste, attribute, level, effect`: log-odds of a click; `position` counts times the logarithm of the place."""
    rows = [
        (taste, attribute, level, effect)
        for taste in TASTES
        for attribute, levels in EFFECTS[taste].items()
        for level, effect in levels.items()
    ]
    rows += [(taste, "position", "logarithm", PLACE_ODDS) for taste in TASTES]
    names = ("taste", "attribute", "level", "effect")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def _views(log: ListLog, first: I64, orders: Orders, people: People, seed: int) -> list[str]:
    items = _items(log, orders)
    ids, heads = opaque(seed, "list", np.arange(len(first) - 1), "ls-"), first[:-1]
    departments = np.array(orders.departments)[orders.product_department[log.product[heads]]].tolist()
    found = []
    for view, (message, department) in enumerate(zip(ids, departments, strict=True)):
        head = int(heads[view])
        said = f'"list_id":"search","category":{json.dumps(department)}'
        products = ",".join(items[head : int(first[view + 1])])
        call = _call(message, "Product List Viewed", people.logins[int(log.person[head])], int(log.shown_us[head]))
        found.append(f'{call},"properties":{{{said},"products":[{products}]}}}}')
    return found


def _items(log: ListLog, orders: Orders) -> list[str]:
    colour, fit = colour_of(orders)[log.product].tolist(), fit_of(orders)[log.product].tolist()
    brand, ids = orders.product_is_national[log.product].tolist(), orders.product_ids[log.product].tolist()
    rows = zip(ids, log.position.tolist(), log.price.tolist(), brand, colour, fit, strict=True)
    return [
        f'{{"product_id":"{product}","position":{position},'
        + ("" if math.isnan(price) else f'"price":{price:.2f},')
        + f'"brand":"{BRANDS[make]}","colour":"{COLOURS[look]}","fit":"{FITS[cut]}"}}'
        for product, position, price, make, look, cut in rows
    ]


def _clicks(log: ListLog, rows: I64, orders: Orders, people: People, seed: int) -> list[str]:
    ids = opaque(seed, "list_click", np.arange(len(rows)), "lc-")
    products = orders.product_ids[log.product[rows]].tolist()
    columns = (ids, log.person[rows].tolist(), log.clicked_us[rows].tolist(), products, log.position[rows].tolist())
    return [
        _call(message, "Product Clicked", people.logins[person], at)
        + f',"properties":{{"list_id":"search","product_id":"{product}","position":{position}}}}}'
        for message, person, at, product, position in zip(*columns, strict=True)
    ]


def _call(message: str, name: str, login: str, at_us: int) -> str:
    at, received = (f"{np.datetime64(moment, 'us')}Z" for moment in (at_us, at_us + DELAY_US))
    return (
        f'{{"type":"track","event":"{name}","messageId":"{message}","userId":"{login}",'
        f'"timestamp":"{at}","receivedAt":"{received}"'
    )

"""Page events as the web collector exports them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.addresses import page_addresses
from simulation.arrays import I64, labels, numbers, timestamps
from simulation.emails import EmailLog, campaign_names
from simulation.faults import UNKNOWN_TYPES, FaultyRows
from simulation.names import Names
from simulation.orders import Orders
from simulation.pages import CART_ADD, CART_REMOVE, EVENT_TYPES, FILTER, LOGIN, PAGE, PRODUCT, SEARCH, PageEvents
from simulation.people import People
from simulation.prices import PriceList
from simulation.randomness import opaque
from simulation.sessions import Sessions
from simulation.user_agents import CRAWLERS, DEVICE_PROFILES

FILTERS = ("brand", "price", "on_offer", "size")


def web_table(
    events: PageEvents,
    faulty: FaultyRows,
    sessions: Sessions,
    names: Names,
    orders: Orders,
    people: People,
    prices: PriceList,
    emails: EmailLog,
    seed: int,
) -> pa.Table:
    """One row a received event, duplicates included, in order of arrival."""
    row = faulty.row
    session = events.session[row]
    addresses = page_addresses(events, faulty, sessions, orders, people)
    columns = {
        "event_id": labels(opaque(seed, "web", np.arange(len(events.kind)), "w-"), row),
        "event_type": labels([*EVENT_TYPES, *UNKNOWN_TYPES], _type_code(events.kind[row], faulty.unknown_type)),
        "occurred_at": timestamps(faulty.at_us),
        "received_at": timestamps(faulty.received_us),
        "session_id": labels(names.session_ids, np.where(names.is_tagged[session], session, -1)),
        **_identifier_columns(events, row, sessions, names, people),
        "page_type": addresses.page_type,
        "page_url": addresses.url,
        "referrer": addresses.referrer,
        "campaign": labels(campaign_names(-(-orders.days // 7)), _campaign(sessions.click[session], emails)),
        **_product_columns(events, row, orders, prices),
        "dwell_ms": numbers(events.dwell_ms[row], events.dwell_ms[row] >= 0),
        "scroll_depth": numbers(np.nan_to_num(events.scroll[row]), ~np.isnan(events.scroll[row])),
        **_device_columns(names, session),
        "region": labels(people.regions, sessions.person[session]),
        "is_simulated": pa.array(np.ones(len(row), dtype=np.bool_)),
    }
    return pa.table(columns)


def _type_code(kind: I64, unknown_type: I64) -> I64:
    return np.where(unknown_type >= 0, unknown_type + len(EVENT_TYPES), kind)


def _campaign(click: I64, emails: EmailLog) -> I64:
    week = np.r_[emails.week[emails.kind == 2], 0]
    return np.where(click >= 0, week[np.minimum(click, len(week) - 1)], -1)


def _identifier_columns(
    events: PageEvents, row: I64, sessions: Sessions, names: Names, people: People
) -> dict[str, pa.Array]:
    session = events.session[row]
    person = sessions.person[session]
    # Every other account logs in with its e-mail address, which then stands beside the login.
    with_email = (events.kind[row] == LOGIN) & (person % 2 == 0)
    return {
        "cookie_id": labels(names.cookies, names.cookie_code[session]),
        "device_id": labels(names.device_ids, names.app_code[session]),
        "click_id": labels(names.click_ids, np.where(events.position[row] == 0, sessions.click[session], -1)),
        "login": labels(people.logins, np.where(events.is_known[row], person, -1)),
        "email": labels(people.emails, np.where(with_email, person, -1)),
    }


def _product_columns(events: PageEvents, row: I64, orders: Orders, prices: PriceList) -> dict[str, pa.Array]:
    kind, product = events.kind[row], events.product[row]
    price = prices.at(orders, product, events.at_us[row])
    in_cart = (kind == CART_ADD) | (kind == CART_REMOVE)
    about_product = (product >= 0) & (kind != SEARCH) & (kind != FILTER) & (kind != PAGE)
    department = orders.product_department[np.maximum(product, 0)]
    ids = [str(item) for item in orders.product_ids.tolist()]
    return {
        "product_id": labels(ids, np.where(about_product, product, -1)),
        "category": labels(orders.departments, np.where(product >= 0, department, -1)),
        "query": labels(orders.product_topic, np.where(kind == SEARCH, product, -1)),
        "filter": labels(list(FILTERS), np.where(kind == FILTER, product % len(FILTERS), -1)),
        "value": labels([str(number) for number in range(10)], np.where(kind == FILTER, product % 10, -1)),
        "quantity": numbers(events.quantity[row], in_cart),
        "unit_price": numbers(np.nan_to_num(price), ((kind == PRODUCT) | in_cart) & ~np.isnan(price)),
    }


def _device_columns(names: Names, session: I64) -> dict[str, pa.Array]:
    profile, crawler = names.profile[session], names.crawler[session]
    agents = [*(item.user_agent for item in DEVICE_PROFILES), *CRAWLERS]
    agent = np.where(crawler >= 0, len(DEVICE_PROFILES) + crawler, profile)
    channels = ["mobile" if item.is_app else "web" for item in DEVICE_PROFILES]
    return {
        "channel": labels([*channels, "web"], np.where(profile >= 0, profile, len(channels))),
        "device_type": labels([item.device_type for item in DEVICE_PROFILES], profile),
        "os": labels([item.os for item in DEVICE_PROFILES], profile),
        "browser": labels([item.browser for item in DEVICE_PROFILES], profile),
        "user_agent": labels(agents, agent),
    }

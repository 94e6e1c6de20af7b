"""Events within a visit: order, carts, logins, reading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulation.digital_layer import DigitalLayer
from simulation.pages import (
    CART_ADD,
    CART_REMOVE,
    CHECKOUT,
    LOGIN,
    PAGE,
    PRODUCT,
    SIZE_GUIDE,
    SIZED_DEPARTMENTS,
)


@pytest.fixture(scope="module")
def events(layer: DigitalLayer) -> pd.DataFrame:
    fields = {name: getattr(layer.events, name) for name in layer.events.__dataclass_fields__}
    return pd.DataFrame(fields)


def test_time_runs_forward_within_a_visit(events: pd.DataFrame, layer: DigitalLayer) -> None:
    assert (events.groupby("session")["at_us"].diff().dropna() > 0).all()
    first = events.groupby("session")["at_us"].first()
    assert np.array_equal(first.to_numpy(), layer.sessions.start_us)


def test_every_visit_has_its_pages(events: pd.DataFrame, layer: DigitalLayer) -> None:
    pages = events.groupby("session")["position"].max() + 1
    assert np.array_equal(pages.to_numpy(), layer.sessions.steps)


def test_nothing_is_removed_that_was_not_put_in(events: pd.DataFrame) -> None:
    carts = events[events["kind"].isin((CART_ADD, CART_REMOVE))]
    balance = carts["kind"].map({CART_ADD: 1, CART_REMOVE: -1}).groupby([carts["session"], carts["product"]]).cumsum()
    assert (balance >= 0).all()
    assert (carts["quantity"] > 0).all()
    assert (events[~events.index.isin(carts.index)]["quantity"] == 0).all()


def test_checkouts_need_a_cart_and_many_carts_are_abandoned(events: pd.DataFrame) -> None:
    step = events["kind"].map({CART_ADD: 1, CART_REMOVE: -1}).fillna(0)
    in_cart = step.groupby(events["session"]).sum()
    checkouts = events[events["kind"] == CHECKOUT]
    assert (in_cart[checkouts["session"]] > 0).all()
    assert not checkouts.duplicated("session").any()
    filled = int((in_cart > 0).sum())
    assert 0.25 < 1 - len(checkouts) / filled < 0.75


def test_the_login_is_known_from_the_login_event_on(events: pd.DataFrame, layer: DigitalLayer) -> None:
    sessions = layer.sessions
    for session, rows in events.groupby("session"):
        if int(str(session)) % 13:
            continue
        seen = bool(sessions.is_remembered[session])
        for kind, known in zip(rows["kind"], rows["is_known"], strict=True):
            seen = seen or kind == LOGIN
            assert known == seen
    logged = events[events["kind"] == LOGIN]["session"]
    expected = np.flatnonzero(sessions.is_logged_in & ~sessions.is_remembered)
    assert logged.tolist() == expected.tolist()


def test_only_pages_and_products_are_read(events: pd.DataFrame) -> None:
    read = events["kind"].isin((PAGE, PRODUCT))
    assert (events["dwell_ms"] >= 0).equals(read)
    assert events["scroll"].notna().equals(read)
    assert events.loc[read, "scroll"].between(0, 1).all()
    assert events.loc[read, "dwell_ms"].max() <= 1_200_000


def test_size_tables_open_where_sizes_matter(events: pd.DataFrame, layer: DigitalLayer) -> None:
    names = np.array(layer.orders.departments)[layer.orders.product_department[events["product"].clip(lower=0)]]
    sized = np.isin(names, SIZED_DEPARTMENTS)
    views, guides = (events["kind"] == PRODUCT).to_numpy(), (events["kind"] == SIZE_GUIDE).to_numpy()
    assert guides[sized].sum() / views[sized].sum() > 5 * guides[~sized].sum() / views[~sized].sum()


def test_crawlers_only_look(events: pd.DataFrame, layer: DigitalLayer) -> None:
    bots = layer.sessions.is_bot[events["session"]]
    assert set(events.loc[bots, "kind"]) <= {0, 1, 2, 3}
    assert events.loc[bots & (events["dwell_ms"] >= 0), "dwell_ms"].max() <= 2_000

"""Lists and clicks: what is shown, when it is clicked, and that clicks follow the planted tastes."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from simulation.digital_layer import DigitalLayer
from simulation.lists import COLOURS, ITEMS, TASTES, colour_of, taste_of
from simulation.pages import SEARCH
from simulation.report import SimulationReport


@pytest.fixture(scope="module")
def calls(company: SimulationReport) -> list[dict[str, object]]:
    files = sorted((company.landing / "sim_lists").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_list_follows_a_search_and_is_clicked_before_the_next_page(layer: DigitalLayer) -> None:
    log, events = layer.lists, layer.events
    assert (events.kind[log.search] == SEARCH).all()
    assert (events.at_us[log.search] == log.shown_us).all()
    clicked = log.clicked_us >= 0
    assert 0.05 < clicked.mean() < 0.2
    # So nobody is seen later for it: whatever is told from the pages of a visit stays as it was.
    assert (log.clicked_us[clicked] > log.shown_us[clicked]).all()
    assert (log.clicked_us[clicked] < events.at_us[log.search + 1][clicked]).all()


def test_a_list_shows_each_product_once_in_places_without_a_gap(layer: DigitalLayer) -> None:
    shown = pd.DataFrame({"view": layer.lists.view, "position": layer.lists.position, "product": layer.lists.product})
    assert not shown.duplicated(["view", "product"]).any()
    places = shown.groupby("view")["position"]
    assert (places.min() == 1).all()
    assert (places.max() == places.count()).all()
    assert places.max().max() == ITEMS


def test_calls_say_what_was_drawn(layer: DigitalLayer, calls: list[dict[str, object]]) -> None:
    views = [call["properties"] for call in calls if call["event"] == "Product List Viewed"]
    clicks = [call["properties"] for call in calls if call["event"] == "Product Clicked"]
    assert len(views) == layer.lists.view.max() + 1
    assert len(clicks) == (layer.lists.clicked_us >= 0).sum()
    first = layer.lists.view == 0
    products = views[0]["products"]  # type: ignore[index]
    assert [int(item["product_id"]) for item in products] == layer.orders.product_ids[
        layer.lists.product[first]
    ].tolist()
    colours = [COLOURS[code] for code in colour_of(layer.orders)[layer.lists.product[first]].tolist()]
    assert [item["colour"] for item in products] == colours
    received = [str(call["receivedAt"]) for call in calls]
    assert received == sorted(received)


def test_clicks_follow_the_taste_of_who_was_shown_the_list(
    layer: DigitalLayer, read_truth: Callable[[str], pd.DataFrame]
) -> None:
    effects = read_truth("click_effects").set_index(["taste", "attribute", "level"])["effect"]
    tastes = read_truth("click_tastes")
    assert tastes["taste"].tolist() == [TASTES[code] for code in taste_of(layer.people, layer.orders).tolist()]
    log = layer.lists
    mine = taste_of(layer.people, layer.orders)[log.person] == TASTES.index("lavish")
    blue = (colour_of(layer.orders)[log.product] == COLOURS.index("blue"))[mine]
    red = (colour_of(layer.orders)[log.product] == COLOURS.index("red"))[mine]
    clicked = (log.clicked_us >= 0)[mine]
    planted = effects["lavish", "colour", "blue"] - effects["lavish", "colour", "red"]
    odds, variance = 0.0, 0.0
    for group, sign in ((blue, 1), (red, -1)):
        yes, no = clicked[group].sum(), (~clicked[group]).sum()
        odds, variance = odds + sign * np.log(yes / no), variance + 1 / yes + 1 / no
    # Places and people spread the chances, which draws the odds of a whole group together a little.
    assert norm.sf(odds / np.sqrt(variance)) < 0.01
    assert abs(odds - planted) < 3 * np.sqrt(variance) + 0.1 * planted

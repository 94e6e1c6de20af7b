"""What visits carry."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from simulation.digital_layer import DigitalLayer
from simulation.names import UNTAGGED_SHARE


def test_a_human_visit_has_either_a_cookie_or_an_app(layer: DigitalLayer) -> None:
    has_cookie, has_app = layer.names.cookie_code >= 0, layer.names.app_code >= 0
    assert (has_cookie ^ has_app).all()
    assert has_cookie[layer.sessions.is_bot].all()


def test_cookie_codes_point_to_one_cookie_each(layer: DigitalLayer) -> None:
    cookies, code = layer.sessions.cookie, layer.names.cookie_code
    pairs = np.unique(np.column_stack([cookies, code])[code >= 0], axis=0)
    assert len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))
    assert len(set(layer.names.cookies)) == len(layer.names.cookies)


def test_few_visits_lack_their_session_id(layer: DigitalLayer) -> None:
    missing = int((~layer.names.is_tagged).sum())
    assert binomtest(missing, len(layer.names.is_tagged), UNTAGGED_SHARE).pvalue > 1e-4
    assert len(set(layer.names.session_ids)) == len(layer.sessions.start_us)


def test_crawlers_and_only_they_have_a_crawler_agent(layer: DigitalLayer) -> None:
    assert np.array_equal(layer.names.crawler >= 0, layer.sessions.is_bot)
    assert np.array_equal(layer.names.profile >= 0, ~layer.sessions.is_bot)


def test_each_click_has_an_id(layer: DigitalLayer) -> None:
    assert len(set(layer.names.click_ids)) == int((layer.emails.kind == 2).sum())

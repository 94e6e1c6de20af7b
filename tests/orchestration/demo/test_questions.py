"""The demo's questions."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from orchestration.demo.questions import PLACEMENTS, SHARES, Acquaintance, draw_questions
from serving.http.messages import DecideRequest

PEOPLE = [
    Acquaintance({"loyalty_id": str(n), "email": f"p{n}@shop.test", "cookie": f"ck-{n}"}, agreed=n % 4 > 0)
    for n in range(40)
]
PRODUCTS = ["p1", "p2", "p3"]


def test_the_mix_is_as_declared() -> None:
    asked = draw_questions(PEOPLE, PRODUCTS, number=1000, seed=1)
    who = Counter(question.who for question in asked)
    for kind, share in SHARES.items():
        assert who[kind] == pytest.approx(1000 * share, abs=60)
    assert Counter(question.placement for question in asked) == dict.fromkeys(PLACEMENTS, 250)


def test_every_question_is_one_that_the_service_takes() -> None:
    for question in draw_questions(PEOPLE, PRODUCTS, number=200, seed=2):
        request = msgspec.convert(dict(question.body), DecideRequest)
        assert request.placements == [question.placement]
        assert len(request.identifiers) == 1


def test_who_is_asked_for_is_who_was_meant() -> None:
    agreed = {value: person.agreed for person in PEOPLE for value in person.identifiers.values()}
    for question in draw_questions(PEOPLE, PRODUCTS, number=300, seed=3):
        value = question.body["identifiers"][0]["value"]
        assert agreed.get(value) == {"known": True, "refused": False, "stranger": None}[question.who]


def test_letters_go_to_addresses_and_product_pages_have_a_product() -> None:
    for question in draw_questions(PEOPLE, PRODUCTS, number=300, seed=4):
        if question.placement == "weekly_email_offer" and question.who != "stranger":
            assert question.body["identifiers"][0]["type"] == "email"
        if question.placement == "product_recommendation":
            assert question.body["context"]["product_id"] in PRODUCTS


def test_contexts_vary_and_the_seed_decides() -> None:
    asked = draw_questions(PEOPLE, PRODUCTS, number=200, seed=5)
    assert {question.body["context"]["device_type"] for question in asked} == {"mobile", "desktop", "tablet"}
    assert len({question.body["context"]["hour"] for question in asked}) > 12
    assert asked == draw_questions(PEOPLE, PRODUCTS, number=200, seed=5)
    assert asked != draw_questions(PEOPLE, PRODUCTS, number=200, seed=6)


def test_somebody_with_one_identifier_shows_that_one_everywhere() -> None:
    only = [Acquaintance({"cookie": "ck"}, agreed=True)]
    for question in draw_questions(only, [], number=40, seed=7):
        assert question.who in {"known", "stranger"}
        assert question.body["identifiers"][0]["type"] == "cookie"
        assert "product_id" not in question.body["context"]

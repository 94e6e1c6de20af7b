"""The shipped examples from retail, asked as a shop asks: each moment gets its answer, and the next one does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from serving.decide import decide_for
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.question import Context, Decision, Question
from serving.rungs import Rung
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import (
    DecisionRow,
    IdentifierRow,
    ProductRecord,
    ProfileRecord,
    PromiseRecord,
    ReviewRecord,
)
from tests.serving import sample

SHIRT = ProductRecord("shirt", "APPAREL", 60.0, 40.0, 45.0, 20.0, 12.0, 50.0, 0.4, 5.0)
SOCKS = ProductRecord("socks", "APPAREL", 12.0, 8.0, 9.0, 4.0, 30.0, 8.0, 0.01, 80.0, 40, 4.6)
COAT = ProductRecord("coat", "APPAREL", 200.0, 150.0, 185.0, 90.0, 2.0, 150.0, 0.05, 4.0)
LAMP = ProductRecord("lamp", "HOME", 80.0, 60.0, None, 30.0, 9.0, 75.0, 0.05, 25.0, 3, 3.0)
DESK = ProductRecord("desk", "HOME", 80.0, 60.0, None, 30.0, 9.0, None, 0.05, 25.0)
PEOPLE: dict[str, dict[str, Any]] = {
    "newcomer": {"orders_lifetime": 0},
    "regular": {"orders_lifetime": 5, "orders_91d": 2},
    "green": {"orders_lifetime": 5, "favourite_category": "NUTRITION"},
    "vip": {"orders_lifetime": 40, "orders_91d": 9},
    "thrifty": {"orders_lifetime": 5, "price_sensitivity": 0.2},
    "buyer_at_acme": {"account_stage": "customer"},
    "lapsed_at_acme": {"account_stage": "lapsing"},
    "new_at_acme": {"account_stage": "visiting"},
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSnapshot]:
    profiles = [
        ProfileRecord(
            name,
            0,
            churn_probability=0.9 if name == "regular" else 0.1,
            ltv_amount=900.0 if name == "vip" else 50.0,
            features=features,
            **sample.CONSENTED,
        )
        for name, features in PEOPLE.items()
    ]
    folder = sample.write(
        tmp_path_factory.mktemp("retail"),
        profiles=profiles,
        identifiers=[IdentifierRow("loyalty_id", sample.value_hash("loyalty_id", name), name) for name in PEOPLE],
        products=[SHIRT, SOCKS, COAT, LAMP, DESK],
        together={"shirt": ["lamp", "socks", "coat"]},
        decision_rows=[DecisionRow("product_offer", 0, "any", "none", 1.0, "expected margin", 5_000)],
        promises=[PromiseRecord("", 2, 6, 0.8, 0.81, 900), PromiseRecord("AT-8", 3, 4, 0.8, 0.9, 60)],
        reviews={
            "shirt": [ReviewRecord("r1", 5, 9, "office", "expert"), ReviewRecord("r2", 4, 1, "hiking", "beginner")]
        },
    )
    snapshot = LiveSnapshot(SnapshotReader(folder))
    yield snapshot
    snapshot.close()


def ask(live: LiveSnapshot, who: str, placement: str, visit: dict[str, Any] | None = None, **context: Any) -> Decision:
    hashed = (("loyalty_id", sample.value_hash("loyalty_id", who)),)
    now = sample.NOW + timedelta(hours=context.pop("later", 0))
    person = find_person(live.reader, hashed)
    return decide_for(live, person, Question(placement, hashed), Context(**context), now, visit)


NOTICES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("newcomer", {}, {"session_seconds": 12}, "onboarding"),
    ("newcomer", {}, {"session_seconds": 20}, "none"),
    ("stranger", {}, {"session_seconds": 5}, "onboarding"),
    ("regular", {}, {"session_seconds": 5}, "none"),
    ("green", {}, {}, "eco_banner"),
    ("regular", {"session_product_page_seconds": 45}, {"device_type": "mobile", "hour": 20}, "evening_help"),
    ("regular", {"session_product_page_seconds": 44}, {"device_type": "mobile", "hour": 20}, "none"),
    ("regular", {"session_product_page_seconds": 90}, {"device_type": "desktop", "hour": 20}, "none"),
    ("regular", {"session_product_page_seconds": 90}, {"device_type": "mobile", "hour": 11}, "none"),
    ("regular", {"session_size_guide_opens": 2}, {}, "size_help"),
    ("regular", {"session_size_guide_opens": 1}, {}, "none"),
    ("regular", {"session_size_guide_hovers": 1}, {}, "size_help"),
    ("regular", {"session_is_cart_abandoned": True}, {}, "cart_reminder"),
    ("vip", {"session_is_cart_abandoned": True}, {}, "vip_welcome"),
]


@pytest.mark.parametrize(("who", "visit", "context", "action"), NOTICES)
def test_micro_moments(
    live: LiveSnapshot, who: str, visit: dict[str, Any], context: dict[str, Any], action: str
) -> None:
    decision = ask(live, who, "page_notice", visit, **context)
    assert decision.action == action
    assert decision.rung is (Rung.FALLBACK if action == "none" else Rung.RULE)


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ("buyer_at_acme", "reorder_lists"),
        ("lapsed_at_acme", "account_manager"),
        ("new_at_acme", "how_companies_buy"),
        ("regular", "none"),
    ],
)
def test_companies_by_stage(live: LiveSnapshot, who: str, action: str) -> None:
    assert ask(live, who, "account_panel").action == action


def blocked(decision: Decision) -> dict[str, str]:
    return {one.action: one.rule for one in decision.blocked}


def test_what_comes_back_gets_free_returns_and_no_discount(live: LiveSnapshot) -> None:
    decision = ask(live, "vip", "product_offer", product_id="shirt")
    assert (decision.action, decision.rung, decision.propensity) == ("free_returns", Rung.RULE, 1.0)
    assert blocked(decision)["ten_percent_off"] == "no_discount_where_much_comes_back"


def test_the_price_sensitive_hear_of_what_sells_fast(live: LiveSnapshot) -> None:
    share = live.placements["product_offer"].hybrid
    assert share is not None
    decision = ask(live, "thrifty", "product_offer", product_id="desk")
    expected = {"sells_fast": 0.6, "none": 0.4}
    assert decision.action in expected
    assert decision.propensity == pytest.approx(expected[decision.action])
    assert decision.conditional_propensity == (1.0 if decision.action == "none" else 0.0)


@pytest.mark.parametrize(
    ("product", "permitted", "rules"),
    [
        ("desk", {"ten_percent_off"}, {"five_percent_off": "large_prices_take_ten"}),
        ("socks", {"five_percent_off"}, {"ten_percent_off": "small_prices_take_five"}),
        ("coat", set(), {"ten_percent_off": "never_below_map", "five_percent_off": "large_prices_take_ten"}),
        ("lamp", set(), {"ten_percent_off": "never_below_parity"}),
        ("unheard of", set(), {"ten_percent_off": "product_offers_need_known_prices"}),
    ],
)
def test_price_bands_with_floor_map_and_parity(
    live: LiveSnapshot, product: str, permitted: set[str], rules: dict[str, str]
) -> None:
    decision = ask(live, "regular", "product_offer", product_id=product, page_type="product")
    cuts = {"five_percent_off", "ten_percent_off"}
    assert cuts - set(blocked(decision)) == permitted
    assert rules.items() <= blocked(decision).items()
    assert decision.action in permitted | {"none"}


def test_asked_for_elsewhere_it_is_plain(live: LiveSnapshot) -> None:
    assert ask(live, "vip", "product_offer", product_id="shirt", page_type="home").rung is Rung.PLAIN
    assert ask(live, "vip", "product_offer", product_id="shirt", channel="email").rung is Rung.PLAIN


def test_the_strongest_evidence_with_its_numbers(live: LiveSnapshot) -> None:
    socks = ask(live, "regular", "product_hero", product_id="socks")
    assert (socks.action, socks.content["rating"], socks.content["reviews"]) == ("well_rated", 4.6, 40)
    coat = ask(live, "regular", "product_hero", product_id="coat")
    assert (coat.action, coat.content["stock"]) == ("last_pieces", 2.0)
    nothing = ask(live, "regular", "product_hero", product_id="unheard of")
    assert nothing.action == "none"
    assert set(blocked(nothing).values()) == {"needs_data"}


@pytest.mark.parametrize(
    ("part", "first"), [("stitching", "detail"), ("model", "worn"), ("scale", "scale"), ("", "front")]
)
def test_the_gallery_begins_with_what_they_linger_on(live: LiveSnapshot, part: str, first: str) -> None:
    context = {"lingers_on": part} if part else {}
    assert ask(live, "regular", "product_gallery", **context).content["order"][0] == first


def test_a_promise_by_place_with_its_coverage(live: LiveSnapshot) -> None:
    near = ask(live, "regular", "delivery_promise", region="AT-8", country="AT").content
    assert (near["earliest_days"], near["latest_days"], near["measured_coverage"]) == (3, 4, 0.9)
    anywhere = ask(live, "regular", "delivery_promise", postal_code="99999").content
    assert (anywhere["place"], anywhere["confidence"], anywhere["orders"]) == ("", 0.8, 900)


def test_the_review_of_somebody_alike(live: LiveSnapshot) -> None:
    content = ask(live, "regular", "product_review", product_id="shirt", filters=["use=Hiking"]).content
    assert (content["review_id"], content["matched_on"]) == ("r2", ["hiking"])
    assert ask(live, "regular", "product_review", product_id="shirt").content["review_id"] == "r1"
    assert ask(live, "regular", "product_review", product_id="lamp").action == "none"


def test_the_bundle_keeps_to_the_filter(live: LiveSnapshot) -> None:
    items = ask(live, "regular", "product_bundle", product_id="shirt", category="APPAREL").content["items"]
    assert [item["product_id"] for item in items] == ["socks", "coat"]
    items = ask(live, "regular", "product_bundle", product_id="shirt").content["items"]
    assert [item["product_id"] for item in items] == ["lamp", "socks", "coat"]


LOOKING = {"session_size_guide_opens": 2}


def moment(hours_ago: float) -> str:
    return str(int((sample.NOW - timedelta(hours=hours_ago)).timestamp()))


def test_a_question_at_its_moment_once_and_never_again(live: LiveSnapshot) -> None:
    assert ask(live, "regular", "fit_help").action == "size_table"
    assert ask(live, "regular", "fit_help", LOOKING).action == "ask_for_the_fit"
    asked = LOOKING | {"shown:?preferred_fit": moment(2_000)}
    again = ask(live, "regular", "fit_help", asked)
    assert again.action == "size_table"
    assert blocked(again)["ask_for_the_fit"] == "never_asked_again"


def test_one_question_a_visit(live: LiveSnapshot) -> None:
    other = LOOKING | {"shown:?another": moment(0.1)}
    assert blocked(ask(live, "regular", "fit_help", other))["ask_for_the_fit"] == "one_question_a_visit"
    assert ask(live, "regular", "fit_help", LOOKING | {"shown:?another": moment(5)}).action == "ask_for_the_fit"


def test_an_answer_counts_at_once_and_the_reason_says_so(live: LiveSnapshot) -> None:
    decision = ask(live, "regular", "fit_help", LOOKING | {"answer_preferred_fit": "loose"})
    assert decision.action == "suggest_a_size_up"
    assert decision.reason == "We suggest one size up. You told us that you like a loose fit."
    assert ask(live, "regular", "fit_help", {"answer_preferred_fit": "close"}).action == "suggest_the_usual_size"


def test_an_answer_of_the_past_counts_too(tmp_path: Any) -> None:
    answered = {"zero_party_answers": '{"preferred_fit": "loose"}'}
    folder = sample.write(
        tmp_path,
        profiles=[ProfileRecord("ann", 0, features=answered, **sample.CONSENTED)],
        identifiers=[IdentifierRow("loyalty_id", sample.value_hash("loyalty_id", "ann"), "ann")],
        decision_rows=[],
    )
    snapshot = LiveSnapshot(SnapshotReader(folder))
    assert ask(snapshot, "ann", "fit_help", LOOKING).action == "suggest_a_size_up"
    snapshot.close()


@pytest.mark.parametrize(("hours_ago", "action"), [(1, "none"), (23.9, "none"), (24.1, "vip_welcome")])
def test_a_cap_holds_for_its_window(live: LiveSnapshot, hours_ago: float, action: str) -> None:
    visit = {"shown:page_notice/vip_welcome": moment(hours_ago)}
    decision = ask(live, "vip", "page_notice", visit)
    assert decision.action == action
    assert (blocked(decision).get("vip_welcome") == "exposure_cap") is (action == "none")

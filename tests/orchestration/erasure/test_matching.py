"""What counts as a mention, and what only looks like one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from orchestration.erasure.matching import Matcher
from orchestration.erasure.scope import Scope

OWN, SHARED = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


@pytest.fixture
def matcher() -> Matcher:
    scope = Scope("r", datetime(2018, 1, 2, tzinfo=UTC), 1, shared={SHARED: "email"})
    scope.add(OWN, "login")
    scope.customer_ids.add(f"c{SHARED[:15]}")
    scope.clear = {"Ann.Lee@shop.org", "4711", "+41791234567"}
    return Matcher(scope)


@pytest.mark.parametrize(
    "text",
    [
        OWN,
        f"deadbeef{OWN}deadbeef",
        f"c{OWN[:15]} moved",
        f"c{SHARED[:15]} moved",
        f'{{"key": {int(OWN[:15], 16)}}}',
        "write to ANN.LEE@shop.org.",
        "tel:+41791234567",
    ],
)
def test_mentions_are_found_and_replaced(matcher: Matcher, text: str) -> None:
    assert matcher.in_text(text)
    assert not matcher.in_text(matcher.cleaned(text))
    assert matcher.in_bytes(text.encode())
    assert matcher.in_bytes(b"\x00" + text.encode() + b"\xff", heap=True)
    assert matcher.rows_named(pa.array(["", text, None, "x" * 99, text]).slice(1)) == {0, 3}


@pytest.mark.parametrize("text", [SHARED, f"abc{SHARED}", "order 4711", "nann.lee@shop.orgy", OWN[:14]])
def test_what_others_share_and_what_every_text_has_is_none(matcher: Matcher, text: str) -> None:
    assert not matcher.in_text(text)
    assert matcher.cleaned(text) == text
    assert not matcher.in_bytes(text.encode())
    assert matcher.rows_named(pa.array([text, None, "", text])) == set()


def test_cleaned_json_stays_json(matcher: Matcher) -> None:
    said = json.dumps({"key": int(OWN[:15], 16), "ids": [f"c{OWN[:15]}"], "mail": "ann.lee@shop.org"})
    assert json.loads(matcher.cleaned(said)) == {"key": 0, "ids": ["[erased]"], "mail": "[erased]"}

"""Identifier hashes against the standard library's own HMAC, and the placeholders that must not tie strangers."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.hashing import hash_distinct, hash_identifier, identifier_key, normalise

KEY = b"0123456789abcdef"


def oracle(kind: str, normal: str) -> str:
    return hmac.new(KEY, f"{kind}:{normal}".encode(), hashlib.sha256).hexdigest()[:32]


@settings(deadline=None, max_examples=50)
@given(value=st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=5, max_size=30))
def test_the_hash_is_hmac_sha_256_of_type_and_value(value: str) -> None:
    normal = normalise("login", value)
    assert hash_identifier(KEY, "login", value) == (None if normal is None else oracle("login", normal))


@pytest.mark.parametrize(
    ("kind", "spellings", "normal"),
    [
        ("email", ["Ann@Example.org", " ann@example.org\t", "ANN@EXAMPLE.ORG"], "ann@example.org"),
        ("phone", ["+1 (212) 555-0123", "212-555-0123", "1 212 555 0123", "+12125550123"], "+12125550123"),
        ("device_id", ["AEBE52E7-03EE-455A-B3C4-E57283966239"], "aebe52e7-03ee-455a-b3c4-e57283966239"),
        ("cookie", [" AbC "], "AbC"),
        ("loyalty_id", ["900"], "900"),
        ("ip", ["2001:DB8:0:0::7", "2001:db8::7"], "2001:db8::7"),
        ("pos_id", [" 0042 "], "0042"),
    ],
)
def test_spellings_of_one_identifier_share_a_hash(kind: str, spellings: list[str], normal: str) -> None:
    assert {hash_identifier(KEY, kind, spelling) for spelling in spellings} == {oracle(kind, normal)}


def test_a_phone_without_country_takes_the_region() -> None:
    assert normalise("phone", "020 7946 0018", "GB") == "+442079460018"
    assert normalise("phone", "020 7946 0018", "US") is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "none@none.com"), ("email", "NoEmail@anything.org"), ("email", "test@test.com"),
        ("email", "not an address"), ("email", "https://shop.example/?mail=ann@mail.example"),
        ("email", ""), ("phone", "000-000"), ("phone", "000-000-0000"), ("phone", "1111111111"), ("phone", "call me"),
        ("device_id", "00000000-0000-0000-0000-000000000000"), ("cookie", "null"), ("login", " Guest "),
        ("crm_id", "0"),
        ("loyalty_id", "N/A"),
        ("email", "test@shop.com"), ("email", "QA+checkout7@shop.com"), ("email", "test+1@gmail.com"),
        ("email", "asdf@asdf.com"), ("email", "ann@localhost.localdomain"), ("email", "ann@nowhere.invalid"),
        ("phone", "+1 555 555 5555"), ("loyalty_id", "9999999999"), ("crm_id", "#N/A"), ("login", "[object Object]"),
        ("device_id", "ffffffff-ffff-ffff-ffff-ffffffffffff"), ("device_id", "9774D56D682E549C"),
        ("ip", "::"), ("ip", "127.0.0.1"), ("ip", "::1"), ("ip", "192.168.1.7"), ("ip", "10.0.0.3"),
        ("ip", "169.254.0.9"), ("ip", "somewhere"),
        ("login", "a" * 513), ("cookie", "a\x00b"), ("login", "ann\nbob"), ("login", "caf\ufffd"),
        ("login", "half \ud800"), ("login", "[]"), ("crm_id", "{}"), ("crm_id", '{"id": null}'), ("cookie", '["a"]'),
    ],
)  # fmt: skip
def test_placeholders_are_dropped(kind: str, value: str) -> None:
    assert hash_identifier(KEY, kind, value) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "testa.rossa@shop.com"), ("email", "qanta@shop.com"), ("email", "abc@shop.com"),
        ("email", "ann@test-kitchen.com"), ("login", "a" * 512), ("login", "Zoë"), ("crm_id", "999999"),
        ("crm_id", "1"), ("device_id", "9774d56d682e549d"), ("phone", "+12125550999"),
        ("device_id", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"), ("ip", "203.0.113.9"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_placeholder_is_kept(kind: str, value: str) -> None:
    assert hash_identifier(KEY, kind, value) is not None


def test_type_and_key_are_part_of_the_hash() -> None:
    hashes = {hash_identifier(key, kind, "12345") for key in (KEY, KEY[::-1]) for kind in ("login", "loyalty_id")}
    assert len(hashes) == 4


def test_a_column_keeps_its_order_and_its_gaps() -> None:
    assert hash_distinct(KEY, "login", ["ann", None, "guest"]) == [oracle("login", "ann"), None, None]


def test_the_integer_key_is_the_first_fifteen_digits() -> None:
    assert identifier_key("00000000000000f" + "0" * 17) == 15
    assert identifier_key("f" * 32) == 16**15 - 1 < 2**63

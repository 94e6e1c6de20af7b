"""Tokens of the shop: what they vouch for, and every way in which one proves nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from intake.hashing import hash_identifier
from intake.keys import KeyProblem
from intake.project import Project
from intake.user_token import UserTokenError, mint_token, token_secret, verified_identifiers

SECRET = b"the shop's secret, long enough for HS256"
KEY = b"the key of all identifier hashes"
NOW = datetime(2018, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = ("email", "ada@shop.test")


def hashed(kind: str, value: str) -> str | None:
    return hash_identifier(KEY, kind, value)


def verified(token: str, now: datetime = NOW) -> frozenset[tuple[str, str]]:
    return verified_identifiers(SECRET, token, now, hashed)


def signed(claims: dict[str, Any], secret: bytes = SECRET, algorithm: str = "HS256") -> str:
    times = {"iat": int(NOW.timestamp()), "exp": int((NOW + HOUR).timestamp())}
    return jwt.encode({**times, **claims}, secret, algorithm=algorithm)


def test_clear_values_and_hashes_are_the_same_word() -> None:
    ada = str(hashed(*ADA))
    for value in (" ADA@shop.test ", ada):
        assert ("email", ada) in verified(mint_token(SECRET, [("email", value)], NOW, HOUR))


def test_a_token_may_name_several_identifiers() -> None:
    token = signed({"identifiers": {"email": ["ada@shop.test", "ada@work.test"], "login": "ada"}, "aud": "shop"})
    assert {kind for kind, _ in verified(token)} == {"email", "login"}
    assert len(verified(token)) == 3


def test_a_placeholder_vouches_for_nobody() -> None:
    assert verified(signed({"identifiers": {"email": "none@none.com"}})) == frozenset()


def test_time_is_the_project_s_and_the_last_second_is_out() -> None:
    token = mint_token(SECRET, [ADA], NOW, HOUR)
    assert verified(token, NOW + HOUR - timedelta(seconds=1))
    with pytest.raises(UserTokenError, match="expired at 2018-01-02T13:00:00"):
        verified(token, NOW + HOUR)
    assert verified(token, NOW - timedelta(seconds=60))
    with pytest.raises(UserTokenError, match="issued in the future"):
        verified(token, NOW - timedelta(seconds=61))


def test_a_signature_by_hand_is_accepted() -> None:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    claims = {"identifiers": {"login": "ada"}, "iat": NOW.timestamp(), "exp": (NOW + HOUR).timestamp()}
    head = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    signature = hmac.new(SECRET, head.encode(), hashlib.sha256).digest()
    token = f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert verified(token) == {("login", hashed("login", "ada"))}


def unsigned() -> str:
    return jwt.encode({"identifiers": {"email": "ada@shop.test"}, "iat": 0, "exp": 2**33}, None, algorithm="none")


def tampered() -> str:
    head, _, signature = mint_token(SECRET, [ADA], NOW, HOUR).split(".")
    other = mint_token(SECRET, [("email", "eve@shop.test")], NOW, HOUR).split(".")[1]
    return f"{head}.{other}.{signature}"


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (signed({"identifiers": {"login": "ada"}}, b"somebody else's secret, just as long"), "not signed with this"),
        (tampered(), "not signed with this"),
        (unsigned(), "not signed with HS256"),
        (signed({"identifiers": {"login": "ada"}}, SECRET * 2, "HS512"), "not signed with HS256"),
        ("nonsense", "not signed with this"),
        ("a.b.c", "not signed with this"),
        (base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.", "not signed with this"),
        (jwt.encode({"identifiers": {}, "iat": 0}, SECRET), "lacks the claim exp"),
        (jwt.encode({"identifiers": {}, "exp": 0}, SECRET), "lacks the claim iat"),
        (signed({"exp": "tomorrow", "identifiers": {}}), "exp is not a time"),
        (signed({"exp": 10**30, "identifiers": {}}), "exp is not a time"),
        (signed({"exp": float("nan"), "identifiers": {}}), "exp is not a time"),
        (signed({}), "identifiers is not an object"),
        (signed({"identifiers": ["ada@shop.test"]}), "identifiers is not an object"),
        (signed({"identifiers": {"email": 5}}), "identifiers.email holds something"),
    ],
)
def test_what_proves_nothing_is_refused_without_repeating_it(token: str, said: str) -> None:
    with pytest.raises(UserTokenError, match=said) as refused:
        verified(token)
    assert token not in str(refused.value)
    assert "shop.test" not in str(refused.value)


@pytest.mark.parametrize(("identifiers", "lifetime"), [([], HOUR), ([ADA], timedelta(0))])
def test_a_token_for_nobody_or_no_time_is_not_minted(identifiers: list[tuple[str, str]], lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="at least one, for a positive time"):
        mint_token(SECRET, identifiers, NOW, lifetime)


def test_the_secret_is_made_once_for_the_owner_alone(project: Project) -> None:
    secret = token_secret(project.paths)
    assert secret == token_secret(project.paths)
    assert stat.S_IMODE((project.paths.keys / "user_token.key").stat().st_mode) == 0o600


def test_the_secret_of_the_environment_comes_first(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_USER_TOKEN_SECRET", SECRET.decode())
    assert token_secret(project.paths) == SECRET
    monkeypatch.setenv("CONCIERGE_USER_TOKEN_SECRET", "short")
    with pytest.raises(KeyProblem, match="5 bytes; at least 32"):
        token_secret(project.paths)

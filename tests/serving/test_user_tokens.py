"""Posted events and the shop's word on who posts them."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from intake.user_token import mint_token
from tests.serving import sample
from tests.serving.service_client import config, logged, running

SECRET = b"the shop's secret, long enough for HS256"
HOUR = timedelta(hours=1)
HEADER = "X-Concierge-User-Token"
ANN = {"type": "email", "value": "ann@shop.test"}
BOB = {"type": "email", "value": "bob@shop.test"}
COOKIE = {"type": "cookie", "value": "ck-1"}


def token(*identifiers: dict[str, str], secret: bytes = SECRET, lifetime: timedelta = HOUR) -> str:
    return mint_token(secret, [(i["type"], i["value"]) for i in identifiers], sample.NOW, lifetime)


def view(*identifiers: dict[str, str], **fields: Any) -> dict[str, Any]:
    return {"event_type": "page_viewed", "page_type": "home", "identifiers": list(identifiers), **fields}


def post(
    root: Path, *events: dict[str, Any], secret: bytes | None = SECRET, header: str | None = None
) -> httpx.Response:
    async def run() -> httpx.Response:
        async with running(config(root, user_token_secret=secret)) as client:
            given = {HEADER: header} if header else {}
            return await client.post("/v1/events", json={"events": list(events)}, headers=given)

    return asyncio.run(run())


def verified(root: Path) -> list[bool]:
    return ["identity_verified" in line["properties"] for line in logged(root, "events")]


def test_an_event_without_a_token_is_accepted_unverified(tmp_path: Path) -> None:
    assert post(tmp_path, view(ANN)).status_code == 202
    assert verified(tmp_path) == [False]


def test_a_caller_s_own_word_is_dropped(tmp_path: Path) -> None:
    said = {"identity_verified": True, "colour": "red"}
    assert post(tmp_path, view(ANN, properties=said)).status_code == 202
    (line,) = logged(tmp_path, "events")
    assert line["properties"] == {"colour": "red"}


def test_the_shop_s_word_is_written_and_the_token_is_not(tmp_path: Path) -> None:
    signed = token(ANN)
    assert post(tmp_path, view(ANN, COOKIE, user_token=signed), view(BOB)).status_code == 202
    lines = logged(tmp_path, "events")
    assert [line["properties"] for line in lines] == [{"identity_verified": True}, {}]
    assert all("user_token" not in line and signed not in str(line) for line in lines)


def test_the_header_speaks_for_the_events_without_a_token_of_their_own(tmp_path: Path) -> None:
    answer = post(tmp_path, view(ANN), view(COOKIE), view(BOB, user_token=token(BOB)), header=token(ANN))
    assert answer.status_code == 202
    assert verified(tmp_path) == [True, False, True]


def test_the_same_event_has_the_same_id_verified_or_not(tmp_path: Path) -> None:
    ids = [post(tmp_path, view(ANN, **extra)).json()["event_ids"] for extra in ({}, {"user_token": token(ANN)})]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (token(ANN, secret=b"somebody else's secret, just as long"), "not signed with this project's secret"),
        (jwt.encode({"identifiers": {"email": ANN["value"]}, "iat": 0, "exp": 2**33}, None, "none"), "with HS256"),
        (mint_token(SECRET, [("email", ANN["value"])], sample.NOW - HOUR, HOUR), "expired at 2018-01-02T15:30:00"),
        (token(BOB), r"does not vouch for events\[1\].identifiers: email"),
        (token(COOKIE), r"does not vouch for events\[1\].identifiers: email"),
    ],
)
@pytest.mark.parametrize("where", ["field", "header"])
def test_a_bad_token_refuses_the_whole_batch(tmp_path: Path, given: str, said: str, where: str) -> None:
    if where == "field":
        answer = post(tmp_path, view(COOKIE), view(ANN, user_token=given))
    else:
        answer = post(tmp_path, view(COOKIE, user_token=token(BOB)), view(ANN), header=given)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "bad_user_token"
    assert error["field"] == ("events[1].user_token" if where == "field" else HEADER)
    assert re.search(said, error["message"])
    assert given not in answer.text
    assert "shop.test" not in answer.text
    assert logged(tmp_path, "events") == []


def test_all_that_is_said_of_the_person_must_be_vouched_for(tmp_path: Path) -> None:
    login = {"type": "login", "value": "ann"}
    answer = post(tmp_path, view(ANN, login, user_token=token(ANN)))
    assert answer.json()["error"]["message"].endswith("events[0].identifiers: login.")
    assert post(tmp_path, view(ANN, login, user_token=token(ANN, login))).status_code == 202


def test_a_token_of_the_wrong_kind_is_not_repeated(tmp_path: Path) -> None:
    answer = post(tmp_path, view(ANN, user_token="secret" * 2_000))
    assert answer.status_code == 422
    assert "secret" not in answer.text.replace("user_token", "")


def test_without_a_secret_no_token_is_accepted(tmp_path: Path) -> None:
    answer = post(tmp_path, view(ANN, user_token=token(ANN)), secret=None)
    assert answer.json()["error"]["field"] == "events[0].user_token"

"""Who may ask what over HTTP, and what they are told: scopes, browsers, limits, guesses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.user_token import mint_token
from serving.access.key_file import KeyFile
from serving.access.limits import Limit, Limits
from serving.http.operations import OPERATIONS
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, logged, running, until

ANN, COOKIE = {"type": "loyalty_id", "value": "ann"}, {"type": "cookie", "value": "k1"}
SHOP = {"origin": "https://shop.example"}
SECRET = b"the shop's secret, long enough for HS256"
HERO = {"placements": ["home_hero"], "identifiers": [ANN]}
Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def play(scenario: Scenario, root: Path, **changes: Any) -> None:
    async def run() -> None:
        async with running(config(root, key_file=KeyFile(root / "keys"), **changes)) as client:
            await scenario(client)

    asyncio.run(run())


def made(root: Path, name: str, *scopes: str, **more: Any) -> dict[str, str]:
    _, secret = KeyFile(root / "keys").create(name, scopes, sample.NOW, **more)
    return {"authorization": f"Bearer {secret}"}


def web(root: Path) -> dict[str, str]:
    return made(root, "web", browser=True, origins=["https://shop.example"]) | SHOP


async def call(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> int:
    path = path.replace("{placement}", "home_hero").replace("{segment}", "plain")
    path = path.replace("{personalization_id}", "0" * 32)
    return (
        await client.request(method, path, headers=headers, content=b"{}" if method == "POST" else None)
    ).status_code


def test_each_operation_opens_to_its_scope_alone(root: Path) -> None:
    keys = {scope: made(root, scope, scope) for scope in ("read", "ingest", "decide", "admin")}

    async def scenario(client: httpx.AsyncClient) -> None:
        for operation in OPERATIONS:
            assert operation.scope is not None or operation.path in ("/healthz", "/readyz")
            for scope, headers in keys.items():
                refused = await call(client, operation.method, operation.path, headers) == 403
                assert refused is (operation.scope not in (None, scope)), (operation.path, scope)
            nobody = await call(client, operation.method, operation.path, {})
            assert (nobody == 401) is (operation.scope is not None), operation.path

    play(scenario, root)


def test_a_browser_may_do_what_is_marked_so_from_its_origin(root: Path) -> None:
    headers = web(root)

    async def scenario(client: httpx.AsyncClient) -> None:
        for operation in OPERATIONS:
            if operation.scope is not None:
                refused = await call(client, operation.method, operation.path, headers) == 403
                assert refused is not operation.for_browsers, operation.path
                elsewhere = headers | {"origin": "https://evil.example"}
                assert await call(client, operation.method, operation.path, elsewhere) == 403
        del headers["origin"]
        assert await call(client, "POST", "/v1/decide", headers) == 403

    play(scenario, root)


def test_a_browser_decides_for_its_own_cookie_and_is_told_little(root: Path) -> None:
    headers = web(root)

    async def scenario(client: httpx.AsyncClient) -> None:
        for named in ([ANN], [ANN, {"type": "email", "value": "ann@shop.test"}], [COOKIE, ANN]):
            body = {"placements": ["home_hero"], "identifiers": named, "context": {"channel": "web"}}
            answer = await client.post("/v1/decide", json=body, headers=headers)
            (decision,) = answer.json()["decisions"]
            assert set(answer.json()) == {"decisions"}
            assert set(decision) == {"placement", "content", "personalization_id"}
        events = [{"event_type": "page_viewed", "identifiers": [ANN, COOKIE]}]
        assert (await client.post("/v1/events", json={"events": events}, headers=headers)).status_code == 202
        word = {"identifiers": [ANN], "purpose": "analytics", "granted": False}
        assert (await client.post("/v1/consent", json=word, headers=headers)).json()["error"]["code"] == "nobody"
        shown = [{"personalization_id": decision["personalization_id"], "identifiers": [ANN, COOKIE]}]
        assert (await client.post("/v1/exposures", json={"exposures": shown}, headers=headers)).status_code == 202

    play(scenario, root)
    named = [[pair["type"] for pair in line["identifiers"]] for line in logged(root, "decisions")]
    assert named == [[], [], ["cookie"]]
    assert [line["properties"]["rung"] for line in logged(root, "decisions")] == ["popular", "popular", "segment"]
    for kind in ("events", "exposures"):
        assert [pair["type"] for line in logged(root, kind) for pair in line["identifiers"]] == ["cookie"]


def test_a_user_token_lets_a_browser_speak_for_whom_it_covers(root: Path) -> None:
    headers = web(root)
    token = mint_token(SECRET, [("loyalty_id", sample.value_hash("loyalty_id", "ann"))], sample.NOW, timedelta(hours=1))

    async def scenario(client: httpx.AsyncClient) -> None:
        for more, given in (({"user_token": token}, {}), ({}, {"x-concierge-user-token": token})):
            answer = await client.post("/v1/decide", json=HERO | more, headers=headers | given)
            assert answer.status_code == 200
        bob = HERO | {"identifiers": [{"type": "loyalty_id", "value": "bob"}], "user_token": token}
        forged = HERO | {"user_token": token[:-3] + "abc"}
        for body in (bob, forged):
            answer = await client.post("/v1/decide", json=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_user_token")

    play(scenario, root, user_token_secret=SECRET)
    assert [line["properties"]["segment_id"] for line in logged(root, "decisions")] == [0, 0]


def test_keys_come_and_go_while_the_service_runs(root: Path) -> None:
    keys = KeyFile(root / "keys")

    async def scenario(client: httpx.AsyncClient) -> None:
        async def status(headers: dict[str, str]) -> int:
            return (await client.post("/v1/decide", json=HERO, headers=headers)).status_code

        async def are(*wanted: tuple[dict[str, str], int]) -> None:
            async def holds() -> bool:
                return [await status(headers) for headers, _ in wanted] == [code for _, code in wanted]

            await until(holds)

        assert await status({}) == 200
        old = made(root, "shop", "decide")
        await are(({}, 401), (old, 200))
        _, secret = keys.rotate("shop", sample.NOW, timedelta(0))
        await are((old, 401), ({"authorization": f"Bearer {secret}"}, 200))
        keys.revoke("shop", sample.NOW)
        await are(({}, 401), ({"authorization": f"Bearer {secret}"}, 401))

    play(scenario, root)


def test_what_the_file_says_of_a_key_holds_from_then_on(root: Path) -> None:
    """A key that turns out to be in a page is marked as a browser's by hand."""
    file = KeyFile(root / "keys").path

    async def scenario(client: httpx.AsyncClient) -> None:
        async def is_told_why() -> bool:
            answer = await client.post("/v1/decide", json=HERO, headers=shop)
            return "eligible" in answer.json()["decisions"][0]

        async def is_told_little() -> bool:
            return not await is_told_why()

        assert await is_told_why()
        draft = file.with_name("draft")
        draft.write_text(json.dumps([key | {"browser": True} for key in json.loads(file.read_text())]))
        draft.replace(file)
        await until(is_told_little)

    shop = made(root, "shop", "decide")
    play(scenario, root)


def test_above_its_limit_a_key_waits_and_others_do_not(root: Path) -> None:
    slow, other = made(root, "slow", "decide", per_second=0.5, burst=3), made(root, "other", "decide")

    async def scenario(client: httpx.AsyncClient) -> None:
        answers = [await client.post("/v1/decide", json=HERO, headers=slow) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["retry-after"] == "2"
        assert answers[-1].json()["error"]["bound"] == "0.5 a second, 3 at once"
        assert (await client.post("/v1/decide", json=HERO, headers=other)).status_code == 200

    play(scenario, root)


def test_one_visitor_does_not_use_up_what_a_browser_s_key_has(root: Path) -> None:
    headers = web(root)

    async def scenario(client: httpx.AsyncClient) -> None:
        answers = [await client.post("/v1/decide", json=HERO, headers=headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 429]

    play(scenario, root, limits=Limits(Limit(1_000, 1_000), Limit(0.01, 2)))


def test_guessing_is_slowed_even_for_the_guess_that_would_be_right(root: Path) -> None:
    known, unknown = made(root, "known", "decide"), made(root, "unknown", "decide")

    async def scenario(client: httpx.AsyncClient) -> None:
        async def status(headers: dict[str, str]) -> int:
            return (await client.post("/v1/decide", json=HERO, headers=headers)).status_code

        assert await status(known) == 200
        guesses = [await status({"authorization": f"Bearer guess-{number}"}) for number in range(30)]
        assert guesses == [401] * 20 + [429] * 10
        in_body = {"userId": "u", "event": "Hi", "writeKey": "guess"}
        assert (await client.post("/v1/track", json=in_body)).status_code == 429
        assert (await status(known), await status(unknown)) == (200, 429)
        assert await status({}) == 401

    play(scenario, root)


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::1", ""])
def test_without_keys_only_this_machine_is_served(root: Path, address: str) -> None:
    async def scenario(_: httpx.AsyncClient) -> None:
        from serving.app import create_app

        app = create_app(config(root, worker="far"))
        transport = httpx.ASGITransport(app=app, client=(address, 5))
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as far:
            answer = await far.post("/v1/decide", json=HERO)
            assert answer.status_code == 401
            assert "concierge api-keys create" in answer.json()["detail"]
            assert (await far.get("/healthz")).status_code == 200

    play(scenario, root)


def test_a_page_of_another_origin_may_not_pause_a_shop_without_keys(root: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        body = {"scope": "all"}
        for origin, status in (("https://evil.example", 403), ("null", 403), ("http://localhost:3000", 503)):
            answer = await client.post("/v1/admin/pause", json=body, headers={"origin": origin})
            assert answer.status_code == status
        # A page whose own name was made to point to this machine may read what it is answered, so it is told nothing.
        who = {"identifiers": [{"type": "loyalty_id", "value": "ann"}]}
        for path, asked in (("/v1/profiles/lookup", who), ("/v1/features", who), ("/v1/decide", HERO)):
            for origin, status in (("http://evil.example:8765", 403), ("http://127.0.0.1:8765", 200)):
                answer = await client.post(path, json=asked, headers={"origin": origin})
                assert answer.status_code == status

    play(scenario, root)


def test_a_head_with_two_keys_is_not_believed(root: Path) -> None:
    key = made(root, "shop", "decide")["authorization"]

    async def scenario(client: httpx.AsyncClient) -> None:
        headers = [("authorization", key), ("authorization", key)]
        assert (await client.post("/v1/decide", json=HERO, headers=headers)).status_code == 401

    play(scenario, root)

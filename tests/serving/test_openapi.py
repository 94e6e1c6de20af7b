"""The OpenAPI document and the docs page say what the service does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, get_args

import httpx
import jsonschema
import pytest

from intake.event import EVENT_FIELDS, IDENTIFIER_TYPES
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from serving.http.messages import Event, IdentifierType
from serving.http.openapi import openapi_document
from serving.http.operations import OPERATIONS
from serving.http.segment_call import TYPES
from serving.rungs import DESCRIPTIONS, Rung
from serving.snapshot import pointer
from serving.variables import SENSITIVE, VARIABLES
from tests.serving import sample
from tests.serving.service_client import config, running, until

DOCS = Path(__file__).resolve().parents[2] / "docs" / "serving.md"


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def schema(name: str) -> dict[str, Any]:
    document = openapi_document()
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


def test_every_reference_resolves() -> None:
    document = openapi_document()
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= names
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {operation.path for operation in OPERATIONS}
    for component in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(component)


ANN = [{"type": "loyalty_id", "value": "ann"}]
CALL = {"userId": "u7", "event": "Product Viewed", "groupId": "g1", "previousId": "k1"}
# What each operation is asked, in this order; {id} is a decision of the first answer.
ASKED: dict[tuple[str, str], Any] = {
    ("POST", "/v1/decide"): {"placements": ["home_hero", "checkout_incentive"], "identifiers": ANN},
    ("POST", "/v1/decide/batch"): {"people": [{"identifiers": ANN}], "placements": ["home_hero"]},
    ("GET", "/v1/placements/{placement}/{segment}"): None,
    ("POST", "/v1/profiles/lookup"): {"identifiers": ANN},
    ("POST", "/v1/features"): {"identifiers": ANN},
    ("POST", "/v1/events"): {"events": [{"event_type": "page_viewed"}]},
    ("POST", "/v1/consent"): {"identifiers": ANN, "purpose": "personalization", "granted": False},
    ("POST", "/v1/exposures"): {"exposures": [{"personalization_id": "{id}"}]},
    **{("POST", f"/v1/{kind}"): CALL for kind in TYPES},
    ("POST", "/v1/batch"): {"batch": [CALL | {"type": "track"}]},
    ("POST", "/v1/admin/pause"): {"scope": "home_hero", "reason": "tests"},
    ("GET", "/v1/admin/pauses"): None,
    ("POST", "/v1/admin/resume"): {"scope": "home_hero", "reason": "tests"},
    ("POST", "/v1/admin/reload"): None,
    ("GET", "/v1/decisions/{personalization_id}"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
}


def test_real_answers_fit_their_schema(tmp_path: Path) -> None:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    operations = {(operation.method, operation.path): operation for operation in OPERATIONS}
    assert set(ASKED) == set(operations)

    async def scenario() -> None:
        changes: dict[str, Any] = {"overlay": tmp_path / "runtime", "overlay_megabytes": 16}
        changes["ops"] = OpsStore(DataPaths(tmp_path))
        async with running(config(tmp_path, **changes)) as client:
            decided = ""

            async def is_logged() -> bool:
                return (await client.get(f"/v1/decisions/{decided}")).status_code == 200

            for (method, path), body in ASKED.items():
                named = path.format(placement="home_hero", segment="popular", personalization_id=decided)
                content = None if body is None else json.dumps(body).replace("{id}", decided)
                answer = await client.request(method, named, content=content, headers={"authorization": "Bearer k"})
                operation = operations[method, path]
                assert answer.status_code == operation.status, (path, answer.text)
                assert answer.headers["content-type"].startswith(operation.media_type)
                jsonschema.validate(answer.json(), schema(operation.answer.__name__))
                if not decided:
                    decided = answer.json()["decisions"][0]["personalization_id"]
                    await until(is_logged)
            refusal = await client.post("/v1/decide", json={"placements": ["nowhere"]})
            jsonschema.validate(refusal.json(), schema("Refusal"))
            await check_pages(client)

    asyncio.run(scenario())


async def check_pages(client: httpx.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == openapi_document()
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for operation in OPERATIONS:
        assert operation.path in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert "{{" not in page.text


def test_vocabularies_agree_with_intake() -> None:
    assert get_args(IdentifierType) == IDENTIFIER_TYPES
    own = set(Event.__struct_fields__)
    assert own == set(EVENT_FIELDS) - {"received_at", "source", "is_simulated", "loaded_at"} | {"user_token"}


def test_the_header_of_the_shop_s_token_is_documented() -> None:
    (header,) = openapi_document()["paths"]["/v1/events"]["post"]["parameters"]
    assert (header["name"], header["in"]) == ("X-Concierge-User-Token", "header")


def test_every_rung_is_documented() -> None:
    assert set(DESCRIPTIONS) == set(Rung)


@pytest.mark.parametrize(
    "row",
    [f"| `{o.method} {o.path}` |" for o in OPERATIONS]
    + [f"| `{rung.value}` | {text} |" for rung, text in DESCRIPTIONS.items()]
    + [f"| `{v.name}` | {v.kind} | {v.scope} | {v.description} |" for v in VARIABLES.values()]
    + [f"`{name}`" for name in sorted(SENSITIVE)],
)
def test_the_reference_has_every_endpoint_rung_and_variable(row: str) -> None:
    assert row in DOCS.read_text()

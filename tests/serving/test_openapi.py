"""The OpenAPI document and the docs page say what the service does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, get_args

import httpx
import jsonschema
import pytest

from intake.event import EVENT_FIELDS, IDENTIFIER_TYPES
from serving.http.messages import Event, IdentifierType
from serving.http.openapi import openapi_document
from serving.http.operations import OPERATIONS
from serving.rungs import DESCRIPTIONS, Rung
from serving.snapshot import pointer
from serving.variables import SENSITIVE, VARIABLES
from tests.serving import sample
from tests.serving.service_client import config, running

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


def test_real_answers_fit_their_schema(tmp_path: Path) -> None:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    ann = [{"type": "loyalty_id", "value": "ann"}]
    calls = [
        ("/v1/decide", {"placements": ["home_hero", "checkout_incentive"], "identifiers": ann}, "DecideAnswer"),
        ("/v1/decide", {"placements": ["nowhere"]}, "Refusal"),
        ("/v1/profiles/lookup", {"identifiers": ann}, "LookupAnswer"),
        ("/v1/events", {"events": [{"event_type": "page_viewed"}]}, "Accepted"),
    ]

    async def scenario() -> None:
        async with running(config(tmp_path)) as client:
            for path, body, name in calls:
                response = await client.post(path, json=body)
                jsonschema.validate(response.json(), schema(name))
            jsonschema.validate((await client.get("/readyz")).json(), schema("Readiness"))
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

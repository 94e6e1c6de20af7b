"""The OpenAPI 3.1 document and its page, generated from the operations and their messages."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from serving.http.messages import Refusal
from serving.http.operations import OPERATIONS, Operation
from serving.http.problems import PROBLEM_TYPE, json_response
from serving.log.lookup import PERSONALIZATION_ID

_REASONS = {
    200: "Answered",
    202: "On disk",
    304: "As you have it",
    400: "Not JSON",
    401: "No or wrong key",
    403: "The key may not do this, or not from this origin",
    404: "Not there",
    408: "The request did not arrive in time",
    413: "Body too large",
    415: "Encoding not understood",
    422: "A field is wrong",
    429: "Asked too often; Retry-After says when again",
    503: "Not possible at the moment",
}

_IN_PATH = re.compile(r"{(\w+)}")
_PATTERNS = {
    "personalization_id": PERSONALIZATION_ID.pattern,
    "placement": "^[a-z][a-z0-9_]{0,63}$",
    "segment": "^(plain|popular|[0-9]{1,9})$",
}


@lru_cache(maxsize=1)
def openapi_document() -> dict[str, Any]:
    """The document as a JSON-able dict."""
    types: list[type[msgspec.Struct]] = [Refusal]
    for operation in OPERATIONS:
        types += [kind for kind in (operation.answer, operation.body, operation.browser_answer) if kind is not None]
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Concierge lookup service",
            "version": version("concierge"),
            "description": "Decisions, profiles, events and exposures. Identifiers go into bodies, never into URLs.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}, {"writeKey": []}, {}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer"},
                "writeKey": {"type": "http", "scheme": "basic", "description": "The key as user name, no password."},
            },
        },
    }


async def openapi(_: Request) -> Response:
    """`GET /openapi.json`."""
    return json_response(openapi_document())


async def docs(_: Request) -> Response:
    """`GET /docs`: the operations on one page, without script and without anything from elsewhere."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(_page(), headers={"content-security-policy": policy})


def _operation(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {str(operation.status): _answer(operation)}
    responses |= {str(status): {"description": _REASONS[status]} for status in operation.other_statuses}
    responses |= {str(status): _refusal(status) for status in operation.refusals}
    if operation.path == "/readyz":
        responses["503"] = {"description": _REASONS[503], "content": _content(operation.answer)}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": " ".join((operation.handler.__doc__ or "").split()),
        "responses": responses,
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _PATTERNS[name]}}
        for name in _IN_PATH.findall(operation.path)
    ]
    parameters += [
        {"name": name, "in": "header", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in operation.headers
    ]
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    parameters += [{"name": name, "in": "query", "schema": text} for name in operation.query]
    if operation.scope is not None:
        described["description"] += f" A key needs the scope `{operation.scope}`."
    else:
        described["security"] = [{}]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    return described


def _answer(operation: Operation) -> dict[str, Any]:
    content = _content(operation.answer, operation.media_type)
    if operation.browser_answer is not None:
        kinds = (operation.answer, operation.browser_answer)
        content = {operation.media_type: {"schema": {"anyOf": [_reference(kind) for kind in kinds]}}}
    return {"description": _REASONS[operation.status], "content": content}


def _refusal(status: int) -> dict[str, Any]:
    return {"description": _REASONS[status], "content": _content(Refusal, PROBLEM_TYPE)}


def _content(kind: type[msgspec.Struct], media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": _reference(kind)}}


def _reference(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


@lru_cache(maxsize=1)
def _page() -> str:
    template = files("serving.http").joinpath("docs.html").read_text(encoding="utf-8")
    document = openapi_document()
    operations = "\n".join(_section(operation) for operation in OPERATIONS)
    schemas = "\n".join(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    return template.replace("{{operations}}", operations).replace("{{schemas}}", schemas)


def _section(operation: Operation) -> str:
    body = _link("Body", operation.body) if operation.body else ""
    refusals = ", ".join(str(status) for status in operation.refusals) or "none"
    return (
        f"<article><h3><b>{operation.method}</b> <code>{operation.path}</code></h3><p>{escape(operation.summary)}.</p>"
        f"<p>{body}{_link(f'Answer {operation.status}', operation.answer)}Refusals: {refusals}</p></article>"
    )


def _link(label: str, kind: type[msgspec.Struct]) -> str:
    return f'{label}: <a href="#{kind.__name__}">{kind.__name__}</a>. '


def _schema(name: str, schema: dict[str, Any]) -> str:
    shown = escape(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())
    return f'<details id="{name}"><summary>{name}</summary><pre>{shown}</pre></details>'

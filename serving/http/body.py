"""Read a request's body within its limit and decode it, naming what is wrong."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import Any, TypeVar, cast, get_args

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from intake.purposes import Asked
from serving.http.messages import IdentifierType
from serving.http.problems import Problem, refuse

Body = TypeVar("Body")
Inflater = Any

_PLACE = re.compile(r"^(?P<what>.*) - at `\$(?P<path>.*)`$", re.DOTALL)
_STEPS = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+)\]")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")
# Whatever stands below these may be personal or secret, so it is never repeated.
_UNTOLD = ("identifiers", "properties", "query", "page_url", "referrer", "user_token")
_LONGEST_VALUE = 100
_BOUND = re.compile(r"((?:of length )?(?:[<>]=? -?[\d.e+]+)|matching regex .*)$")
# Fields that take one word of a list.
_WORDS = (
    (re.compile(r"identifiers\[\d+\]\.type$"), list(get_args(IdentifierType))),
    (re.compile(r"^\.purpose$"), list(get_args(Asked))),
)
_QUOTED = re.compile(r" '.*'$", re.DOTALL)
_ANYTHING = msgspec.json.Decoder()


async def read_body(request: Request, kind: type[Body], limit: int) -> Body:
    """The body as `kind`.

    Raises:
        Problem: 413 above `limit` bytes, 400 for what is not JSON, 422 for a wrong field.
    """
    return body_of(await whole_body(request, limit), kind, limit)


async def whole_body(request: Request, limit: int) -> bytes:
    """The body, unpacked.

    Raises:
        Problem: 413 above `limit` bytes, 415 or 400 for how it is packed.
    """
    declared, encoding = _announced(request.scope["headers"])
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    inflate = _inflater(encoding.decode("latin-1")) if encoding else None
    first = await request.receive()
    content: bytes = first.get("body", b"")
    if inflate is not None or first.get("more_body", False) or first["type"] == "http.disconnect":
        content = await _whole(request, first, inflate, limit)
    elif len(content) > limit:
        raise _too_large(limit)
    return content


def body_of(content: bytes, kind: type[Body], limit: int) -> Body:
    """What a whole body says, as `kind`.

    Raises:
        Problem: as `read_body`.
    """
    if len(content) > limit:
        raise _too_large(limit)
    try:
        body: Body = _decoded(_decoder(cast("Any", kind)), content)
    except msgspec.ValidationError as error:
        raise wrong_field(str(error), _anything(content)) from None
    return body


def _anything(content: bytes) -> Any:
    """What the body says, whatever it is, to find the wrong value in."""
    try:
        return _decoded(_ANYTHING, content)
    except msgspec.ValidationError:
        raise refuse(400, "not_json", "The body has a number that is out of range.", bound="< 1e309") from None


def _decoded(decoder: msgspec.json.Decoder[Any], content: bytes) -> Any:
    try:
        return decoder.decode(content)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(400, "not_json", "The body is not JSON in UTF-8.") from None
    except RecursionError:
        raise refuse(400, "too_deep", "The body is nested too deeply.") from None


async def _whole(request: Request, message: Message, inflate: Inflater | None, limit: int) -> bytes:
    """The body of which `message` is the first that came; most come in one piece and not packed, and not by here."""
    pieces, came, more = bytearray(), 0, True
    while more:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content, more = message.get("body", b""), message.get("more_body", False)
        came += len(content)
        if inflate is not None and came <= limit:
            content = _inflated(inflate, content, limit + 1 - len(pieces))
        pieces += content
        if max(came, len(pieces)) > limit:
            raise _too_large(limit)
        if more:
            message = await request.receive()
    if inflate is not None and not inflate.eof:
        raise _bad_gzip()
    return bytes(pieces)


def _announced(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """Length and encoding of the body by the head, each as it stands there first."""
    declared: bytes | None = None
    encoding: bytes | None = None
    for name, value in headers:
        if name == b"content-length":
            declared = value if declared is None else declared
        elif name == b"content-encoding":
            encoding = value if encoding is None else encoding
    return declared or b"", encoding or b""


def _too_large(limit: int) -> Problem:
    return refuse(413, "too_large", f"The body is larger than {limit} bytes.", field="(body)", bound=limit)


def _inflater(encoding: str) -> Inflater | None:
    if encoding.lower() in ("", "identity"):
        return None
    if encoding.lower() != "gzip":
        message = "Only gzip is understood as Content-Encoding."
        raise refuse(415, "unknown_encoding", message, field="content-encoding", value=encoding[:_LONGEST_VALUE])
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _inflated(inflate: Inflater, chunk: bytes, limit: int) -> bytes:
    """At most `limit` bytes: what a small body may blow up to is never held."""
    try:
        content: bytes = inflate.decompress(chunk, limit)
    except zlib.error:
        raise _bad_gzip() from None
    if inflate.unused_data:
        # What follows the stream, a second one too, would be held and then dropped without a word.
        raise _bad_gzip()
    return content


def _bad_gzip() -> Problem:
    return refuse(400, "not_gzip", "The body is not the one gzip stream that Content-Encoding says it is.")


@lru_cache(maxsize=16)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def wrong_field(message: str, content: Any) -> Problem:
    """The refusal of a body that is JSON but not what was asked for, from the words of msgspec."""
    match = _PLACE.match(message)
    what, path = (match["what"], match["path"]) if match else (message, "")
    unknown = _UNKNOWN.search(what)
    field = f"{path}.{unknown[1]}" if unknown else path
    details: dict[str, Any] = {"field": field.lstrip(".") or "(body)"}
    value = _value_at(content, path)
    is_told = not any(name in path for name in _UNTOLD)
    if match and unknown is None and value is not None and is_told:
        details["value"] = value
    allowed = next((words for place, words in _WORDS if place.search(path)), None)
    if allowed is not None and what.startswith("Invalid enum value"):
        details["allowed"] = allowed
    if bound := _BOUND.search(what):
        details["bound"] = bound[1].removeprefix("of ")
    return refuse(422, "wrong_field", what if is_told else _QUOTED.sub("", what), **details)


def _value_at(value: Any, path: str) -> Any:
    for name, index in _STEPS.findall(path):
        if index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif name and isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    if isinstance(value, str):
        return value[:_LONGEST_VALUE]
    return value if isinstance(value, bool | int | float) else None

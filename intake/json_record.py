"""One line of JSON as a record, also with the numbers that JSON lacks and many programs write: NaN and Infinity."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OBJECT = msgspec.json.Decoder(dict[str, Any])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_NO_NUMBER = re.compile(rb"\b(?:NaN|Infinity)\b")


def record_of(content: bytes) -> dict[str, Any]:
    """The object that a line is; NaN is read as a number that is none, Infinity as one that no amount can be.

    Raises:
        ValueError: it is no object, or no text.
        RecursionError: it is nested too deeply.
    """
    try:
        return OBJECT.decode(content)
    except (msgspec.DecodeError, ValueError) as error:
        if not _NO_NUMBER.search(content):
            raise ValueError(str(error)) from error
    record = json.loads(content)
    if not isinstance(record, dict):
        raise ValueError("no object")
    # Half of a surrogate pair is no text; the strict decoder would have refused it.
    json.dumps(record, ensure_ascii=False).encode()
    return record


def objects_in(line: bytes) -> list[bytes]:
    """The objects of a line that is an array of them, as webhooks post them, each as a line; else the line itself."""
    if line.lstrip()[:1] != b"[":
        return [line]
    try:
        elements = [bytes(element).strip() for element in _ARRAY.decode(line)]
    except (msgspec.DecodeError, ValueError):
        return [line]
    sound = elements and all(element[:1] == b"{" for element in elements)
    return [element + b"\n" for element in elements] if sound else [line]

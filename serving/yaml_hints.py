"""What a mistake in a YAML file is called, and what would mend it."""

from __future__ import annotations

import re
import types
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

Location = tuple[int | str, ...]

_EXPRESSION = 'an expression with !, : or # stands in quotes: when: "!known_hour"'
MOMENT = "write a moment with its time zone: 2018-01-31T18:00:00+01:00"
_NUMBERS = frozenset({"float_parsing", "float_type"})
_WHOLE_NUMBERS = frozenset({"int_parsing", "int_type", "int_from_float"})
_LONGEST = 100
_MOMENTS = frozenset({"timezone_aware", "datetime_parsing", "datetime_from_date_parsing", "datetime_type"})


def readable(model: type[BaseModel], found: Any) -> tuple[Location, Location, str]:
    """A mistake as (place, field, message): an unknown field is shown where it stands, under what it stands in."""
    location: Location = tuple(found["loc"])
    if found["type"] in ("extra_forbidden", "unknown_field"):
        return location, location[:-1], _unknown_field(model, location)
    shown = "" if isinstance(found["input"], dict | list) else f" (got {_short(found['input'])})"
    if found["type"] == "missing":
        return location, location, "Field required"
    if found["type"] == "value_error":
        return _own_words(model, location, str(found["ctx"]["error"]))
    hint = _hint(found)
    return location, location, f"{found['msg']}{shown}{f'; {hint}' if hint else ''}"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _own_words(model: type[BaseModel], location: Location, message: str) -> tuple[Location, Location, str]:
    """A check of several fields begins with the one it is about, which is where the mistake is shown."""
    name, _, said = message.partition(": ")
    owner = model if not location else model_at(model, location)
    if owner is None or not said or name.split(".")[0] not in owner.model_fields:
        return location, location, message
    field = (*location, *(int(part) if part.isdigit() else part for part in name.split(".")))
    return field, field, said


def readable_yaml(error: yaml.YAMLError, text: str, line: int) -> str:
    """Why a text is no YAML, and what to try."""
    problem = str(getattr(error, "problem", None) or error).partition("\n")[0]
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in problem or "\t" in shown[: len(shown) - len(shown.lstrip())]:
        return f"{problem}; indent with blanks, never with tabs"
    if "could not determine a constructor" in problem or "mapping values are not allowed" in problem:
        return f"{problem}; {_EXPRESSION}"
    if "expected <block end>" in problem or "could not find expected ':'" in problem:
        return f"{problem}; check that the line begins in the same column as its neighbours and quotes are closed"
    if "expected ',' or" in problem or "cannot start any token" in problem:
        return f"{problem}; put a text with ? , : # % @ or brackets in quotes"
    if "special characters" in problem or "unacceptable character" in problem:
        return f"{problem}; retype the line without special characters"
    return problem


def _unknown_field(model: type[BaseModel], location: Location) -> str:
    owner = model_at(model, location[:-1]) or model
    name = str(location[-1])
    near = get_close_matches(name, owner.model_fields, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown field {name}; allowed: {', '.join(owner.model_fields)}{hint}"


def model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The section that stands at a place of a file; None where fields are free."""
    current: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int):
            continue
        field = None if current is None else current.model_fields.get(part)
        current = None if field is None else _model_in(field.annotation)
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Annotated, Union, types.UnionType, dict, tuple):
        found = (_model_in(part) for part in get_args(annotation))
        return next((model for model in found if model is not None), None)
    return None


def _hint(found: Any) -> str:
    kind, value = found["type"], found["input"]
    if kind == "literal_error" and isinstance(value, str):
        allowed = re.findall(r"'([^']+)'", str(found["ctx"]["expected"]))
        near = get_close_matches(value.lower(), allowed, n=1, cutoff=0.5)
        return f"did you mean {near[0]!r}?" if near else ""
    if kind in _NUMBERS:
        return _number_hint(value)
    if kind in _MOMENTS:
        return MOMENT
    if kind in _WHOLE_NUMBERS:
        return "write a whole number: 6"
    return _shape_hint(kind, value)


def _number_hint(value: Any) -> str:
    if isinstance(value, str) and value.strip().endswith("%"):
        return "write a share as a number: 10 % is 0.10"
    return "write a number with a point and without a currency: 4.95"


def _shape_hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, bool):
        return "yes, no, on and off are truth values in YAML: put the word in quotes"
    if kind == "string_type" and isinstance(value, int | float):
        return "put a number that is meant as a text in quotes"
    if kind == "list_type":
        return f"write a list: [{value}]" if isinstance(value, str | int | float) else "write a list: - name: …"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return "write fields below it, one a line: name: value"
    if kind == "string_pattern_mismatch":
        return "a name has small letters, digits and _, and begins with a letter: spring_sale"
    return ""

"""Finds every mistake in a contract, with its line and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from intake.contract import SourceContract
from intake.event import MAPPABLE_FIELDS, EventType


@dataclass(frozen=True)
class Mistake:
    """One mistake; `line` counts from 1."""

    file: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.message}"


def mistakes_in(file: Path, vocabulary: Mapping[str, EventType]) -> list[Mistake]:
    """Every mistake of a contract, in order of lines; none when it can be used.

    Args:
        vocabulary: the event types that the project knows.

    Raises:
        OSError: the file cannot be read.
    """
    text = file.read_text(encoding="utf-8", errors="replace")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return [Mistake(file, line, "YAML", f"{error.problem or 'not readable'} {error.context or ''}".strip())]
    except yaml.YAMLError as error:
        return [Mistake(file, 1, "YAML", " ".join(str(error).split()))]
    if not isinstance(content, dict) or tree is None:
        return [Mistake(file, 1, "contract", "must be a mapping: name: …, kind: …, format: …")]
    found = [Mistake(file, line, name, "stands here twice; the later one would win") for line, name in _twice(tree)]
    try:
        contract = SourceContract.model_validate(content)
    except ValidationError as error:
        found += _of_model(file, tree, error)
    else:
        found += [
            Mistake(file, _line(tree, path), ".".join(path), text) for path, text in _of_words(contract, vocabulary)
        ]
    found += _odd_columns(file, tree, content.get("columns"))
    if content.get("name") not in (None, file.stem):
        found.append(
            Mistake(
                file, _line(tree, ("name",)), "name", f"must be the file's name {file.stem!r} (got {content['name']!r})"
            )
        )
    return sorted(found, key=lambda mistake: mistake.line)


def _of_model(file: Path, tree: yaml.Node, error: ValidationError) -> list[Mistake]:
    found: dict[tuple[int, str], Mistake] = {}
    # Of a part that may be a list or a mapping, the form that was not meant complains as well.
    meant = [entry for entry in error.errors() if entry["type"] not in ("tuple_type", "dict_type")]
    for entry in meant or error.errors():
        path = tuple(str(part) for part in entry["loc"])
        known = [
            part for part in path if not part.startswith(("function-", "literal[", "tuple[", "dict[", "bool", "float"))
        ]
        line, field = _line(tree, known), ".".join(known) or "contract"
        message = entry["msg"].removeprefix("Value error, ")
        if entry["type"] == "extra_forbidden":
            message = _unknown_field(known)
        elif entry["type"] != "missing":
            message += f" (got {str(entry['input'])[:80]!r})" if not isinstance(entry["input"], dict) else ""
        found.setdefault((line, field), Mistake(file, line, field, message))
    return list(found.values())


def _odd_columns(file: Path, tree: yaml.Node, columns: object) -> list[Mistake]:
    """Every name under `columns` that is no event field; the model names the first."""
    odd = sorted(set(columns) - MAPPABLE_FIELDS) if isinstance(columns, dict) else []
    known = sorted(MAPPABLE_FIELDS)
    return [
        Mistake(
            file, _line(tree, ("columns", str(name))), f"columns.{name}", f"no event field; {_likely(str(name), known)}"
        )
        for name in odd
    ]


def _unknown_field(path: Sequence[str]) -> str:
    fields = _fields_beside(path)
    likely = get_close_matches(path[-1], fields, n=3, cutoff=0.5)
    return f"no such field; {'did you mean ' + ' or '.join(likely) if likely else 'there are: ' + ', '.join(fields)}"


def _fields_beside(path: Sequence[str]) -> list[str]:
    model: type[BaseModel] = SourceContract
    for part in path[:-1]:
        field = model.model_fields.get(part)
        if field is None:
            continue
        inner = list(_models(field.annotation))
        model = inner[0] if inner else model
    return sorted(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def _of_words(contract: SourceContract, vocabulary: Mapping[str, EventType]) -> list[tuple[tuple[str, ...], str]]:
    """Event types that the project does not know; rows of theirs would all be quarantined."""
    term = contract.event_type
    named: list[tuple[tuple[str, ...], str]] = []
    named += [(("event_type",), str(term.value))] if term.value is not None else []
    named += [(("event_type", "map", word), kind) for word, kind in (term.map or {}).items() if kind]
    named += [(("event_type", "rules", str(n), "value"), str(rule.value)) for n, rule in enumerate(term.rules or ())]
    named += [(("event_type", "default"), term.default)] if term.default else []
    return [
        (path, f"{kind!r} is not in event_types.yml; {_likely(kind, sorted(vocabulary))}")
        for path, kind in named
        if kind not in vocabulary
    ]


def _likely(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=3, cutoff=0.4)
    return f"did you mean {' or '.join(close)}?" if close else f"one of: {', '.join(known)}"


def _line(tree: yaml.Node, path: Sequence[str]) -> int:
    node, line = tree, tree.start_mark.line
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line
    return line + 1


def _twice(node: yaml.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, str(key.value)
            seen.add(str(key.value))
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)

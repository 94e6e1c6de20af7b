"""What YAML makes of a text without a word, and files that stand for more than they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import yaml
from pydantic import AwareDatetime, BaseModel

from serving.yaml_hints import MOMENT, Location, model_at

MOST_NODES: Final = 1_000_000
"""Values of one file, those that an anchor repeats counted each time; ten thousand actions have a fifth of it."""
MOST_DEPTH: Final = 100
# Larger whole numbers are others in a browser.
_MOST_WHOLE: Final = 2**53
_TAG: Final = "tag:yaml.org,2002:"
_FOREIGN: Final = frozenset(_TAG + kind for kind in ("binary", "set", "omap", "pairs"))
_FREE: Final = "content"
_QUOTED: Final = "put it in quotes where it is meant as a text"


class UnreadableError(ValueError):
    """A file that nests, repeats or contains itself beyond what can be read, or has what no JSON has; at `line`."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def refuse_unreadable(root: yaml.Node) -> None:
    """Aliases let a page of text stand for millions of values, or for itself.

    Raises:
        UnreadableError: deeper than 100, larger than a million values, an anchor within itself, or a set.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    todo = [(root, 1, False)]
    while todo:
        node, depth, is_done = todo.pop()
        line, key = node.start_mark.line + 1, id(node)
        if is_done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in _children(node))
            if sizes[key] > MOST_NODES:
                raise UnreadableError(f"stands for more than {MOST_NODES:,} values", line)
        elif key in open_nodes:
            raise UnreadableError("an anchor contains itself", line)
        elif depth > MOST_DEPTH:
            raise UnreadableError(f"nested more than {MOST_DEPTH} deep", line)
        elif node.tag in _FOREIGN:
            kind = node.tag.replace(_TAG, "!!")
            raise UnreadableError(f"{kind} is no value here; allowed: text, number, true, false, list, fields", line)
        elif key not in sizes:
            open_nodes.add(key)
            todo.append((node, depth, True))
            todo += [(child, depth + 1, False) for child in _children(node)]


def misread(root: yaml.Node, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    """Each value that is not what its author wrote: 20:30 is 1230 to YAML, 010 is 8, and NO in a content is false."""
    for location, node in scalars(root):
        told = _trap(node, location) or _wrong_kind(node, model, location)
        if told:
            yield location, told


def scalars(node: yaml.Node, location: Location = ()) -> Iterator[tuple[Location, yaml.ScalarNode]]:
    """Every value of a file with its place."""
    if isinstance(node, yaml.ScalarNode):
        yield location, node
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from scalars(item, (*location, index))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = location if key.tag == f"{_TAG}merge" else (*location, str(key.value))
            yield from scalars(value, inner)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _trap(node: yaml.ScalarNode, location: Location) -> str:
    text, kind = node.value, node.tag.removeprefix(_TAG)
    if kind == "int" and not node.style:
        return _whole(text)
    if kind == "float" and ":" in text:
        return f"{text} is read as a number of sixtieths; {_QUOTED}"
    if _FREE in location and kind == "float" and text.lower().strip("+-") in (".nan", ".inf"):
        return f"{text} is no number that a page can read"
    if _FREE in location and kind == "bool" and text.lower() not in ("true", "false"):
        return f"{text} is a truth value in YAML; write true or false, or {_QUOTED}"
    if kind == "str" and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "half of a letter (\\ud800 to \\udfff), which no page can show; write the letter itself"
    return ""


def _whole(text: str) -> str:
    value = yaml.SafeLoader.construct_yaml_int(yaml.SafeLoader(""), yaml.ScalarNode(f"{_TAG}int", text))
    if text.replace("_", "").removeprefix("+") != str(value):
        return f"{text} is read as the number {value}; {_QUOTED}"
    return f"{text} is larger than a page can read as a number; {_QUOTED}" if abs(value) > _MOST_WHOLE else ""


def _wrong_kind(node: yaml.ScalarNode, model: type[BaseModel], location: Location) -> str:
    """A truth value is no number, and a number no moment, though either can be taken for it."""
    owner = model_at(model, location[:-1]) if location and isinstance(location[-1], str) else None
    field = None if owner is None else owner.model_fields.get(str(location[-1]))
    if field is None:
        return ""
    kinds = set(_kinds(field.annotation))
    if node.tag == f"{_TAG}bool" and kinds & {int, float} and bool not in kinds:
        return f"{node.value} is a truth value, and this is a number"
    is_moment = AwareDatetime in (field.annotation, *get_args(field.annotation))
    return f"{node.value} is a number, and this is a moment; {MOMENT}" if is_moment and _is_number(node) else ""


def _is_number(node: yaml.ScalarNode) -> bool:
    return bool(re.fullmatch(r"[+-]?[\d_]*\.?[\d_]+", node.value.strip()))


def _kinds(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Annotated, Union, UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield annotation

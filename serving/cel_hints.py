"""What is wrong with an expression, in words that mend it."""

from __future__ import annotations

import re
from difflib import get_close_matches

from serving.variables import VARIABLES

STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_CURLY = re.compile("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]")
_ONE_EQUALS = re.compile(r"(?<![=!<>])=(?!=)")
_WORDS = re.compile(r"(?<![\w.])(and|or|not|AND|OR|NOT|is|like|between)(?!\w)")
_ONE_SIGN = re.compile(r"(?<!&)&(?!&)|(?<!\|)\|(?!\|)")
_MISSING = re.compile(r"undeclared reference to '([\w.]+)'")
_OVERLOAD = re.compile(r"no matching overload for '([^']+)' applied to '\((.*)\)'")
_FUNCTIONS = ("contains", "startsWith", "endsWith", "matches", "size", "int", "double", "string", "exists", "all")
_OTHER_WORDS = {"len": "size", "length": "size", "count": "size", "includes": "contains", "like": "contains"}
_READ = {"int": "a whole number", "double": "a number with a point", "string": "a text", "bool": "yes or no"}


def readable(error: str, expression: str) -> str:
    """The engine's first complaint, with what to write instead."""
    first = error.removeprefix("INVALID_ARGUMENT: ").splitlines()[0]
    first = re.sub(r"^ERROR: <input>:\d+:(\d+): ", r"column \1: ", first)
    missing = _MISSING.search(first)
    hint = _spelling(expression)
    flag = re.search(r"\bhas\(\s*(\w+)\s*\)", expression)
    if flag is not None:
        return f"{first}; write known_{flag[1]}: whether there is a value"
    if missing is not None and not hint and re.search(rf"\b{re.escape(missing[1])}\s*\(", expression):
        return _unknown_function(missing[1])
    if missing is not None and not hint:
        return _unknown(missing[1], expression)
    overload = _OVERLOAD.search(first)
    if overload is not None:
        hint = hint or _types(overload[1], [part.strip() for part in overload[2].split(",")])
    return f"{first}; {hint}" if hint else first


def _spelling(expression: str) -> str:
    bare = STRINGS.sub("''", expression)
    if _CURLY.search(expression):
        return 'write straight quotes: "mobile"'
    if _ONE_EQUALS.search(bare):
        return "write == to compare"
    if _WORDS.search(bare):
        return "write && for and, || for or, ! for not, x >= 1 && x <= 5 for between"
    if _ONE_SIGN.search(bare):
        return "write && for and, || for or"
    if "<>" in bare or "=>" in bare:
        return "write != for unequal, >= for at least"
    if "%" in bare:
        return "write a share as a number: 10 % is 0.10"
    if re.search(r"\d,\d", bare) and "[" not in bare and "(" not in bare:
        return "write numbers with a point: 4.95"
    if bare.count("(") != bare.count(")"):
        return "a bracket is opened and not closed, or closed twice"
    if "'" in bare.replace("''", "") or '"' in bare:
        return "a quote is opened and not closed"
    return ""


def _unknown(name: str, expression: str) -> str:
    lowered = name.lower()
    if lowered in VARIABLES or lowered in ("true", "false"):
        return f"unknown variable {name!r}; did you mean {lowered!r}?; allowed: see docs/serving.md, Variables"
    near = get_close_matches(lowered, VARIABLES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    compared = re.search(rf"(?:==|!=|\bin\b)\s*\[?\s*{re.escape(name)}\b|\b{re.escape(name)}\s*[\],]", expression)
    if compared and not near:
        hint = f'; a text stands in quotes: "{name}"'
    return f"unknown variable {name!r}{hint}; allowed: see docs/serving.md, Variables"


def _unknown_function(name: str) -> str:
    near = _OTHER_WORDS.get(name) or next(iter(get_close_matches(name, _FUNCTIONS, n=1)), None)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"unknown function {name!r}{hint}; allowed: {', '.join(_FUNCTIONS)}"


def _types(operator: str, kinds: list[str]) -> str:
    if "null_type" in kinds:
        return "nothing is ever null: ask known_… whether there is a value"
    if operator == "@in" or (len(kinds) == 2 and operator.startswith("_in")):
        if len(kinds) == 2 and kinds[1] == "list(string)":
            return 'a text in quotes stands before `in`: "valuable_and_leaving" in rule_segments'
        return 'write a list in square brackets: device_type in ["mobile", "tablet"]'
    if "list(string)" in kinds:
        return 'ask a list for one of its texts: "valuable_and_leaving" in rule_segments'
    if set(kinds) == {"int", "double"}:
        return "whole numbers are compared with 3, numbers with a point with 3.0"
    if operator in ("_<_", "_<=_", "_>_", "_>=_") and "bool" in kinds and len(kinds) == 2:
        return "write both comparisons: hour >= 18 && hour < 22"
    if len(kinds) == 2 and kinds[0] != kinds[1] and set(kinds) <= _READ.keys():
        return f"the left is {_READ[kinds[0]]}, the right is {_READ[kinds[1]]}"
    if operator in ("_&&_", "_||_", "!_"):
        return "both sides of && and || must be yes or no: compare them with something"
    return ""

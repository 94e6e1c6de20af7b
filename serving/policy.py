"""Policies: CEL rules that allow, block or force an action or add a reason, checked when they are loaded."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from cel_expr_python import cel
from pydantic import Field, model_validator

from intake.sensitive import SensitiveRules, load_sensitive
from serving.placement import Name, Section
from serving.variables import SENSITIVE, VARIABLES, known_name
from serving.yaml_file import ConfigError, YamlFile, read_yaml

Effect = Literal["allow", "block", "force", "reason"]
Target = Literal["action", "product"]

_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
TASTES = frozenset(v.name for v in VARIABLES.values() if v.scope == "profile" and v.kind == "string")
"""Variables that tell of what a customer likes."""
_NAMES = re.compile(r"(?<![.\w])[A-Za-z_]\w*")
_NOT_VARIABLES = frozenset({"true", "false", "null", "in", "size", "int", "double", "string", "bool", "has"})


class PolicyError(ValueError):
    """An expression that does not compile, is not a yes-or-no question, or names what it must not."""


class Rule(Section):
    """One rule.

    `allow`: the action passes only while the expression is true. `block`: it passes only while it is false. `force`:
    it is chosen when the expression is true. `reason`: the sentence is added when the expression is true. An
    expression that errs blocks the action, whatever its effect.
    """

    name: Name
    effect: Effect
    when: str = Field(min_length=1, max_length=2_000, description="CEL over the documented variables")
    reason: str = Field(min_length=1, max_length=200, description="sentence for people")
    target: Target = Field(default="action", description="product: judged for every product of a recommendation")
    placements: list[Name] = Field(default_factory=list, description="empty: every placement")
    actions: list[Name] = Field(default_factory=list, description="empty: every action")
    priority: int = Field(default=100, ge=0, le=1_000, description="higher is judged first")

    @model_validator(mode="after")
    def _products_are_only_filtered(self) -> Self:
        if self.target == "product" and self.effect not in ("allow", "block"):
            raise ValueError(f"effect {self.effect!r} with target product; allowed: allow, block")
        return self

    def concerns(self, placement: str, action: str) -> bool:
        """Whether the rule speaks about this action of this placement."""
        return (not self.placements or placement in self.placements) and (not self.actions or action in self.actions)


class Policy(Section):
    """A file of rules with an owner."""

    name: Name
    version: int = Field(ge=1)
    description: str
    owner: str
    rules: list[Rule] = Field(min_length=1)


def names_in(expression: str) -> frozenset[str]:
    """Identifiers an expression names, string literals and member names left out."""
    return frozenset(_NAMES.findall(_STRINGS.sub("''", expression))) - _NOT_VARIABLES


def variables_in(expression: str) -> frozenset[str]:
    """Documented variables (without known_ flags) that an expression needs."""
    found = {name.removeprefix("known_") for name in names_in(expression)}
    return frozenset(found & VARIABLES.keys())


@lru_cache(maxsize=2_048)
def compile_rule(expression: str) -> Any:
    """A CEL program that answers yes or no; a snapshot mostly repeats the rules of the one before.

    Raises:
        PolicyError: a sensitive attribute, an unknown variable, a type error, or an answer that is not a bool.
    """
    for name in sorted(names_in(expression)):
        plain = name.removeprefix("known_")
        if plain in SENSITIVE:
            raise PolicyError(f"names the sensitive attribute {plain!r}, which no decision may use")
    try:
        program = _environment().compile(expression)
    except RuntimeError as error:
        raise PolicyError(_readable(str(error))) from error
    if program.return_type() != cel.Type.BOOL:
        raise PolicyError(f"answers {program.return_type().name()}; allowed: bool")
    return program


def load_policies(folder: Path) -> list[Policy]:
    """Every `*.yml` in `folder`, by name, with every expression type-checked.

    What is sensitive stands in the folder's parent: built in, in `sensitive.yml`, and tagged by the contracts.

    Raises:
        ConfigError: first mistake found, with file, line and field.
    """
    sensitive = load_sensitive(folder.parent)
    policies = []
    seen: set[str] = set()
    for path in sorted(folder.glob("*.yml")):
        file = read_yaml(path)
        policy = file.parse(Policy)
        if policy.name != path.stem:
            raise file.error(("name",), f"{policy.name!r} must equal the file's name {path.stem!r}")
        _refuse_sensitive(file, policy, sensitive)
        _check_rules(file, policy, seen)
        policies.append(policy)
    return policies


def _refuse_sensitive(file: YamlFile, policy: Policy, sensitive: SensitiveRules) -> None:
    for index, rule in enumerate(policy.rules):
        for name in sorted(names_in(rule.when) - VARIABLES.keys()):
            found = sensitive.attribute_in(name.removeprefix("known_"))
            if found is not None:
                message = f"names the sensitive attribute {found!r}, which no decision may use (got {rule.when!r})"
                raise file.error(("rules", index, "when"), message)
        for text in _STRINGS.findall(rule.when) if TASTES & names_in(rule.when) else ():
            if sensitive.is_category(text[1:-1]):
                message = f"asks a customer's taste for the sensitive category {text}, which no decision may use"
                raise file.error(("rules", index, "when"), f"{message} (got {rule.when!r})")


def _check_rules(file: YamlFile, policy: Policy, seen: set[str]) -> None:
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            raise file.error(("rules", index, "name"), f"{rule.name!r} is the name of another rule; names must differ")
        seen.add(rule.name)
        try:
            compile_rule(rule.when)
        except PolicyError as error:
            raise file.error(("rules", index, "when"), f"{error} (got {rule.when!r})") from error


def check_references(policies: list[Policy], placements: dict[str, frozenset[str]]) -> None:
    """Every placement and action a rule names exists. `placements` maps names to their actions' names.

    Raises:
        ConfigError: names policy, rule, value and what is allowed.
    """
    every_action = frozenset().union(*placements.values()) if placements else frozenset()
    for policy in policies:
        for rule in policy.rules:
            where = f"{policy.name}.yml: rule {rule.name}"
            _known(rule.placements, frozenset(placements), f"{where}: placements")
            allowed = frozenset().union(*(placements[p] for p in rule.placements)) if rule.placements else every_action
            _known(rule.actions, allowed, f"{where}: actions")


def _known(names: list[str], allowed: frozenset[str], where: str) -> None:
    for name in names:
        if name not in allowed:
            raise ConfigError(f"{where}: {name!r} is unknown; allowed: {', '.join(sorted(allowed))}")


def _readable(error: str) -> str:
    first = error.removeprefix("INVALID_ARGUMENT: ").splitlines()[0]
    first = re.sub(r"^ERROR: <input>:\d+:(\d+): ", r"column \1: ", first)
    missing = re.search(r"undeclared reference to '(\w+)'", first)
    if missing is None:
        return first
    near = get_close_matches(missing[1], VARIABLES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown variable {missing[1]!r}{hint}; allowed: see docs/serving.md, Variables"


@lru_cache(maxsize=1)
def _environment() -> Any:
    kinds = {"int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING, "bool": cel.Type.BOOL}
    types = {variable.name: kinds[variable.kind] for variable in VARIABLES.values()}
    types |= {known_name(name): cel.Type.BOOL for name in VARIABLES}
    return cel.NewEnv(variables=types)

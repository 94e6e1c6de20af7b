"""Policies: CEL rules that allow, block or force an action or add a reason, checked when they are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from intake.sensitive import SensitiveRules, load_sensitive
from serving.expression import PolicyError, check_expression, compile_rule, names_in, variables_in
from serving.section import Name, Section
from serving.segment_names import refuse_unknown_segments
from serving.variables import OF_ONE_PRODUCT
from serving.yaml_file import ConfigError, YamlFile, misnamed, read_yaml, yaml_files

__all__ = ["Policy", "PolicyError", "Rule", "compile_rule", "load_policies", "names_in", "variables_in"]

Effect = Literal["allow", "block", "force", "reason"]
Target = Literal["action", "product"]


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
    owner: str = Field(default="", max_length=100, description="who answers for it; else the policy's owner")

    @model_validator(mode="after")
    def _products_are_only_filtered(self) -> Self:
        if self.target == "product" and self.effect not in ("allow", "block"):
            raise ValueError(f"effect: {self.effect!r} with target product; allowed: allow, block")
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


def load_policies(folder: Path, sensitive: SensitiveRules | None = None) -> list[Policy]:
    """Every `*.yml` in `folder`, by name, with every expression type-checked.

    What is sensitive, unless it is given, stands in the folder's parent: built in, in `sensitive.yml`, and tagged by
    the contracts.

    Raises:
        ConfigError: every mistake found, with file, line and field.
    """
    sensitive = sensitive or load_sensitive(folder.parent)
    policies: list[Policy] = []
    seen: dict[str, str] = {}
    mistakes = [str(error) for error in misnamed(folder)]
    for path in yaml_files(folder):
        try:
            file = read_yaml(path)
            policy = file.parse(Policy)
            mistakes += _mistakes(file, policy, sensitive, seen)
            policies.append(policy)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(mistakes[0], mistakes)
    return policies


def _mistakes(file: YamlFile, policy: Policy, sensitive: SensitiveRules, seen: dict[str, str]) -> list[str]:
    found = []
    if policy.name != file.path.stem:
        message = f"{policy.name!r} must equal the file's name {file.path.stem!r}"
        found.append(str(file.error(("name",), message)))
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            message = f"{rule.name!r} is the name of another rule in {seen[rule.name]}; names must differ"
            found.append(str(file.error(("rules", index, "name"), message)))
        seen.setdefault(rule.name, file.path.name)
        try:
            check_expression(rule.when, sensitive, frozenset() if rule.target == "product" else OF_ONE_PRODUCT)
            refuse_unknown_segments(rule.when, file.path.parent.parent)
        except PolicyError as error:
            found.append(str(file.error(("rules", index, "when"), f"{error} (got {rule.when!r})")))
    return found

"""Rule segments: `config/segments/*.yml`, each a name and a condition that people wrote."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field

from intake.sensitive import load_sensitive
from orchestration.segments.columns import condition_columns
from orchestration.segments.condition import ConditionError, check_condition
from serving.placement import Name, Section
from serving.yaml_file import ConfigError, read_yaml, yaml_files

FOLDER = "segments"
SCHEMA = "segment.schema.json"


class RuleSegment(Section):
    """Customers for whom a condition holds."""

    name: Name
    description: str = Field(min_length=1, max_length=300, description="who they are, in a sentence")
    owner: str = Field(default="", max_length=100, description="who answers for it")
    where: str = Field(
        min_length=1, max_length=2_000, description="SQL condition over the columns of docs/segments.md, for one row"
    )


def load_rule_segment(file: Path, config: Path) -> RuleSegment:
    """One file, its condition checked.

    Args:
        file: the YAML file.
        config: the configuration folder, whose sensitive attributes hold.

    Raises:
        ConfigError: the first mistake, with file, line, field, value and what is allowed.
    """
    content = read_yaml(file)
    rule = content.parse(RuleSegment)
    if rule.name != file.stem:
        raise content.error(("name",), f"{rule.name!r} differs from the file's name {file.stem!r}")
    try:
        check_condition(rule.where, condition_columns(), load_sensitive(config))
    except ConditionError as error:
        raise content.error(("where",), str(error)) from error
    return rule


def rule_files(config: Path) -> list[Path]:
    """Files of the folder in order of name; none where there is no folder."""
    return yaml_files(config / FOLDER)


def rule_segments(config: Path) -> tuple[list[RuleSegment], dict[str, ConfigError]]:
    """Rules that are right, and by name of file what is wrong with the others: one mistake stops no other segment."""
    right, wrong = [], {}
    for file in rule_files(config):
        try:
            right.append(load_rule_segment(file, config))
        except ConfigError as error:
            wrong[file.stem] = error
    return right, wrong


def rule_segment_schema() -> str:
    """The schema as it stands in `config/schemas/segment.schema.json`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RuleSegment.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

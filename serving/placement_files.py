"""The files of `config/placements`, with every mistake in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from intake.sensitive import SensitiveRules, load_sensitive
from serving.action import Action
from serving.expression import ABOUT_A_PERSON, OF_ONE_ACTION, PolicyError, check_expression
from serving.placement import Placement, expressions_of
from serving.segment_names import refuse_unknown_segments
from serving.yaml_file import ConfigError, YamlFile, misnamed, read_yaml, yaml_files
from serving.yaml_hints import Location

_CATEGORY: Final = "category"


def load_placements(folder: Path, sensitive: SensitiveRules | None = None) -> list[Placement]:
    """Every `*.yml` in `folder`, by name.

    Raises:
        ConfigError: every mistake found, such as a file whose name differs from the placement's.
    """
    sensitive = sensitive or load_sensitive(folder.parent)
    placements: list[Placement] = []
    mistakes = [str(error) for error in misnamed(folder)]
    for path in yaml_files(folder):
        try:
            file = read_yaml(path)
            placement = file.parse(Placement)
            mistakes += [str(error) for error in _mistakes(file, placement, sensitive)]
            placements.append(placement)
        except ConfigError as error:
            mistakes += error.mistakes
    if not placements and not mistakes:
        mistakes = [f"{folder}: no placement (*.yml) found"]
    if mistakes:
        raise ConfigError(mistakes[0], mistakes)
    return placements


def _mistakes(file: YamlFile, placement: Placement, sensitive: SensitiveRules) -> Iterator[ConfigError]:
    if placement.name != file.path.stem:
        yield file.error(("name",), f"{placement.name!r} must equal the file's name {file.path.stem!r}")
    yield from _sensitive_tags(file, placement, sensitive)
    for index, action in enumerate(placement.actions):
        for field, message in _of_action(placement, action, sensitive):
            yield file.error(("actions", index, *field), message)
    for location, expression in expressions_of(placement):
        try:
            if "hybrid" in location:
                check_expression(expression, sensitive, OF_ONE_ACTION, ABOUT_A_PERSON)
            else:
                check_expression(expression, sensitive)
            refuse_unknown_segments(expression, file.path.parent.parent)
        except PolicyError as error:
            yield file.error(location, f"{error} (got {expression!r})")


def _of_action(placement: Placement, action: Action, sensitive: SensitiveRules) -> Iterator[tuple[Location, str]]:
    """What makes an action pointless, or ask for what may not be known."""
    for index, channel in enumerate(action.channels):
        if channel not in placement.channels:
            allowed = ", ".join(placement.channels)
            yield ("channels", index), f"{channel!r} is no channel of the placement; allowed: {allowed}"
    if action.incentive.kind == "amount_off" and not action.incentive.value:
        yield ("incentive", "value"), "amount_off takes nothing off; write an amount above 0"
    for tag in action.tags:
        if tag != _CATEGORY and get_close_matches(tag.lower(), [_CATEGORY], cutoff=0.8):
            yield ("tags", tag), f"unknown tag {tag!r}; did you mean {_CATEGORY!r}?"
    if action.ask is not None:
        found = sensitive.attribute_in(action.ask.question)
        if found is not None:
            yield ("ask", "question"), f"asks for the sensitive attribute {found!r}, which no decision may use"
        double = [answer for answer, n in Counter(action.ask.answers).items() if n > 1]
        if double:
            yield ("ask", "answers"), f"{double[0]!r} is there more than once; answers must differ"


def _sensitive_tags(file: YamlFile, placement: Placement, sensitive: SensitiveRules) -> Iterator[ConfigError]:
    """An action's tags say by which taste it is chosen: neither an attribute nor a category may be sensitive."""
    for index, action in enumerate(placement.actions):
        for tag, value in action.tags.items():
            field = ("actions", index, "tags", tag)
            if sensitive.attribute_in(tag) is not None:
                yield file.error(field, f"{tag!r} is a sensitive attribute, which no placement may use")
            if tag == _CATEGORY and sensitive.is_category(value):
                yield file.error(field, f"{value!r} is a sensitive category, which no placement may choose by")

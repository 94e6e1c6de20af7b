"""The files of `config/placements`, with every mistake in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from intake.sensitive import SensitiveRules, load_sensitive
from serving.expression import PolicyError, compile_rule, refuse_sensitive
from serving.placement import Placement, expressions_of
from serving.segment_names import refuse_unknown_segments
from serving.yaml_file import ConfigError, YamlFile, misnamed, read_yaml


def load_placements(folder: Path, sensitive: SensitiveRules | None = None) -> list[Placement]:
    """Every `*.yml` in `folder`, by name.

    Raises:
        ConfigError: every mistake found, such as a file whose name differs from the placement's.
    """
    sensitive = sensitive or load_sensitive(folder.parent)
    placements: list[Placement] = []
    mistakes = [str(error) for error in misnamed(folder)]
    for path in sorted(folder.glob("*.yml")):
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
    for location, expression in expressions_of(placement):
        try:
            refuse_sensitive(expression, sensitive)
            compile_rule(expression)
            refuse_unknown_segments(expression, file.path.parent.parent)
        except PolicyError as error:
            yield file.error(location, f"{error} (got {expression!r})")


def _sensitive_tags(file: YamlFile, placement: Placement, sensitive: SensitiveRules) -> Iterator[ConfigError]:
    """An action's tags say by which taste it is chosen: neither an attribute nor a category may be sensitive."""
    for index, action in enumerate(placement.actions):
        for tag, value in action.tags.items():
            field = ("actions", index, "tags", tag)
            if sensitive.attribute_in(tag) is not None:
                yield file.error(field, f"{tag!r} is a sensitive attribute, which no placement may use")
            if tag == "category" and sensitive.is_category(value):
                yield file.error(field, f"{value!r} is a sensitive category, which no placement may choose by")

"""A YAML file that people edit, read so that a mistake can be shown with its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


class ConfigError(ValueError):
    """A placement or policy file is wrong; the message has file, line, field, value and what is allowed."""


@dataclass(frozen=True)
class YamlFile:
    """Parsed content of one file with the place of every node."""

    path: Path
    content: Any
    root: yaml.Node | None

    def line(self, location: Location) -> int:
        """Line (from 1) of the deepest node on the way to `location`."""
        node = self.root
        best = 0 if node is None else node.start_mark.line
        for part in location:
            step = _child(node, part)
            if step is None:
                break
            best, node = step
        return best + 1

    def error(self, location: Location, message: str) -> ConfigError:
        """A one-line error at `location`."""
        field = ".".join(str(part) for part in location) or "(file)"
        return ConfigError(f"{self.path}:{self.line(location)}: {field}: {message}")

    def parse(self, model: type[Model]) -> Model:
        """The content as `model`.

        Raises:
            ConfigError: first mistake, with file, line, field, value and what is allowed.
        """
        try:
            return model.model_validate(self.content)
        except ValidationError as error:
            first = error.errors()[0]
            location = tuple(first["loc"])
            shown = "" if isinstance(first["input"], dict | list) else f" (got {first['input']!r})"
            raise self.error(location, f"{first['msg']}{shown}") from error


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML file.

    Raises:
        ConfigError: the file cannot be read, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return YamlFile(path=path, content=yaml.safe_load(text), root=yaml.compose(text, Loader=yaml.SafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        raise ConfigError(f"{path}:{line}: not readable as YAML: {getattr(error, 'problem', error)}") from error


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line, item
    return None

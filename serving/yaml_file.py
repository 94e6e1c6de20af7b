"""A YAML file that people edit, read so that every mistake can be shown with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from intake.yaml_text import FAST_LOADER
from serving.yaml_hints import MOMENT, Location, readable, readable_yaml
from serving.yaml_traps import UnreadableError, misread, refuse_unreadable, scalars

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(ValueError):
    """A placement or policy file is wrong; the message has file, line, field, value and what is allowed.

    `mistakes` are all that were found, one line each; the message is the first of them.
    """

    def __init__(self, message: str, mistakes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.mistakes = tuple(mistakes) or (message,)


@dataclass(frozen=True)
class YamlFile:
    """Parsed content of one file with the place of every node, and keys that stand twice in one mapping."""

    path: Path
    content: Any
    root: yaml.Node | None
    double_keys: tuple[tuple[Location, str], ...] = ()

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
        return self._told(location, self.line(location), message)

    def parse(self, model: type[Model]) -> Model:
        """The content as `model`.

        Raises:
            ConfigError: every mistake, with file, line, field, value and what is allowed.
        """
        misread_values = () if self.root is None else misread(self.root, model)
        mistakes = [str(self.error(where, what)) for where, what in (*self.double_keys, *misread_values)]
        if self.content is None and not mistakes:
            needed = [name for name, field in model.model_fields.items() if field.is_required()]
            mistakes = [str(self.error((), f"the file is empty; needed: {', '.join(needed)}"))]
        try:
            parsed = model.model_validate(self.content)
        except ValidationError as error:
            mistakes += [] if self.content is None else [self._mistake(model, found) for found in error.errors()]
            raise ConfigError(mistakes[0], mistakes) from error
        if mistakes:
            raise ConfigError(mistakes[0], mistakes)
        return parsed

    def _mistake(self, model: type[BaseModel], found: Any) -> str:
        location, field, message = readable(model, found)
        return str(self._told(field, self.line(location), message))

    def _told(self, field: Location, line: int, message: str) -> ConfigError:
        name = ".".join(str(part) for part in field) or "(file)"
        return ConfigError(f"{self.path}:{line}: {name}: {message}")


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML file.

    Raises:
        ConfigError: the file cannot be read, or is not YAML.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
        return _parsed(path, text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        told = f"cannot be read: not UTF-8 at byte {error.start}; save it as UTF-8"
        raise ConfigError(f"{path}:{line}: {told}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        line = _line_of(error, text)
        raise ConfigError(f"{path}:{line}: not readable as YAML: {readable_yaml(error, text, line)}") from error
    except UnreadableError as error:
        raise ConfigError(f"{path}:{error.line}: not readable as YAML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}:1: not readable as YAML: nested too deep") from error


def yaml_files(folder: Path) -> list[Path]:
    """What is read of a folder, by name: each `*.yml`, without the hidden ones that editors and file systems leave."""
    return sorted(file for file in folder.glob("*.yml") if not file.name.startswith("."))


def _line_of(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    return text.count("\n", 0, getattr(error, "position", 0) or 0) + 1


def _parsed(path: Path, text: str) -> YamlFile:
    """Content and nodes in one pass, which costs half of two."""
    try:
        return _parsed_by(FAST_LOADER, path, text)
    except yaml.YAMLError:
        return _parsed_by(yaml.SafeLoader, path, text)


def _parsed_by(kind: Any, path: Path, text: str) -> YamlFile:
    loader = kind(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return YamlFile(path, None, None)
        refuse_unreadable(root)
        # Afterwards what a mapping merges (<<) stands among its own keys.
        double_keys = tuple(_double_keys(root, ()))
        try:
            return YamlFile(path, loader.construct_document(root), root, double_keys)
        except ValueError as error:
            raise _no_value(YamlFile(path, None, root), error) from error
    finally:
        loader.dispose()


def _no_value(file: YamlFile, error: ValueError) -> ConfigError:
    """Where the text stands that looks like a date or a number and is none, such as the 30th of February."""
    for location, node in () if file.root is None else scalars(file.root):
        try:
            yaml.SafeLoader("").construct_object(node)
        except ValueError:
            hint = MOMENT if node.tag.endswith(":timestamp") else "put it in quotes where it is meant as a text"
            return file.error(location, f"{error} (got {node.value[:40]!r}); {hint}")
        except yaml.YAMLError:
            continue
    return file.error((), str(error))


def misnamed(folder: Path) -> Iterator[ConfigError]:
    """Files of `folder` that nobody would read because of their ending."""
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() in {".yaml", ".yml"} and path.suffix != ".yml":
            yield ConfigError(f"{path}:1: (file): ends in {path.suffix!r} and is not read; allowed: .yml")


def _double_keys(node: yaml.Node, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _double_keys(item, (*location, index))
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in first:
                yield (*location, name), f"is there twice (lines {first[name]} and {line}); only one would count"
            first.setdefault(name, line)
            yield from _double_keys(value, (*location, name))


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        # The last one counts: what the mapping says itself, behind what it merges.
        for key, value in reversed(node.value):
            if key.value == str(part):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line, item
    return None

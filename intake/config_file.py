"""Reads one YAML file of the configuration into a model; a mistake is one line with file, field and value."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from intake.yaml_text import from_yaml

Model = TypeVar("Model", bound=BaseModel)


class ConfigFileError(ValueError):
    """A configuration file is unreadable or wrong; the message names file, field, value and what is allowed."""


def read_config(file: Path, model: type[Model]) -> Model:
    """The file as `model`; a missing file means the model's defaults.

    Raises:
        ConfigFileError: it cannot be read, is no YAML, or has a field or value that is not allowed.
    """
    if not file.exists():
        return model()
    try:
        content = from_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"{file}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigFileError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from error
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise ConfigFileError(f"{file}: {field}: {first['msg']} (got {first['input']!r})") from error

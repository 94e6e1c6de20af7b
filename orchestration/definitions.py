"""The code location that `workspace.yaml` names."""

from __future__ import annotations

from orchestration.environment import configure

configure()

from orchestration.code_location import definitions_of_environment  # noqa: E402 - after the environment is set

defs = definitions_of_environment()

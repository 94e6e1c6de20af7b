"""Placements and policies of a configuration folder, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serving.placement import Placement, load_placements
from serving.policy import Policy, check_references, load_policies


@dataclass(frozen=True)
class Content:
    """What people edit: every placement and every policy."""

    placements: list[Placement]
    policies: list[Policy]


def load_content(config: Path) -> Content:
    """Read `placements/*.yml` and `policies/*.yml`.

    Raises:
        ConfigError: first mistake found, with file, field, value and what is allowed.
    """
    content = Content(load_placements(config / "placements"), load_policies(config / "policies"))
    actions = {p.name: frozenset(action.name for action in p.actions) for p in content.placements}
    check_references(content.policies, actions)
    return content

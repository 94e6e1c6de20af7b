"""Asset selections as people write them."""

from __future__ import annotations

import re
import warnings

from dagster import AssetSelection, BetaWarning, DagsterError

from orchestration.groups import Group

GROUP = re.compile(r'group:"?([A-Za-z0-9_]+)"?')


def parse_selection(text: str) -> AssetSelection:
    """Dagster's selection syntax; groups also by their name without the number (`group:identity`).

    Raises:
        ValueError: not readable, or a group that does not exist (the message lists those that do).
    """
    try:
        with warnings.catch_warnings():
            # The parser itself uses a parameter of Dagster that is in beta.
            warnings.simplefilter("ignore", BetaWarning)
            return AssetSelection.from_string(GROUP.sub(lambda match: f'group:"{group_named(match[1])}"', text))
    except DagsterError as error:
        raise ValueError(f"selection {text!r} is not readable; write marts/dim_customer+ or group:identity") from error


def group_named(name: str) -> Group:
    """A group by full name or by its name without the number.

    Raises:
        ValueError: no such group.
    """
    for group in Group:
        if name in (group.value, group.value.partition("_")[2]):
            return group
    raise ValueError(f"group {name!r} does not exist; there are: {', '.join(g.value.partition('_')[2] for g in Group)}")

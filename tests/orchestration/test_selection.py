"""Selections as people write them."""

from __future__ import annotations

import pytest
from dagster import AssetKey, Definitions, asset

from orchestration.groups import Group
from orchestration.selection import group_named, parse_selection


@asset(key=["marts", "dim_customer"], group_name=Group.PROFILES)
def customers() -> None:
    """A profile."""


@asset(key=["serving", "snapshot"], group_name=Group.SNAPSHOT, deps=[customers])
def snapshot() -> None:
    """A snapshot."""


GRAPH = Definitions(assets=[customers, snapshot]).resolve_asset_graph()
CUSTOMERS, SNAPSHOT = AssetKey(["marts", "dim_customer"]), AssetKey(["serving", "snapshot"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("group:profiles", {CUSTOMERS}),
        ('group:"06_profiles"', {CUSTOMERS}),
        ("group:06_profiles or group:snapshot", {CUSTOMERS, SNAPSHOT}),
        ('key:"marts/dim_customer"+', {CUSTOMERS, SNAPSHOT}),
        ("marts/dim_customer", {CUSTOMERS}),
    ],
)
def test_groups_and_keys_are_found(text: str, expected: set[AssetKey]) -> None:
    assert set(parse_selection(text).resolve(GRAPH)) == expected


def test_an_unknown_group_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"group 'profile' does not exist; there are: intake, lake, .*snapshot"):
        parse_selection("group:profile")


def test_nonsense_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match=r"selection '\(\(' is not readable; write marts/dim_customer\+"):
        parse_selection("((")


def test_groups_sort_in_pipeline_order() -> None:
    assert sorted(group.value for group in Group) == [group.value for group in Group]
    assert all(group_named(group.value) is group for group in Group)

"""Streets and postal codes, by address number."""

from __future__ import annotations

import numpy as np

from simulation.arrays import I64
from simulation.randomness import scrambled

_STREET_NAMES = """
Maple Oak Cedar Elm Pine Walnut Chestnut Willow Birch Spruce Main Church School Mill River Lake Hill Park Spring Market
Washington Jefferson Lincoln Madison Franklin Jackson Adams Monroe Grant Sherman Highland Sunset Meadow Forest Prairie
Orchard Garden Valley Ridge Summit Union Liberty Court Bridge Station Railroad Front Water Canal Harbor Bay Ocean
Cherry Dogwood Laurel Magnolia Hickory Sycamore Juniper Aspen Poplar Hawthorn Linden Locust Mulberry Peach Pecan
Cardinal Robin Falcon Eagle Heron Fox Deer Bear Wolf Otter Clover Fern Ivy Rose Violet Lily Daisy Holly Sage Thyme
"""
_STREETS = _STREET_NAMES.split()
_KINDS = ("Street", "Avenue", "Road", "Lane", "Drive", "Court")
SHORT_KINDS = {"Street": "St", "Avenue": "Ave", "Road": "Rd", "Lane": "Ln", "Drive": "Dr", "Court": "Ct"}
_CITY_NAMES = """
Ashford Brookfield Clayton Dunmore Easton Fairview Granville Hartwell Ivydale Jasper Kingsley Lakewood Millbrook Newport
Oakdale Princeton Quincy Riverton Salem Tipton Upton Vernon Westfield Xenia Yorktown Zanesville
"""
_CITIES = _CITY_NAMES.split()


def street_of(address: I64, seed: int) -> list[str]:
    """House number and street of each address number."""
    draw = scrambled(seed, "identity street", address)
    number = (draw % np.uint64(899)).astype(np.int64) + 1
    name = ((draw // np.uint64(899)) % np.uint64(len(_STREETS))).astype(np.int64)
    kind = ((draw // np.uint64(899 * 97)) % np.uint64(len(_KINDS))).astype(np.int64)
    parts = zip(number.tolist(), name.tolist(), kind.tolist(), strict=True)
    return [f"{house} {_STREETS[street]} {_KINDS[form]}" for house, street, form in parts]


def postal_area(address: I64, areas: int, seed: int) -> I64:
    """Number of the postal area of each address."""
    return (scrambled(seed, "identity area", address) % np.uint64(areas)).astype(np.int64)


def postal_codes(areas: int) -> list[str]:
    """Five digits for each area."""
    return [f"{43000 + area:05d}" for area in range(areas)]


def cities(areas: int) -> list[str]:
    """The city of each area; a large city has several areas."""
    return [_CITIES[(area // 3) % len(_CITIES)] for area in range(areas)]

"""Questions that the ledger's tables answer."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

import pandas as pd


def assignments_at(assignment: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Who every identifier was believed to be just before `as_of`, over its whole life.

    Evidence that arrives at `as_of` itself is not known yet, as everywhere in the project, hence the strict `<`. An
    identifier has one row, a shared one a row for each stretch of days.
    """
    known = (assignment["system_from"] < as_of) & (as_of <= assignment["system_to"])
    return assignment.loc[known].sort_values(["identifier_key", "valid_from"], ignore_index=True)


def owner_on(assignment: pd.DataFrame, as_of: pd.Timestamp, date: pd.Timestamp) -> pd.DataFrame:
    """Whose each identifier was on the day of `date`, as believed just before `as_of`: one row an identifier.

    Days before an identifier was first seen count as the first one.
    """
    known = assignments_at(assignment, as_of)
    first = ~known["identifier_key"].duplicated()
    day = pd.Timestamp(date).normalize()
    return known.loc[((known["valid_from"] <= day) | first) & (day < known["valid_to"])].drop_duplicates(
        "identifier_key", keep="last", ignore_index=True
    )


def shortest_path(edges: pd.DataFrame, a_key: int, b_key: int) -> list[int]:
    """Edge keys of the best chain of active links from one identifier to the other; empty where there is none.

    Fewest links first, then fewest probable ones, then the largest product of confidences, then the smallest keys.
    """
    neighbours = _neighbours(edges.loc[edges["state"] == "active"])
    waiting: list[tuple[int, int, float, tuple[int, ...], int]] = [(0, 0, 0.0, (), a_key)]
    settled: set[int] = set()
    while waiting:
        length, probable, doubt, path, key = heappop(waiting)
        if key == b_key:
            return list(path)
        if key in settled:
            continue
        settled.add(key)
        for edge, other, uncertain, cost in neighbours.get(key, ()):
            if other not in settled:
                heappush(waiting, (length + 1, probable + uncertain, doubt + cost, (*path, edge), other))
    return []


def _neighbours(active: pd.DataFrame) -> dict[int, list[tuple[int, int, int, float]]]:
    found: dict[int, list[tuple[int, int, int, float]]] = {}
    uncertain = (active["kind"] == "probabilistic").astype("int64")
    columns: Iterable[tuple[int, int, int, int, float]] = zip(
        active["edge_key"].tolist(),
        active["a_key"].tolist(),
        active["b_key"].tolist(),
        uncertain.tolist(),
        (1.0 - active["confidence"]).tolist(),
        strict=True,
    )
    for edge, a, b, mark, cost in columns:
        found.setdefault(a, []).append((edge, b, mark, cost))
        found.setdefault(b, []).append((edge, a, mark, cost))
    return found

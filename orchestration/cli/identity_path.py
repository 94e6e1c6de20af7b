"""`concierge identity path`: the evidence that leads from one identifier to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.cli.published import Published

# All evidence around the two people: what ties, and what was refused.
AROUND = """
with person as (
    select canonical_id from identity.identity_assignment
    where list_contains(?, identifier_key) and system_to > timestamp '9999-01-01'
),
member as (
    select identifier_key from identity.identity_assignment
    where canonical_id in (select canonical_id from person) and system_to > timestamp '9999-01-01'
)
select * from identity.identity_edge
where a_key in (select identifier_key from member) or b_key in (select identifier_key from member)
   or list_contains(?, a_key) or list_contains(?, b_key)
"""

COLUMNS = ("from", "to", "rule", "kind", "weight", "source", "first", "last", "times")


def path(
    a: Annotated[str, typer.Argument(metavar="A", help="TYPE:VALUE, as email:ada@example.org, or a customer id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one, written likewise.")],
) -> None:
    """Show the shortest path of evidence between two identifiers, a line for each step.

    Of paths with equally many steps the one with fewer probable links is shown, then the stronger one. Exit code 1 when
    there is none; then the refused links that stand between the two are named, with state and reason.
    """
    from ml.identity import shortest_path
    from orchestration.cli.console import say, show_table
    from orchestration.cli.naming import seen, shown_keys
    from orchestration.cli.published import Published

    project = open_project()
    published = Published.current(project.paths)
    one, other = seen(project, published, a), seen(project, published, b)
    if one.key == other.key:
        say(f"{one.shown}: the same identifier")
        return
    ends = [one.key, other.key]
    edges = published.frame(AROUND, [ends, ends, ends])
    names = shown_keys(published, [*ends, *edges["a_key"], *edges["b_key"]])
    steps = shortest_path(edges, one.key, other.key)
    if not steps:
        reasons = "; ".join(_refusal(row, names) for row in between(edges, one.key, other.key))
        raise CommandError(
            f"{one.shown} and {other.shown} are not connected: {reasons or _why_not(published, ends, names)}"
        )
    show_table(COLUMNS, step_rows(edges, steps, one.key, names))
    say(f"{len(steps)} step{'s' if len(steps) > 1 else ''}; published version {published.version}")


def step_rows(edges: pd.DataFrame, steps: list[int], start: int, names: dict[int, str]) -> list[tuple[object, ...]]:
    """The steps in walking order, each told from where the walk stands."""
    found: dict[int, dict[str, Any]] = {row["edge_key"]: row for row in _records(edges)}
    rows = []
    for key in steps:
        edge = found[key]
        there = edge["b_key"] if edge["a_key"] == start else edge["a_key"]
        dates = (f"{edge[name]:%Y-%m-%d}" for name in ("first_seen_at", "last_seen_at"))
        told = (_rule(edge), edge["kind"], edge["weight"], edge["source"], *dates, edge["n_observed"])
        rows.append((names[start], names[there], *told))
        start = there
    return rows


def between(edges: pd.DataFrame, a_key: int, b_key: int) -> list[dict[str, Any]]:
    """Refused links from what is tied to one side to what is tied to the other, the strongest first."""
    active = edges[edges["state"] == "active"]
    near, far = tied(active, a_key), tied(active, b_key)
    refused = edges[edges["state"] != "active"].sort_values(["weight", "edge_key"], ascending=[False, True])
    forth = refused["a_key"].isin(near) & refused["b_key"].isin(far)
    back = refused["a_key"].isin(far) & refused["b_key"].isin(near)
    return _records(refused[forth | back])


def tied(active: pd.DataFrame, key: int) -> set[int]:
    """Every identifier that active links tie to `key`, itself included."""
    from ml.identity import components

    keys, label = components(active["a_key"].to_numpy(), active["b_key"].to_numpy())
    mine = label[keys == key]
    return {key, *(keys[label == mine[0]].tolist() if len(mine) else ())}


def _records(edges: pd.DataFrame) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", edges.to_dict("records"))


def _rule(edge: dict[str, Any]) -> str:
    return str(edge["rule_id"]).partition(":")[0]


def _refusal(row: dict[str, Any], names: dict[int, str]) -> str:
    reason = row.get("reason")
    why = f", {reason}" if isinstance(reason, str) and reason else ""
    ends = f"{names[row['a_key']]} to {names[row['b_key']]}"
    return f"the link {ends} ({_rule(row)}, {row['source']}) is {row['state']}{why}"


def _why_not(published: Published, keys: list[int], names: dict[int, str]) -> str:
    sql = "select identifier_key, status, reason from identity.identifier where list_contains(?, identifier_key)"
    odd = [row for row in published.rows(sql, [keys]) if row["status"] != "active"]
    if not odd:
        return "no evidence leads from one to the other"
    told = (f"{names[row['identifier_key']]} is {row['status']}, {row['reason'] or 'no reason given'}" for row in odd)
    return "; ".join(told)

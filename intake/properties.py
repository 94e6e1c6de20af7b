"""Everything that has no column of its own: the `properties` object of each event."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.bots import agents_in, crawler_rows
from intake.contract import SourceContract
from intake.expressions import column_of, raw
from intake.json_text import compact_objects, json_object, json_values, merged_objects
from intake.scrub import scrub_column
from intake.values import Mask, as_text, is_valid


def properties_of(table: pa.Table, contract: SourceContract, computed: dict[str, pa.Array]) -> tuple[pa.Array, Mask]:
    """The JSON object of each row, and where the source's own `properties` is no JSON object.

    Args:
        computed: members made elsewhere (lines and totals), as JSON values.
    """
    members = {name: json_values(column_of(table, name)) for name in _kept_columns(table, contract)}
    for group, names in (("traits", contract.traits), ("sensitive", contract.sensitive)):
        if names:
            members[group] = _nested(table, names)
    bad = np.zeros(table.num_rows, dtype=bool)
    members |= computed
    own = contract.columns.get("properties")
    if own is None:
        return _scrubbed(json_object(members | _bot_flag(_agents(table, members)), table.num_rows)), bad
    given, bad = compact_objects(raw(table, own))
    given = pc.fill_null(given, "{}")
    agents = pc.coalesce(_agents(table, members), agents_in(given))
    return _scrubbed(merged_objects(given, members | _bot_flag(agents))), bad


def _kept_columns(table: pa.Table, contract: SourceContract) -> list[str]:
    private = {*contract.personal_columns, *contract.sensitive, *contract.traits}
    if contract.properties != "rest":
        return [name for name in contract.properties if name not in private]
    return [name for name in table.column_names if name not in contract.source_columns() | private]


def _nested(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    members = {name: json_values(column_of(table, name)) for name in names}
    given = np.logical_or.reduce([is_valid(values) for values in members.values()])
    return pc.if_else(pa.array(given), json_object(members, table.num_rows), None)


def _scrubbed(objects: pa.Array) -> pa.Array:
    """Scrub properties; each row differs from the next, so rows without a mark of anything personal are skipped."""
    suspicious = pc.match_substring_regex(objects, r"@|%40|\+\d|%2B\d|eyJ")
    if not pc.any(suspicious).as_py():
        return objects
    return pc.replace_with_mask(objects, suspicious, scrub_column(objects.filter(suspicious)))


def _agents(table: pa.Table, members: dict[str, pa.Array]) -> pa.Array:
    return as_text(column_of(table, "user_agent")) if "user_agent" in members else pa.nulls(table.num_rows, pa.string())


def _bot_flag(agents: pa.Array) -> dict[str, pa.Array]:
    crawlers = crawler_rows(agents)
    return {"is_bot": pc.if_else(pa.array(crawlers), "true", None)} if crawlers.any() else {}

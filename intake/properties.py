"""Everything that has no column of its own: the `properties` object of each event."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.bots import crawler_rows
from intake.contract import SourceContract
from intake.expressions import column_of, raw
from intake.json_text import compact_objects, json_object, json_values, merged_objects
from intake.scrub import scrub_column
from intake.values import Mask, is_valid


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
    own = contract.columns.get("properties")
    if own is None:
        objects = json_object({**members, **computed}, table.num_rows)
    else:
        given, bad = compact_objects(raw(table, own))
        objects = merged_objects(pc.fill_null(given, "{}"), {**members, **computed})
    return _with_bot_flag(_scrubbed(objects)), bad


def _kept_columns(table: pa.Table, contract: SourceContract) -> list[str]:
    private = {*contract.personal_data, *contract.sensitive, *contract.traits}
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


def _with_bot_flag(objects: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring(objects, '"user_agent":')).as_py():
        return objects
    flag = pc.if_else(pa.array(crawler_rows(objects)), "true", None)
    return merged_objects(objects, {"is_bot": flag})

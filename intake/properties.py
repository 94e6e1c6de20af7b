"""Everything that has no column of its own: the `properties` object of each event."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.bots import agents_in, crawler_rows
from intake.contract import SourceContract
from intake.contract_terms import Expression, columns_of, members_of
from intake.expressions import raw, text
from intake.json_text import compact_objects, json_object, json_values, merged_objects
from intake.nested import root_of
from intake.scrub import scrub_column
from intake.values import Mask, is_valid


def properties_of(
    table: pa.Table, contract: SourceContract, computed: dict[str, pa.Array], unmapped: tuple[str, ...] = ()
) -> tuple[pa.Array, Mask]:
    """The JSON object of each row, and where the source's own `properties` is no JSON object.

    Args:
        computed: members made elsewhere (lines and totals), as JSON values.
        unmapped: columns that are new to the source, for the member of that name.
    """
    kept = _kept(table, contract)
    members = {name: json_values(raw(table, term)) for name, term in kept.items()}
    stated = text(table, kept["user_agent"]) if "user_agent" in kept else pa.nulls(table.num_rows, pa.string())
    groups = {"traits": contract.traits, "sensitive": contract.sensitive, "zero_party": contract.zero_party}
    for group, parts in groups.items():
        if parts:
            members[group] = _nested(table, members_of(parts))
    if unmapped:
        members["unmapped"] = _nested(table, members_of(unmapped))
    bad = np.zeros(table.num_rows, dtype=bool)
    members |= computed
    own = contract.columns.get("properties")
    if own is None:
        return _scrubbed(json_object(members | _bot_flag(stated), table.num_rows)), bad
    given, bad = compact_objects(raw(table, own))
    given = pc.fill_null(given, "{}")
    agents = pc.coalesce(stated, agents_in(given))
    return _scrubbed(merged_objects(given, members | _bot_flag(agents))), bad


def _kept(table: pa.Table, contract: SourceContract) -> dict[str, Expression]:
    private = {*contract.personal_columns, *columns_of(contract.sensitive), *columns_of(contract.traits)}
    private |= columns_of(contract.zero_party)
    if contract.properties != "rest":
        return {name: term for name, term in members_of(contract.properties).items() if not term.columns() & private}
    # Of a column that is read in part, the other parts may be personal: none of it is rest.
    read = contract.names_read() | {root_of(name) for name in contract.names_read()}
    return members_of(tuple(name for name in table.column_names if name not in read | private))


def _nested(table: pa.Table, parts: dict[str, Expression]) -> pa.Array:
    members = {name: json_values(raw(table, term)) for name, term in parts.items()}
    given = np.logical_or.reduce([is_valid(values) for values in members.values()])
    return pc.if_else(pa.array(given), json_object(members, table.num_rows), None)


def _scrubbed(objects: pa.Array) -> pa.Array:
    """Scrub properties; each row differs from the next, so rows without a mark of anything personal are skipped."""
    suspicious = pc.match_substring_regex(objects, r"@|%40|\+\d|%2B\d|eyJ")
    if not pc.any(suspicious).as_py():
        return objects
    return pc.replace_with_mask(objects, suspicious, scrub_column(objects.filter(suspicious)))


def _bot_flag(agents: pa.Array) -> dict[str, pa.Array]:
    crawlers = crawler_rows(agents)
    return {"is_bot": pc.if_else(pa.array(crawlers), "true", None)} if crawlers.any() else {}

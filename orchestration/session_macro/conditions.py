"""Conditions and values of the specification as SQL over the columns of `events`."""

from __future__ import annotations

from serving.session.feature import Conditions, Test
from serving.session.fields import FIELDS, PROPERTY


def value_sql(field: str, *, as_number: bool) -> str:
    """One event field; a property is parsed only where its name occurs."""
    found = PROPERTY.match(field)
    if found is None:
        kind = FIELDS[field]
        return f"cast(events.{field} as decimal(18, 4))" if kind == "decimal" else f"events.{field}"
    name = found[1]
    text = f"{{{{ json_text('events.properties', '{name}') }}}}"
    parsed = f"{{{{ whole_number(json_text('events.properties', '{name}')) }}}}" if as_number else text
    return f"case when events.properties like '%\"{name}\"%' then {parsed} end"


def holds_sql(when: Conditions) -> str:
    """The conditions as one expression; `true` when there are none."""
    if not when:
        return "true"
    alternatives = [" and ".join(_test_sql(field, test) for field, test in tests.items()) for tests in when]
    if len(alternatives) == 1:
        return alternatives[0]
    return "(" + " or ".join(f"({alternative})" for alternative in alternatives) + ")"


def _test_sql(field: str, test: Test) -> str:
    value = value_sql(field, as_number=test.is_numeric)
    if test.one_of:
        return f"{value} in ({', '.join(quoted(word) for word in test.one_of)})"
    if test.contains:
        parts = [f"position({quoted(part)} in {value}) > 0" for part in test.contains]
        return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"
    if test.present:
        return f"{value} is not null"
    if test.at_least is not None:
        return f"{value} >= {test.at_least}"
    return f"{value} > {test.more_than}"


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"

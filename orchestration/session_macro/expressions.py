"""Each feature as SQL: what is aggregated over a session's events, and how the result is read."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.session_macro.conditions import holds_sql, quoted, value_sql
from serving.session.feature import Bound, Feature
from serving.session.slots import HALVINGS
from serving.session.spec import Points, Spec

COLUMN_TYPES = {"int": "bigint", "decimal": "decimal(18, 4)", "text": "varchar", "bool": "boolean"}
_SCALE = 10_000
_KEYED = ("distinct", "top", "top_count", "decayed_count")


@dataclass(frozen=True)
class KeyGroup:
    """Events of a session counted by a key: a text, or the number of a half-life."""

    name: str
    key: str
    holds: str
    at_most: int
    is_time: bool


def aggregate_sql(feature: Feature) -> str | None:
    """Aggregate over `events`, of one session; None for what needs none of its own."""
    holds, kind = holds_sql(feature.when), feature.reduce or ""
    number = value_sql(feature.value, as_number=True) if feature.value else ""
    text = value_sql(feature.value, as_number=False) if feature.value else ""
    chosen = text if holds == "true" else f"case when {holds} then {text} end"
    known: dict[str, str] = {
        "count": _macro("count_if", holds),
        "any": _macro("count_if", holds),
        "sum": _macro("money_if" if feature.type == "decimal" else "total_if", number, holds),
        "min": f"min(case when {holds} then {number} end)",
        "max": f"max(case when {holds} then {number} end)",
        "first": _macro("earliest", chosen, "events.occurred_at"),
        "last": _macro("latest", chosen, "events.occurred_at"),
        "seconds_since_last": f"max(case when {holds} then events.occurred_at end)",
    }
    return known.get(kind)


def key_groups(spec: Spec) -> dict[str, KeyGroup]:
    """Groups by feature; features that count the same keys share one."""
    groups: dict[tuple[str, str, int, bool], KeyGroup] = {}
    found = {}
    for feature in spec.features:
        if feature.reduce not in _KEYED:
            continue
        is_time = feature.reduce == "decayed_count"
        second = _macro("epoch_seconds", "events.occurred_at")
        bucket = f"cast({_macro('integer_quotient', second, str(feature.half_life_seconds))} as varchar)"
        key = bucket if is_time else value_sql(feature.value or "", as_number=False)
        identity = (key, holds_sql(feature.when), feature.at_most, is_time)
        groups.setdefault(identity, KeyGroup(f"keys_{len(groups) + 1}", *identity))
        found[feature.name] = groups[identity]
    return found


def key_column_sql(feature: Feature, group: KeyGroup) -> str:
    """Aggregate over `counts`, one row a key, beside the session's `reduced` row."""
    mine = f"counts.key_group = '{group.name}'"
    if feature.reduce == "decayed_count":
        second = _macro("epoch_seconds", "reduced.ended_at")
        now = _macro("integer_quotient", second, str(feature.half_life_seconds))
        weights = " ".join(f"when {step} then {_SCALE >> step}" for step in range(HALVINGS))
        age = f"{now} - cast(case when {mine} then counts.key end as bigint)"
        return f"cast(coalesce(sum(counts.n * case {age} {weights} else 0 end), 0) as bigint)"
    mine = f"{mine} and counts.place <= {group.at_most}"
    if feature.reduce == "distinct":
        return _macro("count_if", mine)
    return f"max(case when {mine} then {{{{ seen_times('counts.n', 'counts.key') }}}} end)"


class Readouts:
    """Final expressions by feature, over `reduced` and `keyed`; derivations hold what they derive from."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._read: dict[str, str] = {}
        for feature in spec.features:
            self._read[feature.name] = self._reduced(feature) if feature.reduce else self._derived(feature)

    def columns(self) -> dict[str, str]:
        """Each feature cast to its type."""
        return {f.name: f"cast({self._read[f.name]} as {COLUMN_TYPES[f.type]})" for f in self._spec.features}

    def moment_score(self) -> str:
        """The score as decimal(18, 4): 0.1 + 3.8 x share of full points, in whole numbers up to the end."""
        rule = self._spec.moment_score
        parts = [f"least({self._tenths(p)}, {p.at_most * 10})" for p in rule.points]
        left = f"greatest({rule.fades_over_seconds} - coalesce({self._number('idle_seconds')}, 0), 0)"
        faded = _macro("integer_quotient", f"({' + '.join(parts)}) * {left}", str(rule.fades_over_seconds))
        full = rule.full_points * 10
        scaled = f"1000 + {_macro('integer_quotient', f'38000 * least({faded}, {full})', str(full))}"
        return _unscaled(scaled)

    def _reduced(self, feature: Feature) -> str:
        name, kind = f"reduced.{feature.name}", feature.reduce or ""
        if kind == "seconds_since_last":
            return self._since(feature)
        plain = {
            "elapsed": _seconds("reduced.started_at", "reduced.ended_at"),
            "any": f"{name} > 0",
            "first": f"{name}.seen",
            "last": f"{name}.seen",
            "distinct": f"coalesce(keyed.{feature.name}, 0)",
            "top": f"keyed.{feature.name}.seen",
            "top_count": f"coalesce(keyed.{feature.name}.n, 0)",
            "decayed_count": _unscaled(f"coalesce(keyed.{feature.name}, 0)"),
        }
        return plain.get(kind, name)

    def _since(self, feature: Feature) -> str:
        passed = _seconds(f"reduced.{feature.name}", "reduced.ended_at")
        if feature.only_while is None:
            return passed
        other = self._read[feature.only_while.feature]
        return f"case when {other} = {quoted(feature.only_while.value)} then {passed} else 0 end"

    def _derived(self, feature: Feature) -> str:
        if feature.derive == "all":
            return "(" + " and ".join(self._bound(part) for part in feature.of if isinstance(part, Bound)) + ")"
        names = [str(part) for part in feature.of]
        if feature.derive == "difference":
            return f"greatest({self._read[names[0]]} - {self._read[names[1]]}, 0)"
        if feature.derive == "band":
            value = self._read[names[0]]
            steps = zip(reversed(feature.bounds), reversed(feature.names[1:]), strict=True)
            cases = " ".join(f"when {value} >= {bound} then {quoted(name)}" for bound, name in steps)
            return f"case when {value} is null then null {cases} else {quoted(feature.names[0])} end"
        return self._ratio(names, feature.times)

    def _ratio(self, names: list[str], times: int) -> str:
        scales = [_SCALE if self._spec.by_name[name].type == "decimal" else 1 for name in names]
        whole = (f"({self._read[name]}) * {scale}" for name, scale in zip(names, scales, strict=True))
        top, bottom = (_macro("big_integer", part) for part in whole)
        over, under = times * _SCALE * scales[1], scales[0]
        quotient = _macro("integer_quotient", f"greatest({top}, 0) * {over}", f"nullif({bottom}, 0) * {under}")
        return _unscaled(quotient)

    def _bound(self, bound: Bound) -> str:
        test = f">= {bound.at_least}" if bound.at_least is not None else f"<= {bound.at_most}"
        return f"coalesce({self._number(bound.feature)} {test}, false)"

    def _tenths(self, points: Points) -> str:
        value = f"coalesce({self._number(points.feature)}, 0)"
        if self._spec.by_name[points.feature].type != "decimal":
            return f"{value} * {points.tenths}"
        return _macro("integer_quotient", f"{value} * {_SCALE} * {points.tenths}", str(_SCALE))

    def _number(self, name: str) -> str:
        value = self._read[name]
        return f"case when {value} then 1 else 0 end" if self._spec.by_name[name].type == "bool" else f"({value})"


def _seconds(start: str, end: str) -> str:
    return _macro("integer_quotient", _macro("milliseconds_between", start, end), "1000")


def _unscaled(parts: str) -> str:
    return f"cast(cast({parts} as decimal(18, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4))"


def _macro(name: str, *arguments: str) -> str:
    """A call of a dbt macro; arguments are SQL in which further calls may stand."""
    return f"{{{{ {name}({', '.join(_argument(a) for a in arguments)}) }}}}"


def _argument(sql: str) -> str:
    pieces = []
    for index, piece in enumerate(sql.replace("{{ ", "\x00").replace(" }}", "\x01").split("\x00")):
        if index == 0:
            pieces += [_text(piece)] if piece else []
            continue
        call, _, rest = piece.partition("\x01")
        pieces.append(call)
        pieces += [_text(rest)] if rest else []
    return " ~ ".join(pieces) or '""'


def _text(sql: str) -> str:
    return '"' + sql.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""What dbt gives to templates, for the SQL linter only: it renders models without dbt and without a warehouse.

The feature macros are stood in for as well: rendered in full, two models took three quarters of the linter's time.
"""

from __future__ import annotations

from collections.abc import Callable

execute = False
model = None


class _Adapter:
    """Stands in for dbt's adapter: an engine's expression renders as a call of its name."""

    def dispatch(self, name: str, _package: str = "") -> Callable[..., str]:
        """A macro that renders as SQL the linter can parse."""
        return _relation if name.startswith("explode_") or name == "read_lake_files" else _call(name)


def _call(name: str) -> Callable[..., str]:
    return lambda *arguments: f"{name}({', '.join(str(argument) for argument in arguments)})"


def _relation(source: object = "some_relation", *_: object) -> str:
    return f"select * from {source if isinstance(source, str) else 'some_relation'}"


def _features(query: str) -> str:
    return f"select asked.* from ({query}) as asked"


def _from(relation: str) -> Callable[[], str]:
    return lambda: _relation(relation)


adapter = _Adapter()
assignments_at = _from("cutoffs")
feature_identifiers = _from("assigned")
customer_features_at = _features
labels_after = _relation
consent_regimes = _from("places")


def visible_rows(relation: str) -> str:
    """The rows themselves, under the alias that the model gives them."""
    return f"(select seen.customer_id as visible, seen.* from {relation} as seen)"


def feature_consent(**_: object) -> str:
    """Words of the assigned identifiers."""
    return "select * from assigned"


def regime_joins(places: str) -> str:
    """The joins that find a place's regime."""
    return f"left join regimes on {places}.last_country = regimes.last_country"


def consent_outcomes() -> str:
    """The columns of one purpose."""
    return "consent.analytics as analytics_word,\n        regimes.analytics"


def env_var(name: str, default: str = "") -> str:
    """The default; the linter reads no environment."""
    return default or name

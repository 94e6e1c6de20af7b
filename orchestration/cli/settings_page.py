"""`docs/settings.md`, rendered from the settings' own fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from intake.settings import Settings

INTRODUCTION = """# Settings

`config/settings.yml`, next to what each field allows and what it is when left out. An unknown field or a value outside
its bounds is refused with one line that names the file, the field and the value.

Environment variables: `CONCIERGE_DATA` names the data folder (`./data`), `CONCIERGE_CONFIG` the configuration folder
(`./config`), `CONCIERGE_KEY` is the key of identifier hashes (else `data/keys/identifier.key`),
`CONCIERGE_USER_TOKEN_SECRET` signs user tokens (else `data/keys/user_token.key`), `CONCIERGE_API_KEY` is a key of the
service beside those of `concierge api-keys`, with every scope, `CONCIERGE_BROWSER_KEY` a public one for pages,
`CONCIERGE_BROWSER_ORIGINS` the origins of those pages, `CONCIERGE_DEBUG` shows tracebacks.
"""

HEADER = "| field | default | allowed | meaning |\n|---|---|---|---|\n"


def settings_page() -> str:
    """The page as Markdown: one table for the top level and one for each section."""
    top = [name for name, field in Settings.model_fields.items() if not _is_section(field)]
    parts = [INTRODUCTION, _table(Settings, top)]
    for name, field in Settings.model_fields.items():
        if _is_section(field):
            section: type[BaseModel] = field.annotation  # type: ignore[assignment]
            about = " ".join((section.__doc__ or "").split())
            parts.append(f"## {name}\n\n{about}\n\n" + _table(section, list(section.model_fields)))
    return "\n".join(parts)


def _table(model: type[BaseModel], names: list[str]) -> str:
    return HEADER + "".join(_row(name, model.model_fields[name]) for name in names)


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | `{_default(field)}` | {_allowed(field)} | {field.description or ''} |\n"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "null"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(field.annotation)))}"
    kind = getattr(field.annotation, "__name__", str(field.annotation)).replace("|", "or").replace("NoneType", "None")
    bounds = [_bound(rule) for rule in field.metadata]
    return ", ".join([kind, *(bound for bound in bounds if bound)])


def _bound(rule: Any) -> str:
    if isinstance(rule, Ge):
        return f"≥ {rule.ge}"
    if isinstance(rule, Le):
        return f"≤ {rule.le}"
    if isinstance(rule, MinLen):
        return f"at least {rule.min_length} characters"
    return f"at most {rule.max_length} characters" if isinstance(rule, MaxLen) else ""


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)

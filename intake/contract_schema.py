"""The JSON schema of source contracts, for editors; generated from the model that checks them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from intake.contract import SourceContract
from intake.matching_roles import ROLES


def source_schema() -> str:
    """The schema as it stands in `config/schemas/source.schema.json`."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SourceContract.model_json_schema(mode="validation"),
    }
    _allow_short_forms(schema)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _allow_short_forms(schema: dict[str, Any]) -> None:
    """Plain text for one location, for a constant in event_type, for a column in expressions, roles and consents."""
    fields = schema["properties"]
    fields["location"] = {"anyOf": [{"type": "string"}, {"type": "null"}, fields["location"]]}
    fields["event_type"] = {"anyOf": [{"type": "string"}, fields["event_type"]]}
    definitions = schema["$defs"]
    for role in ROLES:
        columns = definitions["Matching"]["properties"]
        columns[role] = {"anyOf": [{"type": "string"}, columns[role]]}
    for part in ("Expression", "ConsentTerm"):
        definitions[part] = {"anyOf": [{"type": "string"}, definitions.pop(part)]}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(source_schema(), encoding="utf-8")

"""What nothing may be decided by: attributes, and categories of goods that tell too much (`config/sensitive.yml`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from intake.config_file import read_config
from intake.yaml_text import from_yaml

ATTRIBUTES: Final = frozenset({
    "age", "birth_date", "disability", "ethnicity", "gender", "health", "home_ownership", "household_comp",
    "household_size", "income", "kids_count", "marital_status", "nationality", "political_opinion", "pregnancy",
    "race", "religion", "sex", "sexual_orientation", "union_membership",
})  # fmt: skip
"""Always; the names are those of CRM traits and of protected characteristics."""

CATEGORY_WORDS: Final = (
    "pharmacy", "pharmaceuticals", "prescription", "prescriptions", "rx", "medicine", "medicines", "medication",
    "medical", "contraception", "contraceptives", "condoms", "pregnancy", "fertility", "incontinence", "intimate",
    "erotic", "lingerie", "alcohol", "spirits", "liquor", "wine", "wines", "beer", "beers", "tobacco", "cigarettes",
    "vape", "cannabis", "cbd", "religious", "halal", "kosher",
)  # fmt: skip
"""Words of a category's name that hint at health, sex life, addiction or belief."""


class SensitiveUseError(ValueError):
    """Something sensitive was named where it may not decide; the message has file, field and name."""


class SensitiveRules(BaseModel):
    """`config/sensitive.yml`: what a shop adds to the built-in attributes, and its own words for categories."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attributes: tuple[str, ...] = Field(default=(), description="beside the built-in ones, which nothing removes")
    categories: tuple[str, ...] = Field(
        default=CATEGORY_WORDS, description="whole words (or several) of a category's name, in any case of letters"
    )

    @cached_property
    def names(self) -> frozenset[str]:
        """Every sensitive attribute."""
        return ATTRIBUTES | {found for name in self.attributes if (found := _joined(name.casefold()))}

    def own_words(self) -> list[str]:
        """The shop's own attributes as questions and traits are named in tables, which keep some letters (ß)."""
        spelt = {_joined(name.lower()) for name in self.attributes}
        return sorted((self.names | spelt) - ATTRIBUTES - {""})

    def attribute_in(self, name: str) -> str | None:
        """The sensitive attribute that a name is or is made of (age in customer_age), or None."""
        words = f"_{_joined(name.casefold())}_"
        return next((known for known in sorted(self.names) if f"_{known}_" in words), None)

    def is_category(self, category: str) -> bool:
        """Whether a category's name has one of the words."""
        words = f" {spaced(category)} "
        return any(f" {spaced(word)} " in words for word in self.categories)

    def check(self, names: Iterable[str], where: str, use: str) -> None:
        """Refuse sensitive attributes among the names of a field.

        Raises:
            SensitiveUseError: `where` (file and field), the name, the attribute and the use that is refused.
        """
        for name in names:
            found = self.attribute_in(name)
            if found is not None:
                told = f"{name!r}" if name == found else f"{name!r} ({found})"
                raise SensitiveUseError(f"{where}: {told} is a sensitive attribute, which no {use} may use")


def _joined(text: str) -> str:
    return re.sub(r"[\W_]+", "_", text).strip("_")


def spaced(text: str) -> str:
    """Small letters, with one blank for whatever parts words."""
    return " ".join(text.casefold().translate(SEPARATORS).split())


SEPARATING: Final = "/_-&>|,.:;()+"
SEPARATORS: Final = str.maketrans(SEPARATING, " " * len(SEPARATING))


def load_sensitive(config: Path) -> SensitiveRules:
    """Read `config/sensitive.yml` and what the contracts of the folder tag as sensitive.

    Raises:
        ConfigFileError: names the file, the field, the value and what is allowed.
    """
    own = read_config(config / "sensitive.yml", SensitiveRules)
    return own.model_copy(update={"attributes": (*own.attributes, *tagged(config / "sources"))})


def tagged(sources: Path) -> Sequence[str]:
    """Names that contracts put under `sensitive`; a contract that cannot be read has none here."""
    found: set[str] = set()
    for file in sorted(sources.glob("*.yml")):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "\nsensitive:" in text:
            found |= {str(name) for name in _members(text)}
    return sorted(found)


def _members(text: str) -> Iterable[object]:
    try:
        content = from_yaml(text)
    except yaml.YAMLError:
        return ()
    members = content.get("sensitive") if isinstance(content, dict) else None
    return members if isinstance(members, list | dict) else ()


def sensitive_schema() -> str:
    """The schema as it stands in `config/schemas/sensitive.schema.json`."""
    content: dict[str, Any] = SensitiveRules.model_json_schema(mode="validation")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

"""What people changed of placements, policies and experiments, by the version that brought it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import from_text, to_text


@dataclass(frozen=True)
class ConfigEdit:
    """One file that says something else than in the version before.

    Attributes:
        at: when it went live.
        file: from the configuration folder on, as `policies/offers.yml`.
        what: `added`, `removed` or `edited`.
        fields: of an edit, each field with its value before and after.
        author: who wrote the file as it stands.
        affected: customers whose answer it changes, estimated from `asked` of `people`.
    """

    at: datetime
    version: str
    before: str
    file: str
    what: str
    fields: tuple[str, ...]
    author: str
    published_by: str
    affected: int
    asked: int
    people: int


class EditBook(OpsDatabase):
    """The history of edits."""

    def record_edits(self, edits: Iterable[ConfigEdit]) -> None:
        """Add edits; those of a version that was recorded before are replaced."""
        rows = [
            (
                edit.version, edit.file, to_text(edit.at), edit.before, edit.what, json.dumps(edit.fields),
                edit.author, edit.published_by, edit.affected, edit.asked, edit.people,
            )
            for edit in edits
        ]  # fmt: skip
        with self.transaction() as connection:
            connection.executemany("insert or replace into config_edit values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def edits(self, since: datetime) -> list[ConfigEdit]:
        """Edits that went live at or after a moment, newest first."""
        rows = self.rows("select * from config_edit where at >= ? order by at desc, file", to_text(since))
        return [
            ConfigEdit(
                from_text(row["at"]), row["version"], row["before_version"], row["file"], row["what"],
                tuple(json.loads(row["fields"])), row["author"], row["published_by"], row["affected"], row["asked"],
                row["people"],
            )
            for row in rows
        ]  # fmt: skip

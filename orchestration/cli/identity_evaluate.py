"""`concierge identity evaluate`: the ledger against a known truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    import pandas as pd

    from intake.project import Project
    from ml.match_quality import MatchQuality
    from orchestration.cli.published import Published

VALUE_COLUMNS = ("value_clear", "value")

# Of a shared identifier the last owner counts.
CURRENT = """
select a.identifier_key, max_by(a.canonical_id, a.valid_to) as customer_id
from identity.identity_assignment a
where a.system_to > timestamp '9999-01-01' group by 1
"""


@dataclass(frozen=True)
class Compared:
    """What was compared, and what could not be."""

    quality: MatchQuality
    rows: int
    nobody: int
    placeholders: int
    ambiguous: int
    unknown: int


def evaluate(
    truth: Annotated[Path, typer.Option("--truth", metavar="FILE", help="CSV or parquet: type, value, person_id.")],
    kind: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="Type of every row; then FILE may have two columns: id, person."),
    ] = None,
) -> None:
    """Compare the published ledger with a file that says who stands behind each identifier.

    FILE has the columns type, value (or value_clear, in clear) and person_id; others are ignored. With --type crm_id
    the usual truth of record linkage will do: record id and cluster id. Identifiers that the ledger does not know, and
    those of several people, are counted and left out.
    """
    from orchestration.cli.console import say, show_table
    from orchestration.cli.published import Published

    project = open_project()
    published = Published.current(project.paths)
    found = compare(project, published, read_truth(truth, kind), truth)
    show_table(("measure", "value"), measures(found.quality))
    say(f"{found.quality.sessions:,} of {found.rows:,} rows compared; left out:")
    reasons = (
        ("unknown to the ledger", found.unknown),
        ("without a person", found.nobody),
        ("identifiers of several people", found.ambiguous),
        ("placeholders or not of their type", found.placeholders),
    )
    for what, count in reasons:
        say(f"  {count:,} {what}")
    say(f"published version {published.version}")


def measures(quality: MatchQuality) -> list[tuple[str, object]]:
    """The figures in the order of the table."""
    return [
        ("pairwise precision", quality.pairwise_precision),
        ("pairwise recall", quality.pairwise_recall),
        ("pairwise F1", quality.pairwise_f1),
        ("B-cubed precision", quality.bcubed_precision),
        ("B-cubed recall", quality.bcubed_recall),
        ("B-cubed F1", quality.bcubed_f1),
        ("profiles with several people (share)", quality.over_merged_share),
        ("most people in one profile", quality.largest_mix),
        ("profiles a person (mean)", quality.fragmentation),
    ]


def read_truth(file: Path, kind: str | None) -> pd.DataFrame:
    """The truth as columns type, value (clear text) and person_id.

    Raises:
        CommandError: the file cannot be read, or lacks a column, which is named.
    """
    import pandas as pd

    try:
        frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, dtype=str)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: not readable as {file.suffix.lstrip('.') or 'csv'}: {error}") from error
    if kind is not None and not set(VALUE_COLUMNS) & set(frame.columns) and frame.shape[1] >= 2:
        frame = frame.iloc[:, :2].set_axis(["value", "person_id"], axis=1)
    if kind is not None:
        frame = frame.assign(type=kind)
    value = next((name for name in VALUE_COLUMNS if name in frame.columns), None)
    missing = [name for name in ("type", "person_id") if name not in frame.columns]
    missing += [] if value else ["value"]
    if missing:
        has = ", ".join(map(str, frame.columns))
        raise CommandError(f"{file}: the column {missing[0]} is missing; it has: {has}")
    return frame[["type", value, "person_id"]].set_axis(["type", "value", "person_id"], axis=1)


def compare(project: Project, published: Published, truth: pd.DataFrame, file: Path) -> Compared:
    """Hash the truth's identifiers and measure the ledger's partition of those it knows.

    Raises:
        CommandError: none of them is known, or a type is none of the project's.
    """
    from ml.match_quality import match_quality

    said = truth[truth["person_id"].notna() & truth["value"].notna()].drop_duplicates()
    keyed = _keyed(project, said, file)
    usable = keyed[keyed["identifier_key"].notna()]
    alone = usable[usable.groupby("identifier_key")["person_id"].transform("nunique") == 1]
    ledger = published.frame(CURRENT)
    known = alone.drop_duplicates("identifier_key").merge(ledger, on="identifier_key")
    if known.empty:
        raise CommandError(f"{file}: none of its {len(truth):,} identifiers is known to the ledger")
    sides = known.rename(columns={"identifier_key": "session_id"}).assign(is_bot=False)
    return Compared(
        quality=match_quality(sides[["session_id", "customer_id"]], sides[["session_id", "person_id", "is_bot"]]),
        rows=len(truth),
        nobody=len(truth) - len(said),
        placeholders=len(keyed) - len(usable),
        ambiguous=len(usable) - len(alone),
        unknown=len(alone) - len(known),
    )


def _keyed(project: Project, truth: pd.DataFrame, file: Path) -> pd.DataFrame:
    from intake.event import IDENTIFIER_TYPES
    from intake.hashing import hash_distinct, identifier_key
    from intake.keys import identifier_key_bytes

    unknown = sorted(set(truth["type"].dropna()) - set(IDENTIFIER_TYPES))
    if unknown:
        raise CommandError(f"{file}: type {unknown[0]!r} is none of {', '.join(IDENTIFIER_TYPES)}")
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    hashes = [
        hash_distinct(key, kind, [value], region)[0]
        for kind, value in zip(truth["type"], truth["value"].astype(str), strict=True)
    ]
    keys = [None if found is None else identifier_key(found) for found in hashes]
    import pandas as pd

    return truth.assign(identifier_key=pd.array(keys, dtype="Int64"))

"""A person, or somebody typical of a segment, who asks under the files as they stand now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.ops_store import OpsStore
from intake.project import Project
from intake.regime import load_consent_rules
from orchestration.incentives.advice import published_advice
from orchestration.segments.carried import published_segments
from serving.content import Content
from serving.edited import edited
from serving.lean import attributes_used
from serving.live import LiveSnapshot
from serving.membership import carried
from serving.person import PROFILE_PURPOSES, Person, find_person
from serving.question import Context, Question
from serving.silence import under_regime
from serving.snapshot import pointer
from serving.snapshot.manifest import check_schema, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import FeatureValue, ProfileRecord, SnapshotError
from serving.uplift import Actions, advised_actions
from serving.variables import ANSWER, VARIABLES, Value

PUBLISHED = Path("current") / "concierge.duckdb"
STRANGER = "stranger"
SEGMENT = "segment"


class AskingError(ValueError):
    """Nobody can ask like this; the message says what is allowed."""


@dataclass(frozen=True)
class Asker:
    """Who asks, when and in which moment."""

    person: Person
    question: Question
    context: Context
    now: datetime
    visit: Mapping[str, Value]


def open_edited(project: Project, content: Content) -> LiveSnapshot:
    """The live snapshot as it would answer with `content`.

    Raises:
        SnapshotError: there is no live snapshot, or it cannot be read.
    """
    version = pointer.current(project.paths.snapshots)
    if version is None:
        raise SnapshotError(f"{project.paths.snapshots}: there is no live snapshot; make one with: concierge run")
    folder = (project.paths.snapshots / version).resolve()
    check_schema(read_manifest(folder))
    actions = advised_actions(content.placements, content.policies)
    with SnapshotReader(folder) as reader:
        of_segments = carried(reader.segments, content.placements, content.policies)
    names = attributes_used(content.placements, content.policies) | of_segments
    return edited(folder, content, PublishedFeatures(project, names, actions))


class PublishedFeatures:
    """Features and advice that a rule names and the snapshot may not carry, from the published tables, for one customer
    a time."""

    def __init__(self, project: Project, names: set[str], actions: Actions) -> None:
        self._database = project.paths.published / PUBLISHED
        self._names, self._actions = sorted(names), actions
        self._known: dict[str, Mapping[str, FeatureValue]] = {}

    def __call__(self, customer_id: str) -> Mapping[str, FeatureValue]:
        """The features of one customer; none where nothing has been published."""
        if customer_id not in self._known:
            found = published_features(self._database, self._names, customer_id)
            advice = published_advice(self._database, self._actions, customer_id)
            segments = published_segments(self._database, set(self._names), customer_id)
            self._known[customer_id] = {
                name: value for told in (found, advice, segments) for name, value in told.get(customer_id, {}).items()
            }
        return self._known[customer_id]


def published_features(
    database: Path, names: Sequence[str], customer_id: str | None = None
) -> dict[str, dict[str, FeatureValue]]:
    """Features of one customer, or of all, from the published tables; columns that are not there are left out."""
    if not database.exists() or not names:
        return {}
    with duckdb.connect(str(database), read_only=True) as connection:
        sql = "select column_name from information_schema.columns where table_name = 'customer_features'"
        there = {str(row[0]) for row in connection.execute(sql).fetchall()}
        chosen = [name for name in names if name in there]
        columns = "".join(f', "{name}"' for name in chosen)
        where = "" if customer_id is None else " where customer_id = ?"
        query = f"select customer_id{columns} from marts.customer_features{where}"
        rows = connection.execute(query, [] if customer_id is None else [customer_id]).fetchall()
    return {str(row[0]): {n: _plain(v) for n, v in zip(chosen, row[1:], strict=True)} for row in rows}


def _plain(value: object) -> FeatureValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    try:
        return float(str(value))
    except ValueError:
        return str(value)


def asker(
    project: Project,
    live: LiveSnapshot,
    placement: str,
    who: Sequence[tuple[str, str]],
    context: Context,
    now: datetime,
    session: Mapping[str, str],
) -> Asker:
    """Who asks.

    Args:
        project: whose keys hash identifiers and whose consent rules hold.
        live: whose people are known.
        placement: where.
        who: (type, value) of identifiers in clear; (segment, id or name) for somebody typical of one; none a stranger.
        context: the moment.
        now: aware.
        session: variables of the visit, and answers, as text.

    Raises:
        AskingError: no such placement, segment or variable.
    """
    if placement not in live.placements:
        raise AskingError(f"{placement!r} is not a placement; allowed: {', '.join(sorted(live.placements))}")
    segments = [value for kind, value in who if kind == SEGMENT]
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    clear = [pair for pair in who if pair[0] not in (SEGMENT, STRANGER)]
    hashed = [(kind, found) for kind, value in clear if (found := hash_identifier(key, kind, value, region))]
    if segments:
        person = typical(live, segments[-1])
    else:
        rules = load_consent_rules(project.config)
        person = under_regime(find_person(live.reader, hashed), rules, context.country, context.region, [])
    paused = frozenset(pause.scope for pause in OpsStore(project.paths).pauses())
    return Asker(person, Question(placement, tuple(hashed), paused), context, now, _visit(session))


def typical(live: LiveSnapshot, segment: str) -> Person:
    """Somebody of a segment who agreed to everything and of whom nothing else is known.

    Raises:
        AskingError: the decision table knows no such segment, and no profile has that name.
    """
    numbers = sorted({number for _, number, _ in live.decisions if number >= 0})
    names = {str(number): number for number in numbers}
    if segment not in names:
        for key, _ in live.reader.sample("profile", 5_000):
            # As it is stored: what edited rules need besides is a query for each.
            profile = SnapshotReader.profile(live.reader, key.decode())
            if profile is not None and profile.segment_name and profile.segment_id is not None:
                names[profile.segment_name] = profile.segment_id
    if segment not in names:
        raise AskingError(f"segment {segment!r} is unknown; allowed: {', '.join(names) or 'none'}")
    number = names[segment]
    name = next((text for text, value in names.items() if value == number and text != str(number)), None)
    granted = frozenset((*PROFILE_PURPOSES, "analytics"))
    profile = ProfileRecord(
        f"segment {number}",
        number,
        name,
        consent_personalization=True,
        consent_marketing_email=True,
        consent_profiling_price=True,
        consent_channels=[purpose for purpose in PROFILE_PURPOSES if purpose.startswith("marketing")],
    )
    return Person(profile, profile.customer_id, granted, agreed=granted)


def _visit(session: Mapping[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, text in session.items():
        variable = VARIABLES.get(name)
        if name.startswith(ANSWER):
            found[name] = text
        elif variable is None or (variable.scope != "session" and name != "session_seconds"):
            allowed = ", ".join(sorted(n for n, v in VARIABLES.items() if v.scope == "session"))
            raise AskingError(f"--session {name!r} is no variable of a visit; allowed: {allowed}, {ANSWER}<question>")
        else:
            found[name] = _typed(name, variable.kind, text)
    return found


def _typed(name: str, kind: str, text: str) -> Value:
    try:
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        return text if kind == "string" else int(text) if kind == "int" else float(text)
    except (KeyError, ValueError):
        allowed = "true, false" if kind == "bool" else f"a number of kind {kind}"
        raise AskingError(f"--session {name}: {text!r}; allowed: {allowed}") from None

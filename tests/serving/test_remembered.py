"""What rules, guards and cells remember of earlier questions changes no answer; cells by themselves: test_cell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decide import PAUSE_ALL, decide_for
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.question import Context, Question
from serving.rulebook import Guard, Program
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProductRecord
from serving.variables import SESSION_FEATURES
from tests.serving import sample
from tests.serving.experiments.registry import experiment, learned

ARM = "arm:banner/1/specials"
PEOPLE = ["ann", "bob", "cleo", "dan", "eve", "finn", "nobody"]


class Forgetful(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


def forget(live: LiveSnapshot) -> None:
    """Take every memory of a snapshot's answers away."""
    book = live.rulebook
    guards: list[Guard] = [*book._guards.values(), *book._product_guards.values()]
    named = [*book._forces.values(), *book._reasons.values(), *(guard.rules for guard in guards)]
    programs: list[Program] = [*book._first.values(), *(one.program for each in named for one in each)]
    holders: list[Any] = [*guards, *programs, *live.cells.values(), *live.declared.values()]
    for holder in holders:
        holder._memo = Forgetful()


def dated() -> list[Any]:
    """The shipped placements, whose actions begin and end at different hours; every fourth has a channel."""
    found = []
    for placement in sample.contents().placements:
        actions = [
            action if action.name in (placement.plain, placement.no_consent) else action.model_copy(
                update={
                    "starts_at": sample.NOW + timedelta(hours=n % 3) if n % 2 else None,
                    "ends_at": sample.NOW + timedelta(hours=2 + n % 4) if n % 3 else None,
                    "channels": placement.channels[:1] if n % 4 == 0 else [],
                }
            )
            for n, action in enumerate(placement.actions)
        ]  # fmt: skip
        found.append(placement.model_copy(update={"actions": actions}))
    return found


def sold_out() -> list[ProductRecord]:
    """The same shelf an hour later: what was there is gone, and what was gone is there."""
    return [msgspec.structs.replace(one, stock=0.0 if one.stock else 9.0) for one in sample.products()]


Versions = list[tuple[LiveSnapshot, LiveSnapshot]]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    """Two versions that differ in their stock, each with a snapshot that remembers and one that forgets."""
    root, tried = tmp_path_factory.mktemp("snapshots"), learned(experiment())
    with ExitStack() as opened:
        pairs = []
        for version, products in (("v1", sample.products()), ("v2", sold_out())):
            folder = sample.write(root, version, placements=dated(), products=products, learned=tried)
            pair = [opened.enter_context(closing(LiveSnapshot(SnapshotReader(folder)))) for _ in range(2)]
            forget(pair[1])
            pairs.append((pair[0], pair[1]))
        yield pairs


contexts = st.builds(
    Context,
    device_type=st.sampled_from([None, "mobile", "desktop"]),
    channel=st.sampled_from([None, "web", "email", "app"]),
    hour=st.sampled_from([None, 0, 9, 23]),
    product_id=st.sampled_from([None, "p1", "p4", "nope"]),
    product_ids=st.lists(st.sampled_from([f"p{n}" for n in range(1, 8)]), max_size=3),
    cart_value=st.sampled_from([None, 0.0, 30.0, 80.0]),
    session_seconds=st.sampled_from([None, 1.0, 900.0]),
)
# What was bought since the batch, and in a visit that began before or after it.
visits = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "session_views": st.integers(0, 3),
        "session_cart_adds": st.integers(0, 1),
        SESSION_FEATURES["orders"]: st.integers(0, 2),
        SESSION_FEATURES["seconds"]: st.sampled_from([60, 90_000]),
    },
)
asked = st.tuples(
    st.integers(0, 1),
    st.sampled_from(PEOPLE),
    st.sampled_from([placement.name for placement in sample.contents().placements]),
    contexts,
    visits,
    st.integers(-1, 6).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from([None, frozenset[str](), frozenset({"personalization"})]),
    st.sampled_from([frozenset[str](), *map(frozenset, ({PAUSE_ALL}, {"home_hero"}, {ARM}, {ARM, "home_hero"}))]),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(asked, min_size=1, max_size=12))
def test_an_answer_is_the_same_whatever_was_asked_before(versions: Versions, series: Any) -> None:
    for version, who, placement, context, visit, later, granted, paused in series:
        question = Question(placement, (("loyalty_id", sample.value_hash("loyalty_id", who)),), paused)
        answers = []
        for live in versions[version]:
            person = find_person(live.reader, question.identifiers)
            if granted is not None:
                person = msgspec.structs.replace(person, granted=granted)
            answers.append(decide_for(live, person, question, context, sample.NOW + later, visit))
        assert msgspec.json.encode(answers[0]) == msgspec.json.encode(answers[1])

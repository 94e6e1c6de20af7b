"""What is gathered for a placement is what gathering everything would give its rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.evidence import gather
from serving.live import LiveSnapshot
from serving.person import Person
from serving.policy import Policy
from serving.question import Context
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProductRecord, ProfileRecord
from serving.variables import VARIABLES, known_name
from tests.serving import sample

NUMBERS = st.one_of(st.none(), st.floats(0, 90))
PRODUCTS = st.builds(
    ProductRecord, st.just("p"), st.sampled_from([None, "DELI"]), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS
)
FEATURES = st.dictionaries(
    st.sampled_from(sorted(VARIABLES)), st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=4))
)
CONTEXTS = st.builds(
    Context,
    device_type=st.sampled_from([None, "mobile"]),
    session_seconds=NUMBERS,
    hour=st.sampled_from([None, 20]),
    cart_value=NUMBERS,
    category=st.sampled_from([None, "DELI"]),
    filters=st.sampled_from([[], ["a=b"]]),
    lingers_on=st.sampled_from([None, "size"]),
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSnapshot]:
    with closing(LiveSnapshot(SnapshotReader(sample.write(tmp_path_factory.mktemp("snapshots"))))) as snapshot:
        yield snapshot


@given(FEATURES, CONTEXTS, st.lists(st.one_of(st.none(), PRODUCTS), max_size=3), PRODUCTS)
def test_rules_see_what_they_would_see_among_everything(
    live: LiveSnapshot,
    features: dict[str, Any],
    context: Context,
    cart: list[ProductRecord | None],
    viewed: ProductRecord,
) -> None:
    person = Person(ProfileRecord("c", 2, "Seg", features=features), "c", frozenset({"personalization"}))
    visit = {"session_checkouts": 1, "moment_score": 0.5, "session_seconds": 7, "shown:a/b": "1"}
    everything = gather(person, context, cart, sample.NOW, visit, viewed)
    for placement in live.placements.values():
        wanted = live.wanted[placement.name]
        looked_up = cart if wanted.needs_products else [None] * len(cart)
        mine = gather(person, context, looked_up, sample.NOW, visit, viewed, None, wanted)
        names = [
            name for variable in live.rulebook.read_in(placement.name) for name in (variable, known_name(variable))
        ]
        for action in placement.actions:
            fixed = live.action_values[placement.name, action.name]
            expected = everything.of_product(everything.of_action(action), "p", viewed)
            values = mine.of_product(mine.of_action(action, fixed), "p", viewed)
            assert {name: values[name] for name in names} == {name: expected[name] for name in names}


def test_a_cart_is_looked_up_only_where_its_products_matter(live: LiveSnapshot) -> None:
    assert live.wanted["checkout_incentive"].needs_products
    assert not live.wanted["home_hero"].needs_products


def test_an_expression_without_variables_has_an_answer(tmp_path: Path) -> None:
    rule = {"name": "never", "effect": "block", "when": "true", "reason": "No.", "actions": ["free_shipping"]}
    policy = {"name": "p", "version": 1, "description": "d", "owner": "o", "rules": [rule]}
    folder = sample.write(tmp_path, policies=[Policy.model_validate(policy)])
    with closing(LiveSnapshot(SnapshotReader(folder))) as bare:
        guard = bare.rulebook.guard("checkout_incentive", "free_shipping")
        assert guard.objection(bare.wanted["checkout_incentive"].blank) is not None

"""What a cell of the decision table offers, whoever asked it before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serving.cell import Cell
from serving.content import load_content
from serving.snapshot.records import DecisionRow, ProfileRecord
from tests.serving import sample

TILL = next(one for one in load_content(sample.CONFIG).placements if one.name == "checkout_incentive")
NAMES = [action.name for action in TILL.actions]
SCORES = st.lists(st.sampled_from([-1.0, 0.0, 1.0, 1.05, 2.0]), min_size=len(NAMES), max_size=len(NAMES))
PERMITTED = st.lists(st.sets(st.sampled_from(NAMES)), max_size=6)


def rows(scores: list[float]) -> list[DecisionRow]:
    found = [DecisionRow(TILL.name, 0, "any", name, score, "t", 9) for name, score in zip(NAMES, scores, strict=True)]
    return sorted(found, key=lambda row: (-row.score, row.action))


@given(SCORES, PERMITTED)
def test_a_price_cut_needs_its_advantage_in_every_set_of_permitted_actions(
    scores: list[float], sets: list[set[str]]
) -> None:
    cell, by_name = Cell(TILL, rows(scores), is_weighted=False), dict(zip(NAMES, scores, strict=True))
    for names in sets * 2:
        offer = cell.offer({action.name: action for action in TILL.actions if action.name in names}, None)
        expected = {name for name in names if name != "ten_percent_off"}
        shipping = by_name["free_shipping"]
        if "ten_percent_off" in names and (
            "free_shipping" not in names or by_name["ten_percent_off"] >= shipping + abs(shipping) * 0.1
        ):
            expected.add("ten_percent_off")
        assert set(offer.names) == expected == {action.name for action in offer.actions}
        assert list(offer.names) == sorted(offer.names, key=lambda name: (-by_name[name], name))
        assert {one.action for one in offer.blocked} == names - expected


def test_weighted_rows_are_scored_for_each_person() -> None:
    adjusted = TILL.model_copy(update={"returns_adjusted": True})
    cell = Cell(adjusted, rows([1.0, 1.2, 0.0]), is_weighted=True)
    permitted = {action.name: action for action in adjusted.actions[:2]}
    keeps, returns = (ProfileRecord("c", features={"return_order_rate": rate}) for rate in (0.0, 0.5))
    # Free shipping costs 4.95 and costs it whole: (1.2 + 4.95) / 2 - 4.95 is less than nothing.
    assert [cell.offer(permitted, one).names[0] for one in (keeps, returns, keeps)] == [
        "free_shipping", "none", "free_shipping"
    ]  # fmt: skip

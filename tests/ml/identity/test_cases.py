"""The cases that identity systems are known to get wrong, one test each."""

from __future__ import annotations

import pandas as pd

from ml.identity import FOREVER, Resolution, assignments_at, canonical_id, owner_on
from ml.identity.keys import edge_key
from tests.ml.identity import ledgers
from tests.ml.identity.ledgers import person, resolve_frames, statuses


def alone(result: Resolution, *keys: int) -> bool:
    """Whether these identifiers are all different people."""
    return len({person(result, key) for key in keys}) == len(keys)


def edge_states(result: Resolution) -> dict[tuple[int, int], tuple[str, object]]:
    rows = result.edge
    reasons = rows["reason"].where(rows["reason"].notna(), None)
    return dict(
        zip(zip(rows["a_key"], rows["b_key"], strict=True), zip(rows["state"], reasons, strict=True), strict=True)
    )


def profile_status(result: Resolution, key: int) -> str:
    return str(result.canonical.set_index("canonical_id").loc[canonical_id(key), "status"])


def test_a_kiosk_belongs_to_nobody_and_ties_nobody() -> None:
    logins = [(key, "login", 0) for key in range(1, 8)]
    nodes = ledgers.identifiers(*logins, (9, "device_id", 0))
    result = resolve_frames(nodes, ledgers.pairs(*[(key, 9, key) for key in range(1, 8)]))
    assert statuses(result)[9] == "blocked"
    assert person(result, 9) is None
    assert alone(result, *range(1, 8))
    assert result.event["type"].tolist().count("block") == 1


def test_a_placeholder_flagged_as_blocked_releases_everybody() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), (2, "crm_id", 0), (3, "email", 0))
    links = ledgers.pairs((1, 3, 1), (2, 3, 2))
    result = resolve_frames(nodes, links, flags=ledgers.flags((3, "blocked", 5)))
    assert person(result, 2, hour=5) == canonical_id(1)
    assert alone(result, 1, 2)
    assert person(result, 3) is None
    assert profile_status(result, 2) == "active"
    assert set(edge_states(result).values()) == {("quarantined", "blocked")}


def test_twins_of_one_household_email_stay_two_whatever_the_scorer_says() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), (2, "crm_id", 0), (3, "email", 0))
    result = resolve_frames(
        nodes,
        ledgers.pairs((1, 3, 1), (2, 3, 2), (1, 2, 3, 0.97)),
        flags=ledgers.flags((3, "shared", 2)),
        vetoes=ledgers.vetoes((1, 2, 2)),
    )
    assert alone(result, 1, 2)
    assert edge_states(result)[1, 2] == ("rejected", "vetoed")


def test_senior_and_junior_are_parted_when_the_veto_comes_late() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), (2, "crm_id", 1))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 2, 0.9)), vetoes=ledgers.vetoes((2, 1, 6)))
    assert person(result, 2, hour=6) == person(result, 1, hour=6) == canonical_id(1)
    assert person(result, 2) == canonical_id(2)
    split = result.event.loc[result.event["type"] == "split"].iloc[0]
    assert (split["survivor_id"], split["other_id"]) == (canonical_id(1), canonical_id(2))
    assert split["reason"] == "other birth date"


def test_a_household_email_is_whose_it_is_most_and_fades_by_half_in_a_year() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "email", 0))
    result = resolve_frames(
        nodes,
        ledgers.pairs((1, 3, 1), (2, 3, 2)),
        claims=ledgers.claims((3, 1, 0, 4, 1), (3, 2, 10, 2, 250), (3, 2, 500, 1, 12_100)),
    )
    assert alone(result, 1, 2)
    assert statuses(result)[3] == "shared"
    days = assignments_at(result.assignment, FOREVER).query("identifier_key == 3")
    assert days["canonical_id"].tolist() == [canonical_id(1), canonical_id(2)]
    assert days["valid_from"].iloc[1] == pd.Timestamp(ledgers.at(24 * 500))


def test_a_recycled_phone_goes_to_the_new_owner_from_the_day_the_old_claim_has_faded() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "phone", 0))
    result = resolve_frames(
        nodes,
        ledgers.pairs((1, 3, 1), (2, 3, 24 * 400)),
        claims=ledgers.claims((3, 1, 0, 3, 1), (3, 2, 400, 1, 24 * 400)),
    )
    assert person(result, 3, hour=24 * 400) == canonical_id(1)
    assert person(result, 3) == canonical_id(2)
    owner = owner_on(result.assignment, FOREVER, pd.Timestamp(ledgers.at(24 * 399))).set_index("identifier_key")
    assert owner.loc[3, "canonical_id"] == canonical_id(1)


def test_two_accounts_of_one_email_stay_two_people() -> None:
    nodes = ledgers.identifiers((1, "loyalty_id", 0), (2, "loyalty_id", 0), (3, "email", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert alone(result, 1, 2, 3)
    assert set(result.quarantine["reason"]) == {"shared"}


def test_two_logins_of_one_record_stay_two_people() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "crm_id", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)))
    assert person(result, 3) == person(result, 1) != person(result, 2)
    assert edge_states(result)[2, 3] == ("quarantined", "exclusive_conflict")


def test_a_bot_with_eighty_emails_holds_five_and_is_quarantined() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), *[(key, "email", 0) for key in range(2, 82)], (90, "login", 3))
    result = resolve_frames(nodes, ledgers.pairs(*[(1, key, 1) for key in range(2, 82)], (1, 90, 4)))
    sizes = assignments_at(result.assignment, FOREVER).groupby("canonical_id").size()
    assert sizes.max() == 6
    assert result.quarantine["reason"].value_counts().to_dict() == {"frozen": 75, "too_many_values": 1}
    assert profile_status(result, 1) == "quarantined"
    assert person(result, 90) == canonical_id(90)
    forced = resolve_frames(nodes, ledgers.pairs((1, 90, 4)), overrides=ledgers.overrides((1, 90, "must_link", 5)))
    assert person(forced, 90) == canonical_id(1)


def test_five_emails_a_year_are_one_person_for_ever() -> None:
    hours = [24 * 80 * number for number in range(12)]
    nodes = ledgers.identifiers((1, "crm_id", 0), *[(2 + i, "email", hour) for i, hour in enumerate(hours)])
    result = resolve_frames(nodes, ledgers.pairs(*[(1, 2 + i, hour) for i, hour in enumerate(hours)]))
    assert {person(result, key) for key in range(1, 14)} == {canonical_id(1)}


def test_two_colleagues_on_one_device_stay_two_people() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "device_id", 0))
    result = resolve_frames(
        nodes, ledgers.pairs((1, 3, 1), (2, 3, 2)), claims=ledgers.claims((3, 1, 0), (3, 2, 1), (3, 2, 2))
    )
    assert alone(result, 1, 2)
    assert person(result, 3) == canonical_id(2)


def test_a_cookie_that_goes_from_ann_to_bob_and_back_is_each_ones_on_their_days() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0), (3, "cookie", 1))
    result = resolve_frames(
        nodes, ledgers.pairs((1, 3, 1), (2, 3, 125)), claims=ledgers.claims((3, 1, 0), (3, 2, 5), (3, 1, 9))
    )
    days = assignments_at(result.assignment, FOREVER).query("identifier_key == 3")
    assert days["canonical_id"].tolist() == [canonical_id(1), canonical_id(2), canonical_id(1)]
    assert days["valid_from"].tolist() == [pd.Timestamp(ledgers.at(24 * day)) for day in (0, 5, 9)]
    assert alone(result, 1, 2)


def test_a_value_that_turns_bad_undoes_the_merges_of_earlier_days() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "crm_id", 0), (3, "cookie", 0), (4, "login", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 3, 1), (2, 3, 24), (4, 3, 99)))
    assert person(result, 2, hour=99) == canonical_id(1)
    assert alone(result, 1, 2, 4)
    splits = result.event.loc[result.event["type"] == "split"]
    assert splits["other_id"].tolist() == [canonical_id(2), canonical_id(3)]
    assert set(splits["reason"]) == {"more than 1 of type login"}


def test_late_evidence_is_known_from_its_arrival_and_not_before() -> None:
    result = resolve_frames(ledgers.identifiers((1, "login", 0), (2, "email", 0)), ledgers.pairs((1, 2, 8)))
    assert person(result, 2, hour=8) == canonical_id(2)
    assert person(result, 2, hour=9) == canonical_id(1)


def test_an_identifier_that_is_sent_again_after_its_erasure_stays_erased() -> None:
    nodes = ledgers.identifiers((1, "email", 0), (2, "crm_id", 0), (3, "crm_id", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 1), (1, 3, 9)), erased=ledgers.erased((1, 5)))
    assert person(result, 1, hour=5) == person(result, 2, hour=5) == canonical_id(1)
    assert person(result, 1) is None
    assert alone(result, 2, 3)
    assert profile_status(result, 1) == "erased"
    assert set(edge_states(result).values()) == {("retracted", "erased")}
    assert result.event["type"].tolist().count("erase") == 1


def test_a_cannot_link_cuts_a_certain_chain_at_its_weakest_link() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "email", 0), (3, "cookie", 0), (4, "crm_id", 0), (5, "pos_id", 0))
    links = ledgers.pairs((1, 2, 1), (2, 3, 2), (3, 4, 3), (4, 5, 4))
    said = ledgers.overrides((1, 5, "cannot_link", 9))
    result = resolve_frames(nodes, links, overrides=said)
    assert person(result, 5, hour=9) == canonical_id(1)
    assert person(result, 5) == person(result, 4) != person(result, 1)
    assert edge_states(result)[3, 4] == ("rejected", "cannot_link")
    unmerge = result.event.loc[result.event["type"] == "unmerge"].iloc[0]
    assert unmerge["cause_edge_key"] == edge_key(3, 4, "same_event", "web")
    assert (unmerge["actor"], unmerge["reason"]) == ("anna", "asked by the customer")
    assert (unmerge["survivor_id"], unmerge["other_id"]) == (canonical_id(1), canonical_id(4))


def test_certain_evidence_beats_an_earlier_guess() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "crm_id", 0), (3, "login", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 1, 0.9), (2, 3, 5)))
    assert person(result, 2, hour=5) == canonical_id(1)
    assert person(result, 2) == person(result, 3) == canonical_id(2)
    assert edge_states(result)[1, 2] == ("quarantined", "exclusive_conflict")
    assert set(assignments_at(result.assignment, FOREVER)["tier"]) == {"certain"}


def test_a_must_link_joins_two_logins_and_says_who_wanted_it() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "login", 0))
    result = resolve_frames(nodes, ledgers.pairs(), overrides=ledgers.overrides((2, 1, "must_link", 3)))
    assert person(result, 2) == canonical_id(1)
    merge = result.event.loc[result.event["type"] == "merge"].iloc[0]
    assert (merge["actor"], merge["reason"]) == ("anna", "asked by the customer")
    assert result.edge["kind"].tolist() == ["manual"]


def test_a_must_link_after_a_cannot_link_takes_it_back() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), (2, "crm_id", 0))
    said = ledgers.overrides((1, 2, "cannot_link", 1), (1, 2, "must_link", 5))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 2)), overrides=said)
    assert person(result, 2, hour=5) == canonical_id(2)
    assert person(result, 2) == canonical_id(1)
    assert set(result.edge["state"]) == {"active"}


def test_a_guess_is_probable_until_something_certain_confirms_it() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "crm_id", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 1, 0.8), (2, 1, 4)))
    assert result.assignment.query("identifier_key == 2")["tier"].tolist() == ["certain", "probable", "certain"]


def test_hints_are_listed_and_belong_to_nobody() -> None:
    nodes = ledgers.identifiers((1, "login", 0), (2, "ip", 0))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 1)))
    assert statuses(result) == {1: "active", 2: "hint"}
    assert result.assignment["identifier_key"].tolist() == [1]
    assert edge_states(result)[1, 2] == ("rejected", "hint")


def test_a_click_goes_with_the_browser_it_came_to() -> None:
    nodes = ledgers.identifiers((1, "click_id", 0), (2, "cookie", 0), (3, "login", 1))
    result = resolve_frames(nodes, ledgers.pairs((1, 2, 0), (2, 3, 1)))
    assert person(result, 1) == person(result, 2) == person(result, 3)


def test_two_cookies_alone_are_not_a_person() -> None:
    result = resolve_frames(ledgers.identifiers((1, "cookie", 0), (2, "device_id", 0)), ledgers.pairs((1, 2, 1)))
    assert alone(result, 1, 2)
    assert edge_states(result)[1, 2] == ("rejected", "weak_pair")


def test_a_merge_names_its_survivor_and_its_cause() -> None:
    result = resolve_frames(ledgers.identifiers((1, "login", 0), (2, "email", 1)), ledgers.pairs((1, 2, 4)))
    merge = result.event.loc[result.event["type"] == "merge"].iloc[0]
    assert (merge["survivor_id"], merge["other_id"]) == (canonical_id(1), canonical_id(2))
    assert merge["cause_edge_key"] == edge_key(1, 2, "same_event", "web")
    assert merge["at"] == pd.Timestamp(ledgers.at(4))
    redirected = result.canonical.set_index("canonical_id").loc[canonical_id(2)]
    assert (redirected["status"], redirected["redirect_to"]) == ("merged", canonical_id(1))


def test_identifiers_that_arrive_together_make_one_person_at_once() -> None:
    result = resolve_frames(ledgers.identifiers((1, "login", 3), (2, "cookie", 3)), ledgers.pairs((1, 2, 3)))
    assert len(result.assignment) == 2
    assert result.event["type"].tolist() == ["create"]


def test_a_chain_of_a_thousand_ends_in_one_person_and_one_hop() -> None:
    nodes = ledgers.identifiers(*[(key, "crm_id", 0) for key in range(1, 1_001)])
    result = resolve_frames(nodes, ledgers.pairs(*[(key, key + 1, key) for key in range(1, 1_000)]))
    assert set(result.canonical["redirect_to"].dropna()) == {canonical_id(1)}
    assert assignments_at(result.assignment, FOREVER)["canonical_id"].nunique() == 1


def test_an_un_merge_gives_back_the_earlier_of_two_competing_links_not_the_stronger() -> None:
    nodes = ledgers.identifiers((1, "crm_id", 0), (3, "crm_id", 0), (4, "crm_id", 0))
    result = resolve_frames(
        nodes,
        ledgers.pairs((1, 4, 1, 0.8), (1, 3, 2, 0.95)),
        vetoes=ledgers.vetoes((3, 4, 0)),
        overrides=ledgers.overrides((3, 4, "must_link", 20), (3, 4, "cannot_link", 21)),
    )
    assert person(result, 3, hour=21) == person(result, 4, hour=21) == canonical_id(1)
    for hour in (20.0, None):
        assert person(result, 4, hour=hour) == canonical_id(1)
        assert person(result, 3, hour=hour) == canonical_id(3)

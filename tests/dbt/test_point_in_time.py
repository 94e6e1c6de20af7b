"""What followed a cut-off, and what arrives late, never moves what was known at it."""

from __future__ import annotations

import pytest

from tests.dbt.dbt_room import Room, busy_fortnight, event, order

CUTOFF = "2017-01-12"


@pytest.fixture(scope="module")
def known_then(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A warehouse that never heard of anything that arrived at or after the cut-off."""
    room = Room(tmp_path_factory.mktemp("known_then"))
    room.land("shop", [row for row in busy_fortnight() if str(row["received_at"]) < f"{CUTOFF} 00:00:00"])
    room.stand_at(f"{CUTOFF} 00:00:00")
    room.build_days("2017-01-01", CUTOFF)
    room.resolve_identities()
    room.dbt("run", "--select", "+customer_features,tag:profiles")
    return room


def test_the_frame_at_a_cutoff_is_what_scoring_saw_then(built: Room, known_then: Room) -> None:
    columns = "* EXCLUDE (role, horizon_days, churned, n_orders_horizon, spend_horizon_amount)"
    frame = built.table("marts.training_frame", columns)
    assert len(frame) > 3
    assert frame == known_then.table("marts.customer_features")


def test_late_data_does_not_move_an_old_frame(built: Room, tmp_path_factory: pytest.TempPathFactory) -> None:
    late = Room(tmp_path_factory.mktemp("late"))
    arrives = 12 * 86_400
    late.land("shop", busy_fortnight())
    late.land(
        "late",
        [
            order("late-order", "2017-01-08 10:00:00", "loyalty_id:1", ["99.00"], delay_s=arrives),
            order("late-label", "2017-01-13 10:00:00", "loyalty_id:2", ["77.00"], delay_s=arrives),
            event("late-tie", "custom", "2017-01-08 11:00:00", who="loyalty_id:2 cookie:5", delay_s=arrives),
            event("late-view", "page_viewed", "2017-01-05 23:40:00", who="cookie:5", session_id="v5", delay_s=arrives),
            event("late-login", "logged_in", "2017-01-06 23:57:00", who="login:9", session_id="v6", delay_s=arrives),
        ],
    )
    late.stand_at("2017-01-28 00:00:00")
    late.cut_off(CUTOFF, horizon_days=5)
    late.build_days("2017-01-01", "2017-01-28")
    late.resolve_identities()
    late.dbt("run", "--select", "+training_frame,tag:profiles")
    assert late.table("marts.training_frame") == built.table("marts.training_frame")


def test_a_label_is_the_orders_of_the_horizon(built: Room) -> None:
    labels = built.execute(
        "SELECT churned, n_orders_horizon FROM marts.training_frame WHERE orders_lifetime > 0 ORDER BY n_orders_horizon"
    )
    assert labels == [(0, 1), (0, 2), (0, 2)]


def test_further_windows_are_counted_from_the_same_midnight(built: Room) -> None:
    """Five days are the frame's own window, of one day only the first is in, and sixty have not closed."""
    columns = "customer_id, as_of, n_orders_horizon, spend_horizon_amount"
    own = f"SELECT {columns} FROM marts.training_frame WHERE n_orders_horizon > 0 ORDER BY 1"
    again = f"SELECT {columns} FROM marts.training_label WHERE horizon_days = 5 ORDER BY 1"
    assert built.execute(again) == built.execute(own) != []
    first_day = built.execute(
        """
        SELECT customer_id, count(*), sum(order_amount) FROM marts.fct_order
        WHERE order_date = DATE '2017-01-12' AND customer_id IN (SELECT customer_id FROM marts.training_frame)
        GROUP BY 1 ORDER BY 1
        """
    )
    near = "SELECT customer_id, n_orders_horizon, spend_horizon_amount FROM marts.training_label WHERE horizon_days = 1"
    assert built.execute(f"{near} ORDER BY 1") == first_day
    assert built.execute("SELECT count(*) FROM marts.training_label WHERE horizon_days = 60") == [(0,)]


def test_a_cutoff_with_an_open_horizon_is_not_in_the_frame(known_then: Room) -> None:
    known_then.cut_off("2017-01-08", horizon_days=5)
    known_then.dbt("run", "--select", "training_frame")
    assert known_then.table("marts.training_frame") == []

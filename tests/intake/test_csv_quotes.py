"""Lines that a quote mark swallowed, and text of several lines, which is none."""

from __future__ import annotations

from intake.csv_quotes import swallowed_lines


def test_prose_with_commas_on_several_lines_is_one_cell() -> None:
    assert swallowed_lines('1,2026-01-02,u1,"I bought\nshoes, shirts, socks, and hats', 2, ",", 4) == []
    swallowed = swallowed_lines('1,2026-01-02,u1,"I bought\n2,2026-01-03,u2,well, good', 2, ",", 4)
    assert [line.row_number for line in swallowed] == [2, 3]

"""What the demo's last page tells to type is accepted by the command line."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.demo.person import Followed
from orchestration.demo.summary import NEXT, identity_commands

FOLLOWED = Followed("c1", {"loyalty_id": "17", "email": "ann@shop.test", "cookie": "ck-1"})


def test_the_followed_person_is_named_by_card_and_cookie() -> None:
    path, unlink = identity_commands(FOLLOWED).splitlines()
    assert path == "  concierge identity path loyalty_id:17 cookie:ck-1"
    assert unlink.startswith("  concierge identity unlink loyalty_id:17 cookie:ck-1 --reason ")


def test_without_a_followed_person_nothing_is_offered() -> None:
    text = NEXT.format(kind="loyalty_id", value="1", docs="open x", identity=identity_commands(None))
    assert "identity" not in text
    assert "  concierge explain loyalty_id 1\n  concierge alerts list" in text


@pytest.mark.parametrize("line", identity_commands(FOLLOWED).splitlines())
def test_an_offered_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    shown = CliRunner().invoke(app, [*words[:2], "--help"])
    assert shown.exit_code == 0
    assert [word for word in words if word.startswith("--") and word not in shown.output] == []

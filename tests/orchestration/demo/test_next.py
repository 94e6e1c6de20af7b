"""What the demo's last page tells to type is accepted by the command line."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.demo.person import Followed
from orchestration.demo.summary import NEXT, commands_about

FOLLOWED = Followed("c1", {"loyalty_id": "17", "email": "ann@shop.test", "cookie": "ck-1"})


def test_the_followed_person_is_named_by_card_and_cookie() -> None:
    replay, path, unlink, erase = commands_about(FOLLOWED, "0" * 32).splitlines()
    assert replay == f"  concierge replay {'0' * 32}"
    assert erase == "  concierge erase loyalty_id 17 --dry-run"
    assert path == "  concierge identity path loyalty_id:17 cookie:ck-1"
    assert unlink.startswith("  concierge identity unlink loyalty_id:17 cookie:ck-1 --reason ")


def test_without_a_followed_person_nothing_is_offered() -> None:
    text = NEXT.format(kind="loyalty_id", value="1", docs="open x", commands=commands_about(None, None))
    assert "identity" not in text
    assert "  concierge explain loyalty_id 1\n  concierge what-if --policies config" in text


@pytest.mark.parametrize("line", commands_about(FOLLOWED, "0" * 32).splitlines())
def test_an_offered_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    named = words[:2] if words[0] == "identity" else words[:1]
    shown = CliRunner().invoke(app, [*named, "--help"])
    assert shown.exit_code == 0
    assert [word for word in words if word.startswith("--") and word not in shown.output] == []

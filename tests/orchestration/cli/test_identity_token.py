"""`concierge identity token`: what it prints, the service accepts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from typer.testing import Result

from intake.project import Project
from intake.user_token import UserTokenError
from serving.configuration import service_config
from serving.service import Service

Concierge = Callable[..., Result]


def test_the_service_of_the_project_accepts_it_while_it_lasts(concierge: Concierge, project: Project) -> None:
    printed = concierge("identity", "token", "email:Ada@shop.test", "login:ada", "--hours", "2").stdout
    service, now = Service(service_config(project)), project.clock.now()
    hashing = service.config.hash_identifier
    assert service.vouched(printed.strip(), now) >= {
        ("email", hashing("email", "ada@shop.test")),
        ("login", hashing("login", "ada")),
    }
    with pytest.raises(UserTokenError, match="expired"):
        service.vouched(printed.strip(), now + timedelta(hours=2, seconds=5))


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("cookie:ck-1", 1, "a token vouches for a person's identifiers"),
        ("email:none", 1, "names nobody"),
        ("ada", 2, "write TYPE:VALUE"),
        ("shoe:44", 2, "types: "),
    ],
)
def test_what_no_token_can_vouch_for(concierge: Concierge, word: str, code: int, said: str) -> None:
    result = concierge("identity", "token", word)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""

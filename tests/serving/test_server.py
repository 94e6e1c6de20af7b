"""Where the service may listen, and what its configuration refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.paths import DataPaths
from intake.project import Project
from intake.user_token import token_secret
from serving.configuration import ServiceConfigError, service_config
from serving.http.gate import is_loopback
from serving.server import check_binding
from tests.serving import sample


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("8.8.8.8", False),
     ("192.168.0.1", False), ("::", False), ("shop.internal", False), ("localhost.shop", False)],
)  # fmt: skip
def test_beyond_the_loopback_a_key_is_needed(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    check_binding(host, True)
    if loopback:
        check_binding(host, False)
    else:
        with pytest.raises(ServiceConfigError, match=f"host: '{host}' is not the loopback"):
            check_binding(host, False)


def test_the_configuration_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCIERGE_API_KEY", raising=False)
    project = Project.open(DataPaths(tmp_path), sample.CONFIG)
    config = service_config(project)
    assert config.api_key is None
    assert config.paused_scopes() == frozenset()
    hashed = config.hash_identifier("email", " Joe@Example.net ")
    assert hashed == config.hash_identifier("email", "joe@example.net")
    assert hashed is not None
    assert len(hashed) == 32
    assert config.hash_identifier("email", "none") is None
    assert service_config(project).worker != config.worker


def test_a_short_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_API_KEY", "short")
    with pytest.raises(ServiceConfigError, match="CONCIERGE_API_KEY: 5 characters; at least 16 are needed"):
        service_config(Project.open(DataPaths(tmp_path), sample.CONFIG))


def test_user_tokens_are_checked_with_the_project_s_own_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCIERGE_API_KEY", raising=False)
    monkeypatch.delenv("CONCIERGE_USER_TOKEN_SECRET", raising=False)
    project = Project.open(DataPaths(tmp_path), sample.CONFIG)
    assert service_config(project).user_token_secret == token_secret(project.paths)

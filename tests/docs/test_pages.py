"""What the pages print exists: links, commands, and request bodies that the service accepts."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from intake.paths import repository_root
from orchestration.cli.app import app
from serving.snapshot import pointer
from tests.serving import sample, service_client

ROOT = repository_root()
COMMANDS: Any = get_command(app)
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_printed_command_exists_with_its_options(page: Path) -> None:
    text = re.sub(r"\\\n\s*", " ", page.read_text(encoding="utf-8"))
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    lines = [line.split("  #")[0] for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    printed = [found for line in lines for found in re.findall(r"(?:^|[\s/$(])concierge ([a-z][^#|;&)]*)", line)]
    assert [command for command in printed if not _is_known(command.split())] == []


def _is_known(words: list[str]) -> bool:
    command = COMMANDS
    while commands := getattr(command, "commands", None):
        word = words[0].rstrip(",.:") if words else ""
        if word not in commands and "set" not in commands:
            return not words or word.startswith(("-", "["))
        words = words[1:] if word in commands else words
        command = commands[word if word in commands else "set"]
    options = {"--help"}.union(*({*option.opts, *option.secondary_opts} for option in command.params))
    return {found[0] for word in words if (found := re.match(r"--[a-z][a-z-]*", word))} <= options


def test_the_help_names_every_command_of_the_readme() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    printed = re.findall(r"^concierge ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert printed
    assert [command for command in printed if command not in shown] == []


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test", "dev", "serve"} <= set(targets)
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def printed_requests() -> list[tuple[str, str, str]]:
    """Page, path and body of every curl line with a JSON body."""
    pattern = re.compile(r"curl -s http://127\.0\.0\.1:8765(/\S+)[^']*?(?:-H '[^']*' )?-d '(\{.*?\})'", re.DOTALL)
    found = [(page, *match) for page in PAGES for match in pattern.findall(page.read_text(encoding="utf-8"))]
    return [(str(page.relative_to(ROOT)), path, body) for page, path, body in found]


def test_the_readme_prints_requests() -> None:
    assert [path for page, path, _ in printed_requests() if page == "README.md"] == [
        "/v1/decide",
        "/v1/profiles/lookup",
    ]


@pytest.mark.parametrize(("page", "path", "body"), printed_requests())
def test_a_printed_request_is_answered(tmp_path: Path, page: str, path: str, body: str) -> None:
    async def answer() -> httpx.Response:
        sample.write(tmp_path / "snapshots")
        pointer.switch(tmp_path / "snapshots", "v1")
        async with service_client.running(
            service_client.config(tmp_path, overlay=tmp_path / "runtime", overlay_megabytes=16)
        ) as client:
            return await client.post(path, json=json.loads(body))

    response = asyncio.run(answer())
    assert response.status_code in (200, 202), f"{page}: {response.text}"

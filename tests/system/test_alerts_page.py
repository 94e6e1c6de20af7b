"""`concierge alerts web` in a real browser: read an alert, acknowledge, mute and resolve it, by keyboard too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.init_command import write_project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.system
DAY = date(2026, 3, 1)
PATIENCE_MS = 180_000


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    write_project(tmp_path / "shop")
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "shop" / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "shop" / "config"))
    found = Project.open()
    OpsStore(found.paths).open_alert(
        "quality:volume_low:web",
        severity="warning",
        title="web: too few events: 40, 100 expected (70 to 140)",
        source="web",
        at=found.clock.now(),
        kind="volume_low",
        days=(DAY, DAY),
        evidence={"measure": "events", "trend": [["2026-02-28", 100, 70, 140], [str(DAY), 40, 70, 140]]},
    )
    return found


@pytest.fixture
def address(project: Project) -> Iterator[str]:
    command = [str(Path(sys.executable).with_name("concierge")), "alerts", "web", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        try:
            assert found
            yield found.group(0)
        finally:
            process.terminate()


@pytest.fixture
def browser() -> Iterator[Browser]:
    # Only `make test-system` installs it; this file is collected without it too.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with_javascript", "without_javascript"])
def test_an_analyst_reads_and_settles_an_alert(project: Project, address: str, browser: Browser, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(address) else None)
    page.goto(address)
    page.get_by_role("link", name=re.compile("web, 2026-03-01: too few events")).click()
    trend = page.get_by_role("img", name=re.compile("events by day"))
    box = trend.bounding_box()
    assert box is not None
    assert box["width"] > 300
    _press(page, "Acknowledge", note="asked the supplier")
    assert "acknowledged" in page.locator(".badge").all_inner_texts()
    page.get_by_label("Mute for").select_option("30")
    _press(page, "Mute")
    page.goto(address)
    assert page.get_by_text("Nothing to look after here.").is_visible()
    page.get_by_label("State").select_option("muted")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=re.compile("too few events")).click()
    _press(page, "Show again")
    _press(page, "Resolve", note="the rest came")
    (alert,) = OpsStore(project.paths).list_alerts()
    assert (alert.state, alert.note) == ("resolved", "the rest came")
    assert "the rest came" in page.get_by_role("region", name="The latest first").inner_text()
    assert (problems, elsewhere) == ([], [])


def test_the_keyboard_reaches_everything(address: str, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    for _ in range(12):
        page.keyboard.press("Tab")
        if "too few events" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/*")
    names = []
    for _ in range(16):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent").strip())
    assert {"Acknowledge", "Resolve", "Mute"} <= set(names)


def _press(page: Page, button: str, *, note: str = "") -> None:
    page.get_by_label("Note", exact=True).fill(note)
    # The page before may have had its answer too.
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("status").wait_for()

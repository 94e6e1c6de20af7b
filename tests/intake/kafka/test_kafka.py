"""Topics into the lake: every message once, whatever stops when; wrong settings are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from intake.contract import ContractError
from intake.kafka.consumer import Taken, TopicReader
from intake.kafka.offsets import Offsets, Position
from intake.kafka.topics import StreamError, client_options, topic_contracts
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from tests.intake.kafka.broker import Broker, message
from tests.intake.scene import lake_rows

CONTRACT = """
name: clicks
kind: web
format: jsonl
event_type: {column: kind}
event_id: id
columns: {occurred_at: at}
identifiers: [{type: cookie, column: who}]
"""


@pytest.fixture(scope="module")
def broker() -> Broker:
    return Broker()


def project_of(root: Path, broker: Broker | None, settings: str = "", topics: str = "{clicks: clicks}") -> Project:
    config = root / "config"
    (config / "sources").mkdir(parents=True, exist_ok=True)
    (config / "sources" / "clicks.yml").write_text(CONTRACT, encoding="utf-8")
    (config / "sources" / "table.yml").write_text(CONTRACT.replace("clicks", "table").replace("jsonl", "csv"))
    (config / "event_types.yml").write_text("page_viewed: {description: A page.}\n", encoding="utf-8")
    servers = broker.servers if broker else ""
    kafka = f"kafka: {{servers: '{servers}', topics: {topics}, {settings}}}\n"
    (config / "settings.yml").write_text(kafka, encoding="utf-8")
    return Project.open(DataPaths(root / "data"), config)


def read(project: Project) -> list[Taken]:
    taken: list[Taken] = []
    TopicReader(project, topic_contracts(project), taken.append).run(once=True)
    return taken


def ids(project: Project) -> list[str]:
    return [row["event_id"] for row in lake_rows(project)]


def test_every_message_of_every_partition_is_in_the_lake_once(tmp_path: Path, broker: Broker) -> None:
    topics = "{parted: clicks}"
    project = project_of(tmp_path, broker, "batch_messages: 7", topics)
    for partition in range(4):
        broker.send("parted", [message(10 * partition + number) for number in range(10)], partition)
    taken = read(project)
    assert sum(item.messages for item in taken) == 40
    assert len(taken) > 1
    assert ids(project) == sorted(f"e{number}" for number in range(40))
    assert read(project) == []
    broker.send("parted", [message(40), None, message(41)], 2)
    assert [item.report.accepted for item in read(project)] == [2]
    assert len(ids(project)) == 42
    assert list(project.paths.spool.iterdir()) == []


def test_what_cannot_be_read_is_kept_and_counted(tmp_path: Path, broker: Broker) -> None:
    project = project_of(tmp_path, broker, topics="{spoilt: clicks}")
    pretty = b'{\n  "id": "p1", "kind": "page_viewed",\r\n  "at": "2017-03-01T10:00:00Z", "who": "v1"\n}'
    broker.send("spoilt", [message(1), b"{torn", message(2, kind="dance"), b"\xff\xfe", None, b" ", pretty, message(1)])
    (taken,) = read(project)
    report = taken.report
    assert (report.rows_read, report.accepted, report.duplicate, report.quarantined) == (6, 2, 1, 3)
    assert ids(project) == ["e1", "p1"]


def test_the_broker_learns_the_offsets_after_the_lake_has_the_rows(tmp_path: Path, broker: Broker) -> None:
    project = project_of(tmp_path, broker, "group: told", "{told: clicks}")
    broker.send("told", [message(1), message(2)])
    read(project)
    client = Consumer({"bootstrap.servers": broker.servers, "group.id": "told"})
    try:
        (committed,) = client.committed([TopicPartition("told", 0)], timeout=20)
    finally:
        client.close()
    assert committed.offset == 2


@pytest.mark.parametrize("stage", ["begin", "take_in", "finish", "commit"])
def test_a_reader_that_dies_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, broker: Broker, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"dies-{stage}"
    project = project_of(tmp_path, broker, topics=f"{{{topic}: clicks}}")
    broker.send(topic, [message(number) for number in range(5)])

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    target = {
        "begin": (Offsets, "begin"), "take_in": (TopicReader, "_take_in"),
        "finish": (Offsets, "finish"), "commit": (TopicReader, "_commit"),
    }[stage]  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(*target, die)
        with pytest.raises(KeyboardInterrupt):
            read(project)
    broker.send(topic, [message(number) for number in range(5, 8)])
    read(project)
    assert ids(project) == sorted(f"e{number}" for number in range(8))
    store = OpsStore(project.paths)
    assert sum(batch.accepted for batch in store.batches()) == 8
    assert list(project.paths.spool.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "topics", "message_part"),
    [
        ("", "{}", "kafka.topics: empty"),
        ("", "{a: table}", "must be of format jsonl"),
        ("client: {group.id: mine}", "{a: clicks}", "kafka.client.group.id: is set by concierge"),
        ("client: {sasl.password: '${NOT_SET_ANYWHERE}'}", "{a: clicks}", "NOT_SET_ANYWHERE"),
    ],
)
def test_wrong_settings_are_named(
    tmp_path: Path, broker: Broker, settings: str, topics: str, message_part: str
) -> None:
    project = project_of(tmp_path, broker, settings, topics)
    with pytest.raises((StreamError, ContractError), match=message_part):
        read(project)


def test_a_topic_that_the_settings_do_not_name_is_refused(tmp_path: Path, broker: Broker) -> None:
    with pytest.raises(StreamError, match="no topic 'orders'; there are: clicks"):
        topic_contracts(project_of(tmp_path, broker), ["orders"])


def test_no_servers_and_no_broker_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StreamError, match=r"kafka\.servers: empty"):
        client_options(project_of(tmp_path, None))
    monkeypatch.setattr("intake.kafka.consumer.CONNECT_SECONDS", 1.0)
    project = project_of(tmp_path, None)
    settings = (project.config / "settings.yml").read_text().replace("servers: ''", "servers: '127.0.0.1:1'")
    (project.config / "settings.yml").write_text(settings)
    with pytest.raises(StreamError, match=r"no broker answers at \S+ \(_TRANSPORT"):
        read(Project.open(project.paths, project.config))


def test_messages_that_expired_unread_are_told(tmp_path: Path, broker: Broker) -> None:
    project = project_of(tmp_path, broker, topics="{short: clicks}")
    broker.send("short", [message(1)])
    read(project)
    with Offsets(project.paths).transaction() as connection:
        connection.execute("update stream_offset set next_offset = -3")
    broker.send("short", [message(2)])
    read(project)
    (alert,) = OpsStore(project.paths).list_alerts("open")
    assert (alert.source, alert.severity) == ("clicks", "critical")
    assert "3 messages of topic short" in alert.title
    assert set(ids(project)) == {"e1", "e2"}


def test_offsets_without_messages_do_not_keep_a_reading_from_its_end(tmp_path: Path, broker: Broker) -> None:
    """All messages of a partition expired: its first offset is its end, and there is nothing to read up to it."""
    project = project_of(tmp_path, broker, topics="{gone: clicks}")
    broker.send("gone", [message(1)])

    class Expired(TopicReader):
        def _ends(self) -> dict[Position, int]:
            super()._ends()
            self._lows = {("gone", partition): 7 for _, partition in self._lows}
            return dict(self._lows)

    Expired(project, topic_contracts(project)).run(once=True)
    assert OpsStore(project.paths).batches() == []

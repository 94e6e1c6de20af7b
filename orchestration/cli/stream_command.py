"""`concierge stream`: Kafka topics into the lake, until stopped."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.kafka.consumer import Taken


def stream(
    topics: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help="Topics to read; without one, all in settings.yml.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when all that is in the topics now has been read.")
    ] = False,
) -> None:
    """Read Kafka topics (settings.yml: kafka) into the lake, a batch at a time.

    Offsets move on when the lake has the rows and not before: stopped or killed at any moment, the next start reads
    on, and nothing is lost or doubled. What cannot be read goes to quarantine. Ctrl-C takes in what was read and ends.
    """
    if find_spec("confluent_kafka") is None:
        raise CommandError("the Kafka client is not installed: pip install 'concierge[kafka]'")
    from intake.contract import ContractError
    from intake.kafka.consumer import TopicReader
    from intake.kafka.topics import StreamError, topic_contracts
    from orchestration.cli.console import say

    project = open_project()
    try:
        contracts = topic_contracts(project, topics)
        reader = TopicReader(project, contracts, _tell)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: reader.stop())
        say(f"reading {', '.join(f'{topic} as {contract.name}' for topic, contract in contracts.items())}")
        reader.run(once=once)
    except (StreamError, ContractError) as error:
        raise CommandError(str(error)) from None


def _tell(taken: Taken) -> None:
    from orchestration.cli.console import say

    report = taken.report
    say(
        f"{taken.topic}: {taken.messages:,} messages: {report.accepted:,} accepted, {report.duplicate:,} duplicate, "
        f"{report.quarantined:,} quarantined, {report.suppressed:,} suppressed"
        + (" (taken in before)" if report.state == "unchanged" else "")
    )

"""Commands of dbt in forks of a warm process, against a small project of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from orchestration.warm_dbt import client, start

PATIENCE_SECONDS = 60
FILES = {
    "dbt_project.yml": "name: small\nprofile: small\nflags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": """
small:
  target: here
  outputs: {here: {type: duckdb, path: "{{ env_var('SMALL_WAREHOUSE') }}", threads: 2}}
""",
    "models/one.sql": "select 1 as number, '{{ env_var('SMALL_WORD', 'none') }}' as word",
    "models/days.sql": """
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='day', lookback=0,
          begin='2017-01-01', batch_size=env_var('CONCIERGE_BATCH_SIZE', 'day')) }}
select cast('{{ model.batch.event_time_start }}' as timestamp) as day
""",
    "models/broken.sql": "select no_such_column",
    "models/endless.sql": """
{{ config(materialized='table') }}
select count(*) as number from range(1000000000000) as a(n) where n % 3 = 1
""",
}


class Small:
    """The small project with a warm process."""

    def __init__(self, root: Path) -> None:
        self.root, self.warehouse = root, root / "small.duckdb"
        for name, content in FILES.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(content)

    def begin(self, environment: pytest.MonkeyPatch) -> None:
        """Parse the project, and start the warm process of this one for it."""
        environment.setenv("SMALL_WAREHOUSE", str(self.warehouse))
        for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
            environment.setenv(name, str(self.root / "target"))
        environment.chdir(self.root)
        with warnings.catch_warnings():
            # Where dbt has run in this process before, it drops its log of then without closing it.
            warnings.simplefilter("ignore", ResourceWarning)
            assert dbtRunner().invoke(["--quiet", "parse"]).success
        environment.setenv(client.ADDRESS, start.warm_dbt("small", self.root))

    def started(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """The client on its way."""
        command = [sys.executable, "-S", client.__file__, *arguments]
        settings = {**os.environ, "DBT_LOG_FORMAT": "json", "CONCIERGE_BATCH_SIZE": "day", **environment}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.root, env=settings
        )

    def dbt(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit code of the client, and what dbt said."""
        process = self.started(*arguments, **environment)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, said

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the warehouse, opened to write: no fork holds it any more."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(sql).fetchall()

    def forks(self) -> list[str]:
        """Processes that the warm one has forked and that still run; Python's keeper of semaphores is none."""
        host = start.held().process.pid
        children = Path(f"/proc/{host}/task/{host}/children").read_text().split()
        return [child for child in children if "warm_dbt.host" in _command_of(child)]


def _command_of(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        # It has ended meanwhile.
        return ""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    start.end_warm_dbt()
    found = Small(tmp_path_factory.mktemp("small"))
    with pytest.MonkeyPatch.context() as environment:
        found.begin(environment)
        yield found
    warm = start.held()
    start.end_warm_dbt()
    assert warm.process.returncode == 0


def test_a_command_builds_under_the_environment_it_is_given(small: Small) -> None:
    code, said = small.dbt("build", "--select", "one", SMALL_WORD="first")
    assert code == 0
    assert {"MainReportVersion", "LogModelResult"} <= {json.loads(line)["info"]["name"] for line in said.splitlines()}
    assert small.rows("select * from one") == [(1, "first")]
    assert small.dbt("build", "--select", "one", SMALL_WORD="second")[0] == 0
    assert small.rows("select word from one") == [("second",)]


@pytest.mark.parametrize(("size", "batches"), [("month", 2), ("day", 4)])
def test_the_size_of_batches_is_that_of_the_command(small: Small, size: str, batches: int) -> None:
    window = ["--event-time-start", "2017-01-30", "--event-time-end", "2017-02-03", "--full-refresh"]
    assert small.dbt("run", "--select", "days", *window, CONCIERGE_BATCH_SIZE=size)[0] == 0
    assert small.rows("select count(distinct day) from days") == [(batches,)]


def test_a_failed_model_is_1_and_wrong_use_is_2(small: Small) -> None:
    code, said = small.dbt("build", "--select", "broken")
    assert (code, "no_such_column" in said) == (1, True)
    code, said = small.dbt("build", "--no-such-option")
    assert (code, "--no-such-option" in said) == (2, True)


def _read_until(process: subprocess.Popen[str], said: str) -> None:
    assert process.stdout is not None
    assert any(said in line for line in process.stdout)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_what_ends_the_command_ends_its_fork(small: Small, sent: signal.Signals) -> None:
    process = small.started("build", "--select", "endless")
    _read_until(process, "LogStartLine")
    assert len(small.forks()) == 1
    process.send_signal(sent)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -sent if sent == signal.SIGKILL else process.returncode == client.KILLED
    until = time.monotonic() + PATIENCE_SECONDS
    while small.forks() and time.monotonic() < until:
        time.sleep(0.02)
    assert small.forks() == []
    assert small.rows("select 1") == [(1,)]


def test_signals_that_the_caller_blocks_reach_the_fork(small: Small) -> None:
    """Libraries block them for a moment, and what is started in it inherits that for good."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, client.PASSED_ON)
    try:
        process = small.started("build", "--select", "endless")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    _read_until(process, "LogStartLine")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == client.KILLED


def test_an_interrupt_reaches_the_fork(small: Small) -> None:
    with small.started("build", "--select", "endless") as process:
        _read_until(process, "LogStartLine")
        process.send_signal(signal.SIGINT)
        _read_until(process, "CANCEL query")
        process.kill()


INTERRUPTED = """
import signal, socket, threading
from orchestration.warm_dbt.host import Interrupts

interrupts, (ours, theirs) = Interrupts(), socket.socketpair()
interrupts.listen()
# Another thread takes the signal: the main thread waits already when Python hears of it, and is not woken.
arguments = theirs, threading.get_ident()
threading.Thread(target=interrupts.pass_on, args=arguments, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
threading.Timer(0.2, ours.send, [bytes([signal.SIGINT])]).start()
try:
    threading.Event().wait()
except KeyboardInterrupt:
    print("heard")
"""


def test_an_interrupt_that_comes_while_a_thread_begins_to_wait_is_heard() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert done.stdout == "heard\n", done.stderr


def test_the_warm_process_has_one_thread(small: Small) -> None:
    """A fork has one thread: a lock that another one held would be held for ever."""
    assert small.dbt("ls")[0] == 0
    assert len(list(Path(f"/proc/{start.held().process.pid}/task").iterdir())) == 1


def test_without_a_warm_process_dbt_itself_answers(small: Small) -> None:
    code, said = small.dbt("--version", **{client.ADDRESS: "nobody-listens-here"})
    assert (code, "Core:" in said) == (0, True)

"""wrk as load generator: it costs the server's cores far less than a generator in Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
# Each thread reads the bodies once and goes round them.
_SCRIPT = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local at = 0
wrk.method = "%s"
wrk.headers["content-type"] = "application/json"
%s
request = function()
  at = at %% #bodies + 1
  return wrk.format(nil, nil, nil, wrk.method == "POST" and bodies[at] or nil)
end
"""


@dataclass(frozen=True)
class Case:
    """Requests of one kind; `bodies` are sent in turn, one a line."""

    name: str
    method: str
    path: str
    bodies: Sequence[bytes] = (b"",)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    """Requests a second, latencies in ms, and answers that were not 2xx or did not come."""

    rate: float
    p50_ms: float
    p99_ms: float
    failed: int


def load(case: Case, port: int, seconds: float, connections: int = 16) -> Rate:
    """Keep the connections busy.

    Raises:
        SystemExit: wrk is not installed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as scratch:
        bodies, script = Path(scratch) / "bodies", Path(scratch) / "case.lua"
        bodies.write_bytes(b"\n".join(case.bodies) + b"\n")
        headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in case.headers.items())
        script.write_text(_SCRIPT % (bodies, case.method, headers))
        command = [
            wrk,
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "30s",
            "--latency",
            "-s",
            str(script),
        ]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{case.path}"], capture_output=True, text=True, check=True
        )
    return _read(done.stdout)


def _read(said: str) -> Rate:
    failed = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    failed += sum(map(int, errors.groups())) if errors else 0
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None:
        raise ValueError(f"wrk said: {said}")
    return Rate(float(rate[1]), _milliseconds(said, "50%"), _milliseconds(said, "99%"), failed)


def _milliseconds(said: str, quantile: str) -> float:
    found = re.search(rf"{quantile}\s+([\d.]+)(us|ms|s|m)\b", said)
    return float(found[1]) * _UNITS[found[2]] if found else 0.0

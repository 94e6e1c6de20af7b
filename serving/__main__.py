"""`python -m serving`: serve the project named by `CONCIERGE_DATA` and `CONCIERGE_CONFIG`."""

from __future__ import annotations

import argparse

from intake.project import Project
from serving.server import serve


def main() -> None:
    """Parse host, port and workers, and serve."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    serve(Project.open(), host=given.host, port=given.port, workers=given.workers)


if __name__ == "__main__":
    main()

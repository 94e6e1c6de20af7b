"""Entry point of the `concierge` command."""

from __future__ import annotations

from orchestration.cli.app import app


def run() -> None:
    """Run the command line with the process's arguments and exit with its code."""
    app(prog_name="concierge")


if __name__ == "__main__":
    run()

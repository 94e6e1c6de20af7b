"""The Typer app: which commands exist, in the order in which a newcomer needs them."""

from __future__ import annotations

import typer

from orchestration.cli import (
    backup_commands,
    decide_command,
    demo_command,
    dev_command,
    erase_command,
    explain_command,
    explain_decision_command,
    history_command,
    ingest_command,
    init_command,
    month_command,
    pause_commands,
    policy_commands,
    policy_evaluate,
    readiness_command,
    replay_command,
    retention_command,
    run_command,
    serve_command,
    shop_command,
    slo_command,
    snapshot_commands,
    status_command,
    stream_command,
    subject_access_command,
    what_changed_command,
    what_if_command,
)
from orchestration.cli.alert_commands import alerts
from orchestration.cli.api_keys_commands import api_keys
from orchestration.cli.consent_commands import consent
from orchestration.cli.contract_commands import contract
from orchestration.cli.errors import OneLineErrors
from orchestration.cli.experiment_commands import experiment
from orchestration.cli.export_commands import export
from orchestration.cli.identity_commands import identity
from orchestration.cli.keys_commands import keys
from orchestration.cli.model_commands import models
from orchestration.cli.quarantine_commands import quarantine
from orchestration.cli.segment_commands import segments

HELP = """Concierge: raw customer events in, decisions out.

State lives in the folder named by CONCIERGE_DATA (./data), configuration in CONCIERGE_CONFIG (./config).
Exit codes: 0 done, 1 failed with a one-line reason, 2 wrong use. CONCIERGE_DEBUG=1 shows tracebacks.
"""

COMMANDS = (
    ("demo", demo_command.demo),
    ("month", month_command.month),
    ("init", init_command.init),
    ("ingest", ingest_command.ingest),
    ("stream", stream_command.stream),
    ("readiness", readiness_command.readiness),
    ("run", run_command.run),
    ("serve", serve_command.serve),
    ("shop", shop_command.shop),
    ("decide", decide_command.decide),
    ("preview", policy_commands.preview),
    ("status", status_command.status),
    ("slo", slo_command.slo),
    ("dev", dev_command.dev),
    ("backfill", run_command.backfill),
    ("publish", run_command.publish),
    ("what-if", what_if_command.what_if),
    ("what-changed", what_changed_command.what_changed),
    ("snapshots", snapshot_commands.snapshots),
    ("rollback", snapshot_commands.rollback),
    ("explain", explain_command.explain),
    ("explain-decision", explain_decision_command.explain_decision),
    ("history", history_command.history),
    ("replay", replay_command.replay),
    ("resume", pause_commands.resume),
    ("erase", erase_command.erase),
    ("subject-access", subject_access_command.subject_access),
    ("retention", retention_command.retention),
    ("backup", backup_commands.backup),
    ("restore", backup_commands.restore),
    ("migrate", backup_commands.migrate),
)


policy_evaluate.add_to(policy_commands.policy)


def create_app() -> typer.Typer:
    """The whole command tree."""
    app = typer.Typer(
        name="concierge",
        help=HELP,
        cls=OneLineErrors,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, command in COMMANDS:
        app.command(name)(command)
    app.add_typer(pause_commands.pause, name="pause")
    app.add_typer(alerts, name="alerts")
    app.add_typer(contract, name="contract")
    app.add_typer(quarantine, name="quarantine")
    app.add_typer(identity, name="identity")
    app.add_typer(consent, name="consent")
    app.add_typer(keys, name="keys")
    app.add_typer(api_keys, name="api-keys")
    app.add_typer(segments, name="segments")
    app.add_typer(export, name="export")
    app.add_typer(policy_commands.policy, name="policy")
    app.add_typer(models, name="models")
    app.add_typer(experiment, name="experiment")
    return app


app = create_app()

"""`concierge identity`: who is who, why, and what analysts and the shop say about it."""

from __future__ import annotations

import typer

from orchestration.cli import (
    identity_evaluate,
    identity_history,
    identity_overrides,
    identity_path,
    identity_token,
    identity_train,
)

identity = typer.Typer(
    help="The identity ledger: paths, overrides, history, evaluation. Identifiers are TYPE:VALUE in clear, hashed at "
    "once and shown masked, or a customer id.",
    no_args_is_help=True,
)
identity.command("path")(identity_path.path)
identity.command("history")(identity_history.history)
identity.command("link")(identity_overrides.link)
identity.command("unlink")(identity_overrides.unlink)
identity.add_typer(identity_overrides.override, name="override")
identity.command("evaluate")(identity_evaluate.evaluate)
identity.command("train")(identity_train.train)
identity.command("token")(identity_token.token)

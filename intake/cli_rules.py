"""The commands for admins who edit rules, thin like all commands."""

from __future__ import annotations

import typer

rules_app = typer.Typer(no_args_is_help=True, help="See what rules do before they do it, and why.")


@rules_app.callback()
def _options() -> None:
    """Group the commands below."""

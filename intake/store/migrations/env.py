"""What Alembic runs for every command: our tables, on the connection and in the transaction that it was handed."""

from __future__ import annotations

from alembic import context

from intake.store.tables import cases

context.configure(connection=context.config.attributes["connection"], target_metadata=cases.metadata)
context.run_migrations()

"""Prepares the database for commands that a person runs first."""

from __future__ import annotations

from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor


def prepare_database() -> None:
    """Create the tables of a new SQLite file. Raise `CommandError` if migrations are missing.

    An existing database is never migrated automatically: its owner decides.
    """
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not pending:
        return
    if connection.vendor != "sqlite" or connection.introspection.table_names():
        raise CommandError(
            f"The database lacks {len(pending)} migrations. Run: python manage.py migrate"
        )
    call_command("migrate", verbosity=0, interactive=False)

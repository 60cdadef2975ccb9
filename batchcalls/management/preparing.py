"""What commands that a person runs first need: a database that is ready."""

from __future__ import annotations

from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor


def prepare_database() -> None:
    """Create the tables of a brand-new SQLite file; raise `CommandError` for any other gap.

    An existing database is never migrated on the side: that is for its owner to decide.
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

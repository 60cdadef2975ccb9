"""The audit log only grows, whoever writes to the database and how."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction, AuditEntry

pytestmark = pytest.mark.django_db

COPY = "INTO batchcalls_auditentry SELECT * FROM batchcalls_auditentry WHERE id > 0"
SHADOW = """
CREATE TEMP TABLE batchcalls_auditentry AS
SELECT id, 'purged' AS action, id + 1000 AS purged_through FROM public.batchcalls_auditentry
"""


def entry(days_ago: int = 0) -> AuditEntry:
    return AuditEntry.objects.create(
        at=clock.now() - timedelta(days=days_ago), action=AuditAction.ADDED, kind="auth.user"
    )


def purge(through: int) -> AuditEntry:
    return AuditEntry.objects.create(
        at=clock.now(), action=AuditAction.PURGED, kind="x", purged_through=through
    )


def refused(statement: str, *values: object) -> str:
    with (
        pytest.raises(DatabaseError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
    return str(error.value)


def test_no_statement_changes_an_entry() -> None:
    one = audit.record(AuditAction.ADDED, User, note="kept")
    for change in (
        lambda: AuditEntry.objects.update(note="other"),
        lambda: AuditEntry.objects.bulk_update([one], ["note"]),
        lambda: AuditEntry(pk=one.pk, at=one.at, note="other").save(),
    ):
        one.note = "other"
        with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
            change()
    assert "cannot be changed" in refused("UPDATE batchcalls_auditentry SET note = 'other'")
    one.refresh_from_db()
    assert one.note == "kept"


def test_no_statement_deletes_an_entry() -> None:
    one = audit.record(AuditAction.ADDED, User)
    for delete in (one.delete, AuditEntry.objects.all().delete):
        with pytest.raises(DatabaseError, match="only be deleted by a purge"), transaction.atomic():
            delete()
    assert "by a purge" in refused("DELETE FROM batchcalls_auditentry")
    if connection.vendor == "sqlite":
        assert "with this ID" in refused(f"INSERT OR REPLACE {COPY}")
    else:
        assert "by a purge" in refused("TRUNCATE batchcalls_auditentry")
        replacing = f"INSERT {COPY} ON CONFLICT (id) DO UPDATE SET action = 'viewed'"
        assert "cannot be changed" in refused(replacing)
        with connection.cursor() as cursor:  # a table that shadows it, and shows a purge
            cursor.execute(SHADOW)
        assert "by a purge" in refused("DELETE FROM public.batchcalls_auditentry")
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE pg_temp.batchcalls_auditentry")
    assert AuditEntry.objects.get().action == AuditAction.ADDED


def test_only_a_purge_that_stays_itself_deletes_old_entries() -> None:
    old, young = entry(days_ago=91), entry(days_ago=89)
    with pytest.raises(DatabaseError, match="last 90 days"), transaction.atomic():
        purge(young.pk)
    made = purge(old.pk)
    assert AuditEntry.objects.filter(pk=old.pk).delete()[0] == 1
    for one in (young, made):
        with pytest.raises(DatabaseError, match="by a purge"), transaction.atomic():
            one.delete()
    assert list(AuditEntry.objects.order_by("pk")) == [young, made]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no users")
def test_the_documented_user_adds_entries_and_can_neither_change_them_nor_drop_triggers() -> None:
    guide = (settings.BASE_DIR / "config" / "README.md").read_text("utf-8")
    [grants] = re.findall(r"```sql\n(GRANT.*?)```", guide, re.DOTALL)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE batchcalls_app")
        cursor.execute(grants)
        cursor.execute("SET LOCAL ROLE batchcalls_app")
    one = audit.record(AuditAction.ADDED, User)
    assert "permission denied" in refused("UPDATE batchcalls_auditentry SET note = 'x'")
    assert "permission denied" in refused("DELETE FROM batchcalls_auditentry")
    assert "permission denied" in refused("TRUNCATE batchcalls_auditentry")
    trigger = "batchcalls_auditentry_update"
    assert "must be owner" in refused(f"DROP TRIGGER {trigger} ON batchcalls_auditentry")
    assert "must be owner" in refused("ALTER TABLE batchcalls_auditentry DISABLE TRIGGER USER")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert AuditEntry.objects.get() == one


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_tests_may_empty_the_tables_and_find_the_triggers_again(time: str) -> None:
    assert not AuditEntry.objects.exists()
    one = audit.record(AuditAction.ADDED, User)
    with pytest.raises(DatabaseError):
        one.delete()

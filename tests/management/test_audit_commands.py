"""No command changes or shows anything protected without an audit entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils import timezone

from batchcalls.access import audit
from batchcalls.management.audited import AuditedCommand
from batchcalls.models import AuditAction, AuditEntry, EmergencyStop, VoiceAccount

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: Commands that write no entry of their own.
SILENT = {
    "rules": "shows the rules for a number, and nobody's data",
    "renew_zones": "corrects what numbers tell by themselves, and nobody's data",
    "purge": "shows what is due; with --yes, another test shows its entry",
    "whycalled": "shows decisions, and no transcript",
}
#: Commands whose entries other tests show: they start processes or need a restored database.
SHOWN_ELSEWHERE = {"quickstart", "restored", "sendbatch"}


def last() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


def _group_without() -> None:
    Group.objects.get(name="Operators").permissions.clear()


def _held() -> None:
    VoiceAccount.objects.update(held_until=timezone.now() + timedelta(hours=1), held_code="x")


PROBES: dict[str, tuple[Callable[[], Any], list[str], str, str]] = {
    "sync_roles": (_group_without, [], "changed", "auth.group"),
    "trynow": (_held, ["simulator"], "changed", "batchcalls.voiceaccount"),
    "signin": (
        lambda: User.objects.create_user("ann"),
        ["renew-password", "ann"],
        *("changed", "auth.user"),
    ),
    "apikey": (
        lambda: User.objects.create_superuser("ann"),
        ["create", "crm", "--owner", "ann", "--scope", "batches:read"],
        *("added", "batchcalls.apikey"),
    ),
    "stopcalls": (lambda: None, ["--reason", "x"], "stopped", "batchcalls.emergencystop"),
    "aboutnumber": (
        lambda: None,
        ["+12025550133", "--output", "about.zip"],
        "exported",
        "batchcalls.erasednumber",
    ),
    "erasenumber": (
        lambda: None,
        ["+12025550133", "--confirm", "+12025550133"],
        "erased",
        "batchcalls.erasednumber",
    ),
    "changepassword": (
        lambda: User.objects.create_user("ann"),
        ["ann"],
        "changed",
        "auth.user",
    ),
    "createsuperuser": (
        lambda: None,
        ["--noinput", "--username", "ann", "--email", ""],
        "added",
        "auth.user",
    ),
}


def test_every_command_of_ours_is_audited_or_says_why_not() -> None:
    ours = {name for name, app in get_commands().items() if app == "batchcalls"}
    assert ours == {*SILENT, *SHOWN_ELSEWHERE, *PROBES, "donotcall", "purgeaudit"}
    for name in ours:
        assert isinstance(load_command_class("batchcalls", name), AuditedCommand), name


@pytest.mark.parametrize("name", PROBES)
def test_a_command_leaves_its_entry(
    name: str, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    prepare, arguments, action, kind = PROBES[name]
    monkeypatch.setattr("getpass.getpass", lambda prompt="": "correct horse 1")
    monkeypatch.setattr("getpass.getuser", lambda: "deployer")
    monkeypatch.chdir(tmp_path)
    prepare()
    call_command(name, *arguments)
    entry = last()
    assert (entry.action, entry.kind, entry.door) == (action, kind, "command")
    assert (entry.actor_name, entry.address) == ("deployer", "")
    assert f"(manage.py {name})" in entry.note


def test_importing_numbers_by_command_is_an_entry(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "dnc.csv"
    path.write_text("phone_number\n+12025550123\n")
    call_command("donotcall", str(path))
    entry = AuditEntry.objects.get(action="imported")
    assert (entry.kind, entry.object_name, entry.door) == (
        *("batchcalls.storedlist", "dnc.csv"),
        "command",
    )


def test_old_entries_are_purged_and_the_purge_stays(capsys: Any) -> None:
    old = AuditEntry.objects.create(
        at=timezone.now() - timedelta(days=200), action="added", kind="auth.user"
    )
    young = audit.record(AuditAction.ADDED, User)
    # Its clock was set back; what is behind a younger entry stays.
    AuditEntry.objects.create(
        at=timezone.now() - timedelta(days=300), action="added", kind="auth.user"
    )
    call_command("purgeaudit", "--days", "100")
    assert "1 audit entries deleted." in capsys.readouterr().out
    assert not AuditEntry.objects.filter(pk=old.pk).exists()
    assert AuditEntry.objects.filter(pk=young.pk).exists()
    entry = last()
    assert (entry.action, entry.purged_through, entry.count) == ("purged", old.pk, 1)
    call_command("purgeaudit", "--days", "100")
    assert AuditEntry.objects.filter(action="purged").count() == 1
    with pytest.raises(CommandError, match="90 days"):
        call_command("purgeaudit", "--days", "89")


def test_lifting_the_stop_by_command_is_an_entry() -> None:
    call_command("stopcalls", "--reason", "x")
    call_command("stopcalls", "--lift")
    assert (last().action, last().object_id) == ("resumed", str(EmergencyStop.objects.get().pk))

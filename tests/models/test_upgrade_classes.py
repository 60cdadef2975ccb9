"""An upgrade lets everybody set what they could set before, and says whom."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from batchcalls.models import Batch, Recipient
from campaigns.models import AllowedHost, Campaign
from campaigns.setting_permissions import PERMISSIONS

pytestmark = pytest.mark.django_db

upgrade = import_module("batchcalls.migrations.0036_setting_classes")
EDITOR = SimpleNamespace(connection=connection)
CODENAMES = {name.partition(".")[2] for name in PERMISSIONS.values()}


def granted(holder: Any) -> set[str]:
    return CODENAMES & set(holder.values_list("codename", flat=True))


def test_whoever_could_set_a_class_still_can(capsys: pytest.CaptureFixture[str]) -> None:
    # As before the upgrade, when there were no such permissions.
    Permission.objects.filter(codename__in=CODENAMES).delete()
    writers = Group.objects.create(name="Writers")
    writers.permissions.add(Permission.objects.get(codename="change_pathway"))
    ada, bob = User.objects.create_user("ada"), User.objects.create_user("bob")
    ada.user_permissions.add(Permission.objects.get(codename="add_batch"))
    bob.user_permissions.add(Permission.objects.get(codename="view_batch"))

    upgrade.grant_classes(apps, EDITOR)

    for role in ("Operators", "Managers", "Integrators"):
        assert granted(Group.objects.get(name=role).permissions) == CODENAMES, role
    for role in ("Viewers", "Analysts"):
        assert granted(Group.objects.get(name=role).permissions) == set(), role
    assert granted(writers.permissions) == {"set_conversation"}
    assert granted(ada.user_permissions) == CODENAMES
    assert granted(bob.user_permissions) == set()
    told = capsys.readouterr().err
    assert "group Operators: “Can set what is said in calls”, “Can set where" in told
    assert "user ada: " in told
    assert "bob" not in told


def test_a_new_installation_is_told_nothing_and_grants_by_role(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Group.objects.all().delete()
    upgrade.grant_classes(apps, EDITOR)
    upgrade.allow_hosts(apps, EDITOR)
    assert capsys.readouterr().err == ""
    assert not AllowedHost.objects.exists()


@pytest.mark.usefixtures("example_hosts")
def test_hosts_in_use_stay_allowed(make_batch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = "phone_number,hook\n+12025550190,x\n"
    batch = make_batch(text=text, prompt="Hi.", map_all=None, column_options=["hook=webhook"])
    Recipient.objects.create(
        batch=batch,
        row_number=2,
        e164="+12025550190",
        call_settings={"webhook": "https://rows.example.org/x"},
    )
    Batch.objects.update(status_webhook="https://status.example.org:8443/")
    dynamic = [{"url": "https://data.example.org/api"}]
    Campaign.objects.create(name="C", prompt="Hi.", call_settings={"dynamic_data": dynamic})
    Campaign.objects.create(name="D", prompt="Hi.", call_settings={"webhook": "https://bad host/"})
    AllowedHost.objects.all().delete()

    upgrade.allow_hosts(apps, EDITOR)

    hosts = {"rows.example.org", "status.example.org", "data.example.org"}
    assert set(AllowedHost.objects.values_list("host", flat=True)) == hosts
    assert "rows.example.org" in capsys.readouterr().err

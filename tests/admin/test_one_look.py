"""Every table has the same lists, filters, and forms; the sidebar stays short."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import CallingPolicy, Campaign, Tool
from tests.admin.markup import markup

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def client_with(*names: str, role: str = "") -> Client:
    user = User.objects.create_user("pat", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def lines_of(client: Client) -> dict[str, list[str]]:
    groups = client.get(reverse("admin:index")).context["sidebar"]
    return {line.label: [tab.label for tab in line.tabs] for one in groups for line in one.links}


@pytest.mark.parametrize("role", ["Managers", "Integrators"])
def test_the_sidebar_of_a_role_has_twelve_lines_at_most(role: str) -> None:
    lines = lines_of(client_with(role=role))
    assert len(lines) <= 12
    assert "Exports" in lines
    assert lines["Campaigns"] == ["Campaigns", "Pathways", "Tools"]


def test_whoever_may_export_finds_exports_and_nothing_else() -> None:
    client = client_with("export_callresult")
    assert list(lines_of(client)) == ["Dashboard", "Exports"]
    assert client.get(reverse("admin:batchcalls_export_changelist")).status_code == 200


def test_a_line_leads_to_the_first_list_that_the_user_may_see() -> None:
    page = client_with("view_tool").get(reverse("admin:index"))
    [line] = [line for group in page.context["sidebar"] for line in group.links if line.tabs]
    assert (line.label, line.url) == ("Campaigns", reverse("admin:campaigns_tool_changelist"))


def test_a_list_is_filtered_by_selects_and_searched_by_a_field(admin_client: Client) -> None:
    policy = CallingPolicy.objects.create(name="Office")
    for name in ("Spring", "Autumn"):
        Campaign.objects.create(
            name=name, prompt="Hi.", policy=policy if name == "Spring" else None
        )
    address = reverse("admin:campaigns_campaign_changelist")
    form = admin_client.get(address).context["cl"].form
    assert list(form.fields) == ["q", "purpose__exact", "policy__id__exact"]
    assert form.fields["policy__id__exact"].choices == [("", "Any"), (str(policy.pk), "Office")]
    shown = markup(admin_client.get(address, {"q": "", "policy__id__exact": policy.pk}))
    assert "Spring" in shown
    assert "Autumn" not in shown


def test_permissions_that_the_table_does_not_show_are_kept(admin_client: Client) -> None:
    group = Group.objects.create(name="Night shift")
    group.permissions.set(Permission.objects.filter(codename__in=["view_batch", "delete_session"]))
    page = reverse("admin:auth_group_change", args=[group.pk])
    shown = html.unescape(markup(admin_client.get(page)))
    assert 'aria-label="Batches: view" checked' in shown
    [unseen] = Permission.objects.filter(codename="delete_session")
    assert f'type="hidden" name="permissions" value="{unseen.pk}"' in shown
    launch = Permission.objects.get(codename="launch_batch")
    admin_client.post(page, {"name": group.name, "permissions": [unseen.pk, launch.pk]})
    kept = set(group.permissions.values_list("codename", flat=True))
    assert kept == {"delete_session", "launch_batch"}


def test_who_may_only_look_at_a_group_sees_its_permissions_without_changing_them() -> None:
    group = Group.objects.get(name="Viewers")
    page = reverse("admin:auth_group_change", args=[group.pk])
    shown = markup(client_with("view_group").get(page))
    assert 'aria-label="Batches: view" checked disabled' in shown
    assert 'name="_save"' not in shown


def test_who_may_only_look_at_a_policy_reads_its_rules() -> None:
    policy = CallingPolicy.objects.create(name="Office")
    policy.retry_rules.create(outcome="busy", max_retries=2, wait_seconds=600)
    page = reverse("admin:campaigns_callingpolicy_change", args=[policy.pk])
    shown = markup(client_with("view_callingpolicy").get(page))
    assert "Busy: 2 retries, 10 min apart" in shown
    assert 'type="time"' not in shown
    assert 'name="_save"' not in shown


def test_an_import_detects_the_format_by_the_name_of_the_file(admin_client: Client) -> None:
    address = reverse("admin:campaigns_campaign_import")

    def sent(name: str) -> Any:
        file = SimpleUploadedFile(name, b"name,purpose,prompt\nSpring,informational,Hi.\n")
        return admin_client.post(address, {"import_file": file, "resource": "", "format": ""})

    assert "Confirm import" in markup(sent("Campaigns.CSV"))
    assert "Upload a CSV or XLSX file, or choose its format." in markup(sent("campaigns.pdf"))


def test_a_deletion_says_what_is_deleted_or_why_it_cannot_be(admin_client: Client) -> None:
    policy = CallingPolicy.objects.create(name="Office")
    policy.retry_rules.create(outcome="busy", max_retries=2)
    page = reverse("admin:campaigns_callingpolicy_delete", args=[policy.pk])
    assert "<li>Retry rules: 1</li>" in markup(admin_client.get(page))
    Campaign.objects.create(name="Spring", prompt="Hi.", policy=policy)
    shown = markup(admin_client.get(page))
    assert "This calling policy is still in use." in shown
    assert "Delete calling policy" not in shown


def test_a_form_with_errors_says_so_on_top_and_at_the_field(admin_client: Client) -> None:
    shown = markup(admin_client.post(reverse("admin:campaigns_tool_add"), {"name": "x" * 300}))
    assert "Please fix the fields below. Nothing has been saved." in shown
    assert 'id="id_name_error"' in shown
    assert not Tool.objects.exists()

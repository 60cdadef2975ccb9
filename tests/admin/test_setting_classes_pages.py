"""What an operator cannot set on the pages: locked fields, columns, saved mappings, campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from batchcalls.intake.uploads import save_mapping
from batchcalls.models import Batch, Recipient
from campaigns.models import AllowedHost, Campaign, ColumnMapping, Tool
from campaigns.resources import CampaignResource
from tests.admin.markup import markup
from tests.admin.test_wizard import fields, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("example_hosts", "account")]

LIST = b"phone_number,name,webhook,settings.task\n+12025550190,Ann,https://example.com/a,Pay me.\n"


@pytest.fixture
def campaign() -> Campaign:
    return Campaign.objects.create(
        name="Reminder", prompt="Hello.", call_settings={"max_duration": 9}
    )


def signed_in(role: str, *codenames: str) -> Client:
    user = User.objects.create_user(f"{role} {User.objects.count()}", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return signed_in("Operators")


def start(client: Client, campaign: Campaign, content: bytes = LIST, **more: Any) -> Batch:
    given = {"campaign": campaign.pk, "prompt": None, **more}
    answer = client.post(page("add"), fields(content, **given))
    assert answer.status_code == 302, markup(answer)
    return Batch.objects.latest("created_at")


def test_an_operator_starts_from_a_campaign_and_changes_nothing_that_it_says(
    operator: Client, campaign: Campaign
) -> None:
    shown = markup(operator.get(f"{page('add')}?campaign={campaign.pk}"))
    assert "Only people with the permission “Can set what is said in calls”" in shown
    draft = start(operator, campaign, **{"setting-voice": "June"})
    assert (draft.prompt, draft.set_by) == ("Hello.", {})
    assert draft.call_settings == {"max_duration": 9, "voice": "June"}
    before = Batch.objects.count()
    for sent, name in (
        ({"prompt": "Pay me."}, "task"),
        ({"setting-webhook": "https://example.com/x"}, "webhook"),
        ({"setting-max_duration": "720"}, "max_duration"),
        ({"setting-voicemail_message": "Pay me."}, "voicemail"),
        ({"setting-dynamic_data": '[{"url": "https://example.com"}]'}, "dynamic_data"),
    ):
        refused = {"campaign": campaign.pk, "prompt": None, **sent}
        answer = operator.post(page("add"), fields(None, **refused))
        assert f"You may not set {name}" in markup(answer)
        answer = operator.post(page("upload", draft.pk), fields(None, **refused))
        assert f"You may not set {name}" in markup(answer)
    draft.refresh_from_db()
    assert (draft.prompt, draft.call_settings["max_duration"]) == ("Hello.", 9)
    assert Batch.objects.count() == before


def test_headers_are_matched_to_settings_for_people_who_may_set_them_and_confirm_it(
    operator: Client, campaign: Campaign
) -> None:
    targets = {}
    for who, client in (("operator", operator), ("manager", signed_in("Managers"))):
        mapping = start(client, campaign).first_list.mapping
        targets[who] = [(one["target"], one["name"]) for one in mapping[2:]]
    assert targets == {
        "operator": [("request_data", "webhook"), ("request_data", "settings.task")],
        "manager": [("call_setting", "webhook"), ("call_setting", "task")],
    }


@pytest.mark.parametrize(
    ("target", "setting"),
    [("call_setting", "webhook"), ("call_setting", "voicemail_sms"), ("trusted_text", "")],
)
def test_an_operator_maps_no_column_to_a_sensitive_setting(
    target: str, setting: str, operator: Client, campaign: Campaign
) -> None:
    draft = start(operator, campaign)
    before = draft.first_list.mapping
    shown = markup(operator.get(page("columns", draft.pk)))
    assert 'value="max_duration"' not in shown
    assert 'value="voice"' in shown

    answer = operator.post(
        page("columns", draft.pk),
        {"target-2": target, "setting-2": setting, "name-2": "x", "save": "1"},
    )

    assert "You may not map column “webhook”" in markup(answer)
    assert draft.lists.get().mapping == before


def test_a_mapping_that_a_manager_saved_gives_an_operator_no_sensitive_column(
    operator: Client, campaign: Campaign
) -> None:
    stored = start(signed_in("Managers"), campaign).first_list
    save_mapping(stored, name="CRM", actor=User.objects.create_superuser("root"))
    draft = start(operator, campaign)
    assert {one["target"] for one in draft.first_list.mapping[2:]} == {"request_data"}

    answer = operator.post(page("columns", draft.pk), {"apply": "1", "saved": "CRM"})

    assert "You may not map column “webhook” to webhook" in markup(answer)
    assert {one["target"] for one in draft.lists.get().mapping[2:]} == {"request_data"}


def test_an_operator_saves_no_mapping_that_would_set_something_for_others(
    operator: Client, campaign: Campaign
) -> None:
    theirs = start(signed_in("Managers"), campaign)
    saved = {"list": theirs.first_list.pk, "name": "Mine"}
    answer = operator.post(page("mapping", theirs.pk), saved, follow=True)
    assert "You may not map column" in markup(answer)
    assert not ColumnMapping.objects.exists()


def test_an_operator_adds_no_rows_with_sensitive_settings_to_a_managers_batch(
    operator: Client, campaign: Campaign, run: Any
) -> None:
    batch = run(start(signed_in("Managers"), campaign))
    assert "webhook" in Recipient.objects.get().call_settings
    more = SimpleUploadedFile("more.csv", LIST.replace(b"90", b"91").replace(b"/a", b"/evil"))
    answer = operator.post(page("add_rows", batch.pk), {"file": more})
    assert "You may not map column “webhook”" in markup(answer)
    assert Recipient.objects.count() == 1


def test_campaigns_lock_what_their_editor_may_not_set(campaign: Campaign) -> None:
    editor = signed_in("Operators", "change_campaign", "add_campaign", "set_cost")
    address = f"/campaigns/campaign/{campaign.pk}/change/"
    shown = markup(editor.get(address))
    assert shown.count("Only people with the permission “Can set what is said in calls”") > 1
    kept = {"name": "Renamed", "purpose": "informational", "setting-max_duration": "5"}
    assert editor.post(address, kept).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.name, campaign.prompt) == ("Renamed", "Hello.")
    assert campaign.call_settings == {"max_duration": 5}
    Tool.objects.create(name="T", reference="TL-1")
    for sent in (
        {"prompt": "Pay me."},
        {"tools_known": ["TL-1"]},
        {"tools_other": "KB-1"},
        {"setting-webhook": "https://a.io"},
    ):
        assert "You may not set" in markup(editor.post(address, {**kept, **sent}))
    campaign.refresh_from_db()
    assert (campaign.prompt, campaign.call_settings) == ("Hello.", {"max_duration": 5})


def test_an_imported_campaign_sets_what_its_importer_may_set(campaign: Campaign) -> None:
    resource = CampaignResource()
    importer = User.objects.create_user("importer")
    data = resource.export()
    assert not resource.import_data(data, user=importer).has_errors()
    changed = type(data)(headers=data.headers)
    [row] = data.dict
    changed.append(list({**row, "prompt": "Pay me."}.values()))
    result = resource.import_data(changed, user=importer)
    told = [str(error.error) for one in result.rows for error in one.errors]
    told += [str(one.error) for one in result.invalid_rows]
    assert any("You may not set task" in text for text in told), told
    campaign.refresh_from_db()
    assert campaign.prompt == "Hello."
    importer = User.objects.create_superuser("root")
    assert not resource.import_data(changed, user=importer).has_errors()


def test_managers_keep_the_list_of_hosts_and_operators_only_see_it(operator: Client) -> None:
    manager = signed_in("Managers")
    add = "/campaigns/allowedhost/add/"
    assert operator.get("/campaigns/allowedhost/").status_code == 200
    assert operator.post(add, {"host": "evil.example.net"}).status_code == 403
    assert "Write a host name" in markup(manager.post(add, {"host": "https://crm.test.org/x"}))
    assert manager.post(add, {"host": " CRM.Test.org. "}).status_code == 302
    assert AllowedHost.objects.get(host="crm.test.org").created_by
    assert "already exists" in markup(manager.post(add, {"host": "crm.test.org"}))


def test_the_guide_says_which_role_sets_what() -> None:
    from batchcalls.access import roles
    from campaigns.call_settings.sensitivity import Sensitivity
    from campaigns.setting_permissions import LABELS, PERMISSIONS

    guide = (Path(__file__).parents[2] / "config" / "README.md").read_text("utf-8")
    for one in Sensitivity:
        assert f"| {one.label} | *{LABELS[one]}* |" in guide
    for role, held in roles.ROLES.items():
        cells = " | ".join("yes" if PERMISSIONS[one] in held else "no" for one in Sensitivity)
        assert f"| {role} | {cells} |" in guide

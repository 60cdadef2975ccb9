"""Files that come out of the back office and go into it, each door with its permissions."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from batchcalls import tasks
from batchcalls.admin import downloads
from batchcalls.intake import runner
from batchcalls.models import Export, Recipient, StoredList
from campaigns import resources
from campaigns.admin import small_tables
from campaigns.models import Campaign, Suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(django_user_model: Any, client: Client) -> Any:
    """Sign in somebody with just these permissions."""

    def sign_in(*permissions: str) -> Client:
        user = django_user_model.objects.create_user("staff", is_staff=True)
        for name in permissions:
            app, codename = name.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )
        client.force_login(user)
        return client

    return sign_in


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode())


def batch_url(batch: Any, kind: str = "results", form: str = "csv") -> str:
    return reverse("admin:batchcalls_batch_export", args=[batch.pk, kind, form])


@pytest.mark.parametrize("kind", ["results", "recipients", "rejected"])
def test_a_batch_gives_its_files_to_whoever_may_export(
    make_batch: Any, run: Any, admin_client: Client, kind: str
) -> None:
    batch = run(make_batch("+12025550190", "not one"))
    response = admin_client.get(batch_url(batch, kind) + "?bom=1")
    assert response["Content-Disposition"].startswith('attachment; filename="')
    text = body(response)
    assert text.startswith("\ufeff")
    assert ("+12025550190" in text) is (kind != "rejected")
    assert "not one" in text
    book = admin_client.get(batch_url(batch, kind, "xlsx"))
    if kind == "rejected":  # whose rows may be wider than any sheet
        assert book.status_code == 404
        return
    assert openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).active.max_row > 1
    assert admin_client.get(batch_url(batch, "secrets")).status_code == 404
    assert admin_client.get(batch_url(batch, kind, "pdf")).status_code == 404


def test_seeing_a_batch_is_not_enough_to_take_it_away(make_batch: Any, staff: Any) -> None:
    batch = make_batch("+12025550190")
    client = staff("batchcalls.view_batch", "batchcalls.view_callresult", "campaigns.view_campaign")
    page = client.get(reverse("admin:batchcalls_batch_change", args=[batch.pk])).content.decode()
    assert "Results (CSV)" not in page
    assert "Add rows" not in page
    assert client.get(batch_url(batch)).status_code == 403
    log = reverse("admin:batchcalls_callresult_export", args=["csv"])
    assert client.get(log).status_code == 403
    assert client.get(reverse("admin:campaigns_campaign_export")).status_code == 403
    rows = reverse("admin:batchcalls_batch_add_rows", args=[batch.pk])
    assert client.get(rows).status_code == 403


def test_exporting_campaigns_needs_both_rights(staff: Any) -> None:
    client = staff("campaigns.export_campaign")
    assert client.get(reverse("admin:campaigns_campaign_export")).status_code == 403


def test_importing_needs_the_right_to_add_and_change(staff: Any) -> None:
    client = staff("campaigns.import_suppression", "campaigns.view_suppression")
    assert client.get(reverse("admin:campaigns_suppression_import")).status_code == 403
    assert client.get(reverse("admin:batchcalls_storedlist_add_do_not_call")).status_code == 403


def test_a_large_workbook_waits_on_its_own_page(
    make_batch: Any, admin_client: Client, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 1)
    batch = run(make_batch("+12025550190", "+12025550191"))
    page = admin_client.get(batch_url(batch, form="xlsx"), follow=True)
    assert "It will appear here." in page.content.decode()
    export = Export.objects.get()
    file = reverse("admin:batchcalls_export_file", args=[export.pk])
    assert admin_client.get(file).status_code == 404
    tasks.export(str(export.pk))
    page = admin_client.get(reverse("admin:batchcalls_export_changelist"))
    assert file in page.content.decode()
    book = openpyxl.load_workbook(io.BytesIO(b"".join(admin_client.get(file).streaming_content)))
    assert book.active.max_row == 3


def test_a_stored_file_is_sent_by_the_proxy_where_there_is_one(
    make_batch: Any, run: Any, admin_client: Client, settings: Any
) -> None:
    settings.ACCEL_REDIRECT = True
    export = Export.objects.create(kind="results", batch=run(make_batch("+12025550190")))
    tasks.export(str(export.pk))
    export.refresh_from_db()
    response = admin_client.get(reverse("admin:batchcalls_export_file", args=[export.pk]))
    assert response["X-Accel-Redirect"] == f"/-/media/{export.file.name}"
    assert response["Content-Disposition"].startswith('attachment; filename="')
    assert response.content == b""


def test_a_finished_workbook_is_only_for_those_who_may_export(
    make_batch: Any, run: Any, staff: Any
) -> None:
    batch = run(make_batch("+12025550190"))
    export = Export.objects.create(kind="results", batch=batch)
    tasks.export(str(export.pk))
    client = staff("batchcalls.view_export", "batchcalls.export_callresult")
    page = client.get(reverse("admin:batchcalls_export_changelist"))
    assert "Results of a batch" in page.content.decode()
    assert client.get(reverse("admin:batchcalls_export_file", args=[export.pk])).status_code == 403


def test_a_workbook_of_somebody_else_is_not_found_unless_they_may_see_all(
    make_batch: Any, run: Any, staff: Any
) -> None:
    batch = run(make_batch("+12025550190"))
    export = Export.objects.create(
        kind="results", batch=batch, created_by=User.objects.create_user("owner")
    )
    tasks.export(str(export.pk))
    file = reverse("admin:batchcalls_export_file", args=[export.pk])

    client = staff("batchcalls.export_batch")

    assert client.get(file).status_code == 404
    person = User.objects.get(username="staff")
    person.user_permissions.add(Permission.objects.get(codename="view_export"))
    # What was written for its owner may have numbers in full.
    assert client.get(file).status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="view_numbers"))
    answer = client.get(file)
    assert answer.status_code == 200
    answer.close()


def test_further_rows_join_a_batch_from_its_page(
    make_batch: Any, run: Any, admin_client: Client
) -> None:
    batch = run(make_batch("+12025550190", "not one"))
    url = reverse("admin:batchcalls_batch_add_rows", args=[batch.pk])
    assert "Upload corrected rows" in admin_client.get(url).content.decode()

    def post(text: str) -> str:
        upload = SimpleUploadedFile("fixed.csv", text.encode())
        return admin_client.post(url, {"file": upload}, follow=True).content.decode()

    assert "No column holds phone numbers" in post("business_name\nBob\n")
    assert "Checking the rows of fixed.csv." in post(
        "phone_number,business_name\n+12025550191,Bob\n"
    )
    while runner.run_batch(batch.pk, seconds=30):
        pass
    batch.refresh_from_db()
    run(batch, launch=False)
    assert Recipient.objects.filter(batch=batch, e164="+12025550191", status="done").exists()
    stored = StoredList.objects.latest("created_at")
    page = admin_client.get(reverse("admin:batchcalls_storedlist_change", args=[stored.pk]))
    assert "1 of 1 row imported; 1 row can be called." in page.content.decode()


def test_a_long_do_not_call_list_comes_in_by_its_page_and_goes_out_whole(
    admin_client: Client,
) -> None:
    url = reverse("admin:batchcalls_storedlist_add_do_not_call")
    upload = SimpleUploadedFile("dnc.csv", b"phone\n+12025550190\nnot one\n")
    page = admin_client.post(url, {"file": upload, "note": "state list"}, follow=True)
    assert "The numbers of dnc.csv are being imported." in page.content.decode()
    runner.run(StoredList.objects.get().pk, seconds=30)
    stored = reverse("admin:batchcalls_storedlist_change", args=[StoredList.objects.get().pk])
    page = admin_client.get(stored)
    assert "2 of 2 rows imported; 1 number was new on the list." in page.content.decode()
    assert "Row 3 “not one”" in page.content.decode()
    rest = reverse("admin:batchcalls_storedlist_not_taken_in", args=[StoredList.objects.get().pk])
    assert rest in page.content.decode()
    assert body(admin_client.get(rest)).splitlines()[1].startswith("3,not one,not_a_number,")
    page = admin_client.get(reverse("admin:campaigns_suppression_changelist")).content.decode()
    assert "Import a long list" in page
    whole = body(admin_client.get(reverse("admin:batchcalls_storedlist_export_do_not_call")))
    assert whole.splitlines()[1].startswith("+12025550190,state list,import,")


def import_file(client: Client, model: str, content: str) -> str:
    url = reverse(f"admin:campaigns_{model}_import")
    upload = SimpleUploadedFile("small.csv", content.encode())
    page = client.post(url, {"import_file": upload, "format": "0"})
    form = page.context.get("confirm_form")
    if form is None:
        return str(page.content.decode())
    data = {name: form.initial.get(name, "") for name in form.fields}
    confirmed = client.post(reverse(f"admin:campaigns_{model}_process_import"), data, follow=True)
    return str(confirmed.content.decode())


def test_a_short_do_not_call_list_is_looked_through_first(admin_client: Client) -> None:
    Suppression.objects.create(e164="+12025550190", reason="by hand")
    text = "e164,reason\n(202) 555-0190,other\n+12025550191,'=asked\n"
    assert "Import finished" in import_file(admin_client, "suppression", text)
    rows = Suppression.objects.order_by("e164")
    assert list(rows.values_list("e164", "reason", "source")) == [
        ("+12025550190", "by hand", "manual"),
        ("+12025550191", "=asked", "import"),
    ]
    assert "is not a phone number" in import_file(admin_client, "suppression", "e164\nno one\n")


def test_small_imports_and_exports_stay_small(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "MAX_IMPORTED_ROWS", 1)
    text = "e164\n+12025550190\n+12025550191\n"
    assert "1 can be looked through" in import_file(admin_client, "suppression", text)
    Suppression.objects.create(e164="+12025550190")
    monkeypatch.setattr(small_tables, "MAX_EXPORTED_ROWS", 0)
    page = admin_client.get(reverse("admin:campaigns_suppression_export"), follow=True)
    assert "Narrow the list" in page.content.decode()


def test_campaigns_go_out_and_come_back(admin_client: Client) -> None:
    Campaign.objects.create(name="=Spring", prompt="Call {{name}}.", purpose="marketing")
    url = reverse("admin:campaigns_campaign_export")
    form = admin_client.get(url).content.decode().partition("<form")[2]
    assert not re.search(r"\bstyle\b", form)
    exported = admin_client.post(url, {"format": "0"}).content.decode()
    assert "'=Spring" in exported
    changed = exported.replace("Call {{name}}.", "Ring {{name}}.")
    assert "Import finished" in import_file(admin_client, "campaign", changed)
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.prompt) == ("=Spring", "Ring {{name}}.")
    broken = exported.replace("Call {{name}}.", "Ring {{name.")
    assert "never closed" in import_file(admin_client, "campaign", broken)


def test_whoever_may_export_finds_their_own_workbooks(
    make_batch: Any, run: Any, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 0)
    batch = run(make_batch("+12025550190"))
    Export.objects.create(kind="results", batch=batch)
    client = staff("batchcalls.export_batch", "batchcalls.view_batch")
    page = client.get(batch_url(batch, form="xlsx"), follow=True)
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1
    mine = Export.objects.get(created_by__username="staff")
    tasks.export(str(mine.pk))
    file = client.get(reverse("admin:batchcalls_export_file", args=[mine.pk]))
    assert file.status_code == 200
    file.close()


def test_a_workbook_of_a_small_table_runs_nothing(admin_client: Client) -> None:
    Suppression.objects.create(e164="+12025550190", reason='=HYPERLINK("http://evil.example","x")')
    url = reverse("admin:campaigns_suppression_export")
    content = admin_client.post(url, {"format": "1"}).content
    cell = openpyxl.load_workbook(io.BytesIO(content)).active["B2"]
    assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("http://evil.example","x")')

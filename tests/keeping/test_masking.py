"""Numbers are masked for people who may not see them: on every page, in every answer and file."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from batchcalls.access import api_keys, masking
from batchcalls.batches import suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.models import Batch, BatchEvent, CallResult, Scope, WebhookDelivery
from batchcalls.webhooks import endpoints
from campaigns import masked_numbers
from campaigns.models import SuppressionSource
from tests.admin.crawling import walk

PLAIN = pytest.mark.one_database
#: Numbers of recipients, as digits. Each list row also has another spelling.
NUMBERS = ("2025550134", "2025550135", "2025550136")
FINDS = re.compile(r"202\W{0,3}555\W{0,3}01(?:34|35|36)")
LIST = (
    "phone_number,business_name,other\n"
    "(202) 555-0134,Ann Shop,202.555.0134\n"
    "2025550135,Bob Shop,+12025550136\n"
    "+12025550135,Bob again,\n"
    "202 555 0134 99999,Long,\n"
)


class Recorder(Client):
    """A browser that keeps every page and file with a number in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.asked = 0

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        self.asked += 1
        if answer.streaming:
            body = b"".join(answer.streaming_content)
            answer.streaming_content = [body]
        else:
            body = answer.content
        text = readable(body) + str(dict(answer.headers).get("Content-Disposition", ""))
        if seen := FINDS.search(text):
            around = text[max(seen.start() - 120, 0) : seen.end() + 40]
            self.found[f"{request['PATH_INFO']}?{request.get('QUERY_STRING', '')}"] = around
        return answer


def readable(body: bytes) -> str:
    if not body.startswith(b"PK"):
        return body.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return "".join(book.read(name).decode(errors="replace") for name in book.namelist())


@pytest.fixture
def manager(db: None) -> User:
    """Somebody who may do everything but see numbers."""
    group = Group.objects.create(name="Without numbers")
    app = Permission.objects.filter(content_type__app_label__in=["batchcalls", "campaigns"])
    group.permissions.set(app.exclude(codename="view_numbers"))
    user = User.objects.create_user("blind", is_staff=True)
    user.groups.add(group)
    return user


@pytest.fixture
def called(make_batch: Any, run: Any, db: None) -> Batch:
    endpoints.create(url="https://crm.example.com/hook")
    batch: Batch = run(make_batch(text=LIST))
    call = CallResult.objects.get(to_number="+12025550134")
    CallResult.objects.filter(pk=call.pk).update(
        summary="She said: call 202-555-0134.", error_message="+12025550134 was busy"
    )
    BatchEvent.objects.create(batch=batch, message="Stopped the call to +12025550134.")
    suppressing.add([NewEntry(e164="+12025550136", source=SuppressionSource.CALL, reason="x")])
    make_batch("+12025550134", name="Draft with 202 555 0134")
    return batch


@PLAIN
def test_no_page_and_no_file_shows_a_number(called: Batch, manager: User) -> None:
    browser = Recorder()
    browser.force_login(manager)
    found = walk(browser)
    assert browser.asked > 60
    assert not browser.found, "\n".join(map(repr, browser.found.items()))
    assert found.answered(500) == []
    pages = [name for name in found.missing() if "%E2%80%A2" in name]
    assert pages == []
    for name in ("results.csv", "results.xlsx", "recipients.xlsx", "rejected.csv"):
        answer = browser.get(f"/batchcalls/batch/{called.pk}/export/{name}")
        assert answer.status_code == 200, name
    assert browser.get("/batchcalls/callresult/export.xlsx").status_code == 200
    assert browser.found == {}


@PLAIN
def test_no_answer_of_the_apis_has_a_number(called: Batch, manager: User) -> None:
    _, secret = api_keys.create(manager, name="p", scopes=Scope.values)
    program = Recorder()
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    call = CallResult.objects.filter(batch=called).order_by("pk")[0]
    sent = WebhookDelivery.objects.exclude(call=None)[0]
    paths = [
        *("/api/v1/batches", "/api/v1/calls", "/api/v1/do-not-call", "/api/v1/audit-entries"),
        "/api/v1/calls?include=transcript,variables,request_data",
        *(f"/api/v1/batches/{called.pk}{end}" for end in ("", "/recipients", "/events")),
        *(f"/api/v1/batches/{called.pk}{end}" for end in ("/dry-run", "/rejected", "/results")),
        *(f"/api/v1/calls/{call.call_id}{end}" for end in ("", "/why")),
        *("/api/v1/webhook-deliveries", f"/api/v1/webhook-deliveries/{sent.pk}"),
        *("/v1/calls", f"/v1/calls/{call.call_id}", "/v2/batches/list"),
        *(f"/v2/batches/{called.pk}", f"/v2/batches/{called.pk}/logs"),
    ]
    answers = {path: program.get(path) for path in paths}
    assert {path: a.status_code for path, a in answers.items() if a.status_code >= 500} == {}
    good = [path for path, answer in answers.items() if answer.status_code == 200]
    assert len(good) >= 14, {path: a.status_code for path, a in answers.items()}
    assert program.found == {}
    assert "+1 202 ••• ••34" in answers["/api/v1/calls"].json().__str__()


@PLAIN
def test_parts_of_a_number_find_nothing_for_whoever_may_not_see_it(
    called: Batch, manager: User
) -> None:
    browser = Client()
    browser.force_login(manager)
    for path, whole in (
        ("/batchcalls/callresult/?number={}", "%2B12025550134"),
        ("/batchcalls/callresult/?q={}", "%2B12025550134"),
        ("/campaigns/suppression/?number={}", "%2B12025550136"),
        (f"/batchcalls/batch/{called.pk}/recipients/?q={{}}", "%2B12025550134"),
    ):
        pages = [browser.get(path.format(text)) for text in (whole, whole[:-2], "20255501")]
        found = ["••• ••3" in page.content.decode() for page in pages]
        assert found == [True, False, False], path


@PLAIN
def test_who_may_see_numbers_sees_them(called: Batch, admin_client: Client) -> None:
    page = admin_client.get("/batchcalls/callresult/").content.decode()
    assert "+12025550134" in page


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("+12025550190", "+1 202 ••• ••90"),
        ("Call (202) 555-0190 today", "Call 202 ••• ••90 today"),
        ("+442079460123", "+44 207 ••• ••23"),
        # In groups that look like an IP address.
        ("044.668.18.00", "044 ••• ••00"),
        ("212.55.123.145", "212 ••• ••45"),
        ("?number=%2B12025550190&page=2", "?number=+1 202 ••• ••90&page=2"),
        # No numbers: times, ids, prices, and counts.
        ("2026-11-27T21:47:49.123456+00:00", None),
        ("2026-11-27 21:47", None),
        ("12345678-1234-4321-8123-123456789012", None),
        ("1,234,567,890 rows at 0.12345", None),
        ("+1 202 ••• ••90", None),
    ],
)
def test_numbers_are_masked_and_nothing_else_is(text: str, right: str | None) -> None:
    assert masked_numbers.text_masked(text) == (text if right is None else right)


def test_a_page_keeps_its_tags_and_loses_links_to_numbers() -> None:
    page = '<a class="number" href="/x/+12025550190/">+12025550190</a><path d="1 2 3 4 5 6 7 8 9"/>'
    right = '<a class="number">+1 202 ••• ••90</a><path d="1 2 3 4 5 6 7 8 9"/>'
    assert masked_numbers.html_masked(page) == right


def test_numbers_in_json_are_masked_as_texts_and_as_numbers() -> None:
    value = {"to": "+12025550190", "n": [12025550190, 7, True], "id": 123}
    right = {"to": "+1 202 ••• ••90", "n": ["120 ••• ••90", 7, True], "id": 123}
    assert masked_numbers.json_masked(value) == right
    assert masking.rows_masked([["+12025550190", None, 3]]).__next__()[0] == "+1 202 ••• ••90"


def test_log_lines_have_no_numbers(capsys: Any) -> None:
    event = {"event": "GET /x/+12025550190/?q=%2B12025550190", "timestamp": "t", "code": 404}
    line = masked_numbers.log_masked(None, "info", event)
    assert "0190" not in str(line)
    tried = {"event": "sign_in_failed", "ip": "203.0.113.120", "address": "203.0.113.120"}
    assert masked_numbers.log_masked(None, "warning", dict(tried)) == tried
    processors = structlog.get_config()["processors"]
    assert masked_numbers.log_masked in processors

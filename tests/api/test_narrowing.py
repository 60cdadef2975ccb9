"""How lists are narrowed and ordered: several values, instants, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction

from batchcalls.database import clock
from batchcalls.database.bulk import update_each
from batchcalls.models import Batch, CallResult, WebhookDelivery
from batchcalls.webhooks import endpoints, outbox
from campaigns.models import CallingPolicy, Campaign, Pathway, Suppression
from tests.admin.call_rows import make_calls
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, 0, 0, 500_000, UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def calls(make_batch: Any) -> list[str]:
    """Calls of two batches, claimed at noon and each hour later; the last is live."""
    batches = make_batch("+12025550190"), make_batch("+12025550191")
    statuses = ["completed", "busy", "completed", "in_progress"]
    made = []
    for place, status in enumerate(statuses):
        at = NOON + place * HOUR
        over = at + HOUR / 2 if status != "in_progress" else None
        fields = {"status": status, "claimed_at": at, "ended_at": over}
        made += make_calls(batches[place % 2], 1, answered_by="", **fields)
    return [str(one.call_id) for one in made]


def ids(program: Program, path: str) -> list[Any]:
    answer = program.get(f"/api/v1/{path}")
    assert answer.status_code == 200, (path, answer.json())
    return [one["id"] for one in answer.json()["results"]]


def refusal(program: Program, path: str) -> tuple[str, str]:
    answer = program.get(f"/api/v1/{path}")
    assert answer.status_code == 400, (path, answer.json())
    [error] = answer.json()["errors"]
    return error["pointer"], error["detail"]


class TestSeveralValues:
    def test_values_with_commas_between_them_find_rows_with_any(
        self, program: Program, calls: list[str]
    ) -> None:
        first, second, third, live = calls
        one, other = (str(batch.pk) for batch in Batch.objects.order_by("created_at"))
        assert ids(program, "calls?status=completed,busy") == [third, second, first]
        assert ids(program, "calls?status=busy,live") == [live, second]
        assert ids(program, "calls?status=busy,%20busy") == [second]
        assert ids(program, f"calls?batch={one},{other}&status=completed") == [third, first]
        assert ids(program, f"calls?batch={one}") == [third, first]
        assert sorted(ids(program, "batches?status=draft,finished")) == sorted([one, other])
        assert ids(program, "batches?status=completed,failed") == []
        rows = ids(program, f"batches/{one}/recipients?status=pending,waiting,skipped")
        assert len(rows) == 2
        entries = ids(program, "audit-entries?action=deleted,viewed&door=api,page")
        assert entries == []

    def test_what_is_no_value_is_named(self, program: Program, calls: list[str]) -> None:
        batch = str(Batch.objects.order_by("created_at")[0].pk)
        for query in ("status=", "status=%20", "batch=", "q=", "created_after="):
            pointer, detail = refusal(program, f"calls?{query}")
            assert pointer == f"/{query.partition('=')[0]}"
            assert detail.startswith("This query parameter is blank.")
        for query in ("status=busy,", "status=,busy", "batch=,", f"batch={batch},"):
            assert "blank" in refusal(program, f"calls?{query}")[1], query
        assert "100 values at most" in refusal(program, f"calls?status={'busy,' * 999}busy")[1]
        many = ",".join([batch] * 1_000)
        assert "100 values at most" in refusal(program, f"calls?batch={many}")[1]
        assert "bussy" in refusal(program, "calls?status=busy,bussy")[1]
        unknown = "00000000-0000-4000-8000-000000000000"
        for value in (f"{batch},{unknown}", f"{batch},x", unknown, "a b"):
            assert "No batch has this ID" in refusal(program, f"calls?batch={quote(value)}")[1]
        assert "Send it once" in refusal(program, "calls?status=busy&status=failed")[1]

    def test_the_page_shows_several_values_as_one_choice(
        self, admin_client: Any, calls: list[str]
    ) -> None:
        page = admin_client.get("/batchcalls/callresult/?status=completed,busy").content.decode()
        assert '<option value="completed,busy" selected>Completed, Busy</option>' in page
        assert page.count(" selected>") >= 1


class TestInstants:
    def test_an_instant_includes_its_beginning_and_not_its_end(
        self, program: Program, calls: list[str]
    ) -> None:
        first, second, third, live = calls
        at = program.get(f"/api/v1/calls/{second}").json()["claimed_at"]
        assert at == "2026-11-24T13:00:00.500Z"
        assert ids(program, f"calls?created_after={at}") == [live, third, second]
        assert ids(program, f"calls?created_before={at}") == [first]
        assert ids(program, "calls?created_after=2026-11-24T08:00:00.501-05:00") == [live, third]
        # A plus that was not escaped arrives as a space.
        assert ids(program, "calls?created_after=2026-11-24T15:00:00.500+01:00") == [live, third]
        assert ids(program, "calls?ended_before=2026-11-24T14:00:00Z") == [second, first]
        assert ids(program, "calls?ended_after=1970-01-01T00:00:00Z") == [third, second, first]
        assert ids(program, "calls?created_after=2999-12-31T23:59:59Z") == []
        # Days, as before.
        assert len(ids(program, "calls?from=2026-11-24&to=2026-11-24")) == 4

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("2026-11-24T12:00:00", "The time zone is missing."),
            ("2026-11-24", "The time zone is missing."),
            ("yesterday", "Enter a time such as 2026-11-24T09:00:00.000Z."),
            ("2026-11-24T12:00:60Z", "Enter a time such as"),
            ("1732449600", "Enter a time such as"),
            ("0001-01-01T00:00:00+14:00", "between 1970 and 2999"),
            ("9999-12-31T23:59:59-14:00", "between 1970 and 2999"),
            ("2026-02-30T00:00:00Z", "Enter a time such as"),
        ],
    )
    def test_what_is_no_instant_is_refused_with_an_example(
        self, program: Program, text: str, why: str
    ) -> None:
        for path in ("calls?created_after", "batches?ended_before", "do-not-call?expires_after"):
            assert why in refusal(program, f"{path}={quote(text)}")[1]


class TestEachList:
    def test_batches_are_found_by_time_name_and_campaign(
        self, program: Program, make_batch: Any
    ) -> None:
        campaign = Campaign.objects.create(name="Reminder", prompt="Hi")
        old = make_batch("+12025550190", name="October, north")
        new = make_batch("+12025550190", name="November", campaign=campaign)
        Batch.objects.filter(pk=old.pk).update(created_at=NOON)
        assert ids(program, "batches?name=october,%20north") == [str(old.pk)]
        assert ids(program, f"batches?campaign={campaign.pk}") == [str(new.pk)]
        assert ids(program, "batches?created_before=2026-11-24T13:00:00Z") == [str(old.pk)]
        assert ids(program, "batches?launched_after=2026-11-24T13:00:00Z") == []
        assert ids(program, "batches?ordering=created_at") == [str(old.pk), str(new.pk)]
        assert ids(program, "batches?ordering=-created_at") == [str(new.pk), str(old.pk)]

    def test_deliveries_are_found_by_endpoint_and_batch(
        self, program: Program, make_batch: Any
    ) -> None:
        batch = make_batch("+12025550190")
        first, second = (endpoints.create(url=f"https://{n}.example.com/") for n in "ab")
        one, other = outbox.send_test(first), outbox.send_test(second)
        WebhookDelivery.objects.filter(pk=one.pk).update(batch=batch)
        assert ids(program, f"webhook-deliveries?endpoint={second.pk}") == [other.pk]
        assert ids(program, f"webhook-deliveries?batch={batch.pk}&status=pending,dead") == [one.pk]
        assert refusal(program, "webhook-deliveries?endpoint=x")[0] == "/endpoint"

    def test_other_lists_are_narrowed_as_on_their_pages(self, program: Program) -> None:
        policy = CallingPolicy.objects.create(name="Office hours")
        north = Campaign.objects.create(name="North", prompt="Hi", policy=policy)
        Campaign.objects.create(name="South", prompt="Bye", purpose="marketing")
        pathway = Pathway.objects.create(name="Survey", pathway_id="pw-1")
        assert ids(program, "campaigns?q=hi") == [north.pk]
        assert ids(program, f"campaigns?policy={policy.pk}") == [north.pk]
        assert len(ids(program, "campaigns?purpose=marketing,informational")) == 2
        assert ids(program, "pathways?q=pw-") == [pathway.pk]
        assert ids(program, "policies?q=hours") == [policy.pk]
        for path in ("tools?q=x", "allowed-hosts?q=x", "accounts?state=off&provider=bland"):
            assert ids(program, path) == []
        Suppression.objects.create(e164="+12025550133", source="api", expires_at=NOON)
        Suppression.objects.create(e164="+12025550134", source="call")
        assert len(ids(program, "do-not-call?source=api,call")) == 2
        assert len(ids(program, "do-not-call?expires_before=2026-11-25T00:00:00Z")) == 1

    def test_calls_are_ordered_page_by_page(self, program: Program, calls: list[str]) -> None:
        def walk(query: str) -> list[str]:
            found, address = [], f"/api/v1/calls?limit=1&{query}"
            while address:
                page = program.get(address).json()
                found += [one["id"] for one in page["results"]]
                address = page["next"]
            return found

        CallResult.objects.filter(call_id=calls[0]).update(ended_at=NOON + 9 * HOUR)
        assert walk("ordering=claimed_at") == calls
        assert walk("ordering=-claimed_at") == calls[::-1]
        assert walk("ordering=-ended_at") == [calls[0], calls[2], calls[1]]
        assert walk("ordering=ended_at&status=completed") == [calls[2], calls[0]]
        assert "claimed_at, -claimed_at" in refusal(program, "calls?ordering=price")[1]
        assert refusal(program, "campaigns?ordering=name")[1] == "Unknown query parameter."


class TestFollowingChanges:
    def test_whatever_changes_a_result_is_found_since(
        self, program: Program, calls: list[str], monkeypatch: Any
    ) -> None:
        first, second, third, live = calls
        ahead = datetime(2999, 1, 1, tzinfo=UTC)
        monkeypatch.setattr("batchcalls.database.stamps.settled_before", lambda: ahead)
        everything = f"calls?updated_since={quote('1970-01-01T00:00:00Z')}"
        assert ids(program, everything) == [first, second, third]

        def last_change() -> str:
            found = program.get(f"/api/v1/{everything}&fields=id,updated_at").json()["results"]
            return str(found[-1]["updated_at"])

        def change(number: int) -> None:
            rows = CallResult.objects.filter(call_id=calls[number])
            call = rows.get()
            changes: list[Any] = [
                lambda: rows.update(summary="New"),
                lambda: update_each(CallResult, ["summary"], [(call.pk, "Newer")]),
                call.save,
            ]
            changes[number]()

        for number, call_id in enumerate(calls[:3]):
            at = last_change()
            change(number)
            assert ids(program, f"calls?updated_since={at}")[-1] == call_id
            assert ids(program, everything)[-1] == call_id
        CallResult.objects.filter(call_id=live).update(summary="Still live")
        assert live not in ids(program, everything)

    def test_changes_of_the_last_seconds_wait(self, program: Program, calls: list[str]) -> None:
        assert ids(program, "calls?updated_since=1970-01-01T00:00:00Z") == []
        CallResult.objects.update(updated_at=clock.now() - timedelta(minutes=1))
        assert len(ids(program, "calls?updated_since=1970-01-01T00:00:00Z")) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time.")
def test_a_change_that_is_committed_late_is_not_missed(
    program: Program, make_batch: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("batchcalls.database.stamps.LAG", timedelta(0))
    early, late = make_calls(make_batch("+12025550190"), 2)
    began, may_commit = Event(), Event()

    def change_slowly() -> None:
        try:
            with transaction.atomic():
                CallResult.objects.filter(pk=late.pk).update(summary="Late")
                began.set()
                may_commit.wait(20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(change_slowly)
        assert began.wait(20)
        CallResult.objects.filter(pk=early.pk).update(summary="Early")
        path = "calls?updated_since=2026-01-01T00:00:00Z"
        # The later change is there, but an earlier one can still appear before it.
        assert str(early.call_id) not in ids(program, path)
        may_commit.set()
        slow.result()
    assert ids(program, path) == [str(late.call_id), str(early.call_id)]

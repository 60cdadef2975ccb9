"""The do-not-call list: finding numbers, adding many, the page of one, and letting one go."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from batchcalls.batches import suppressing
from batchcalls.intake import do_not_call, runner
from batchcalls.models import Recipient, StoredList
from campaigns.models import Suppression
from tests.admin.call_rows import make_calls, person
from tests.admin.conftest import NUMBER
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

OTHER = "+442079460123"
LIST = reverse("admin:campaigns_suppression_changelist")
ADD = reverse("admin:campaigns_suppression_add")


def page_of(entry: Suppression, name: str = "change") -> str:
    return reverse(f"admin:campaigns_suppression_{name}", args=[entry.pk])


def content(answer: Any) -> str:
    """Return what stands on a page below its frame, as it is read."""
    return unescape(markup(answer).partition("<main")[2])


def numbers_on(answer: Any) -> list[str]:
    return re.findall(r'<a class="number" href="[^"]*">(\+\d+)</a>', content(answer))


def many(count: int, **fields: Any) -> None:
    fields = {"source": "import", "reason": "state list", **fields}
    Suppression.objects.bulk_create(
        Suppression(e164=f"+1415{2_000_000 + n}", **fields) for n in range(count)
    )


class TestList:
    def test_it_shows_why_how_by_whom_and_when(self, keeper: Client, admin_user: Any) -> None:
        do_not_call.add_numbers(f"{NUMBER}, moved away", region="US", actor=admin_user)
        page = content(keeper.get(LIST))
        for part in ("Do-not-call", NUMBER, "moved away", "Entered by staff", "admin", "now"):
            assert part in page

    def test_its_pages_follow_one_another_without_a_gap(self, keeper: Client) -> None:
        many(120)
        seen = []
        query = ""
        for _ in range(3):
            answer = keeper.get(f"{LIST}?{query}")
            seen += numbers_on(answer)
            older = re.search(r'rel="next" href="\?([^"]*)"', content(answer))
            query = older.group(1) if older else ""
        assert seen == [f"+1415{2_000_000 + n}" for n in reversed(range(120))]

    def test_nothing_is_counted_and_each_page_takes_the_same_queries(
        self, keeper: Client, django_assert_num_queries: Any
    ) -> None:
        many(3)
        with CaptureQueriesContext(connection) as few:
            keeper.get(LIST)
        many_more = [Suppression(e164=f"+1416{2_000_000 + n}") for n in range(60)]
        Suppression.objects.bulk_create(many_more)
        with django_assert_num_queries(len(few)) as found:
            keeper.get(LIST)
        assert not [query for query in found.captured_queries if "COUNT(" in query["sql"]]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"number": NUMBER}, [NUMBER]),
            ({"number": "(202) 555-0190"}, [NUMBER]),
            ({"number": "442079460123"}, [OTHER]),
            ({"number": "+1202"}, [NUMBER]),
            ({"number": "946 01"}, [OTHER]),
            ({"number": "+4420 7946"}, [OTHER]),
            ({"source": "call"}, [OTHER]),
            ({"reason": "LETTER asked"}, [NUMBER]),
            ({"from": "2026-11-02"}, [OTHER]),
            ({"to": "2026-11-01"}, [NUMBER]),
            ({"from": "2026-11-01", "to": "2026-11-03"}, [OTHER, NUMBER]),
            ({"number": NUMBER, "source": "call"}, []),
            ({"from": "2026-11-04"}, []),
        ],
    )
    def test_it_is_narrowed_by_all_that_is_known(
        self, keeper: Client, listed: Suppression, query: dict[str, str], found: list[str]
    ) -> None:
        Suppression.objects.create(e164=OTHER, source="call")
        for number, day in ((NUMBER, 1), (OTHER, 3)):
            moment = datetime(2026, 11, day, 12, tzinfo=UTC)
            Suppression.objects.filter(e164=number).update(created_at=moment)
        assert numbers_on(keeper.get(LIST, query)) == found

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ({"number": "Bob"}, "Enter a number, or at least three of its digits."),
            ({"from": "yesterday"}, "Enter a date such as 2026-11-24."),
            ({"source": "rumour"}, "rumour is not one of the available choices"),
            ({"reason": "x" * 201}, "at most 200 characters"),
        ],
    )
    def test_a_filter_that_is_not_understood_shows_nothing_and_says_why(
        self, keeper: Client, listed: Suppression, query: dict[str, str], said: str
    ) -> None:
        answer = keeper.get(LIST, query)
        assert numbers_on(answer) == []
        assert said in content(answer)
        assert "Please fix the filter above." in content(answer)

    def test_a_whole_number_is_found_by_its_index(self, keeper: Client) -> None:
        many(200)
        with CaptureQueriesContext(connection) as found:
            keeper.get(LIST, {"number": "+14152000007"})
        [sql] = [query["sql"] for query in found if '"e164" LIKE' in query["sql"]] or [""]
        assert sql == ""
        assert any("\"e164\" IN ('+14152000007'" in query["sql"] for query in found)

    def test_a_number_that_is_not_listed_can_be_added_at_once(self, keeper: Client) -> None:
        page = content(keeper.get(LIST, {"number": "202 555 0190"}))
        assert "is not on the list" in page
        link = re.search(r'href="([^"]*add/\?numbers=[^"]*)"', page)
        assert link is not None
        assert NUMBER in content(keeper.get(link.group(1)))

    def test_an_empty_list_says_what_it_would_hold(self, keeper: Client) -> None:
        page = content(keeper.get(LIST))
        assert "No numbers yet" in page
        assert page.count(f'href="{ADD}"') == 2

    def test_there_is_one_primary_button_and_what_is_rarer_stands_in_a_menu(
        self, admin_client: Client, listed: Suppression
    ) -> None:
        page = content(admin_client.get(LIST))
        assert len(re.findall(r'class="button primary"', page)) == 1
        menu = page.partition('id="more-menu"')[2].partition("</details>")[0]
        for label in ("Import a long list", "preview", "Export CSV", "Export XLSX", "Removed"):
            assert label in menu
        assert "delete_selected" not in page

    def test_whoever_only_looks_is_offered_nothing_else(self, listed: Suppression) -> None:
        page = content(person("view_suppression")[1].get(LIST))
        for link in ("/add/", "/import/", "/export/", ".csv"):
            assert link not in page

    def test_it_goes_out_as_it_is_narrowed(self, admin_client: Client, listed: Suppression) -> None:
        Suppression.objects.create(e164=OTHER, source="call")
        page = content(admin_client.get(LIST, {"source": "call"}))
        [csv] = re.findall(r'href="([^"]*do-not-call.csv[^"]*)"', page)
        rows = b"".join(admin_client.get(csv).streaming_content).decode().splitlines()
        assert [row.split(",")[0] for row in rows] == ["e164", OTHER]
        [book] = re.findall(r'href="([^"]*/export/[^"]*)"', page)
        assert admin_client.get(book).status_code == 200
        text = admin_client.post(book, {"format": "0"}).content.decode()
        assert OTHER in text
        assert NUMBER not in text
        refused = admin_client.get(csv.replace("=call", "=rumour"), follow=True)
        assert "with an invalid filter" in content(refused)


class TestNumber:
    def test_its_page_says_why_since_when_and_by_whom(self, admin_user: Any) -> None:
        do_not_call.add_numbers(f"{NUMBER}, moved away", region="US", actor=admin_user)
        page = content(person("view_suppression")[1].get(page_of(Suppression.objects.get())))
        for part in (NUMBER, "moved away", "Entered by staff", "admin", "Added to the list."):
            assert part in page
        assert "<textarea" not in page
        assert "Save the reason" not in page
        assert "Remove from the list" not in page
        assert "/batchcalls/" not in page

    def test_it_leads_to_the_calls_that_asked_for_it_and_the_rows_it_kept_back(
        self, keeper: Client, listed: Suppression, make_batch: Any
    ) -> None:
        batch = make_batch(NUMBER, name="November")
        [asked, other] = make_calls(batch, 2, to_number=NUMBER)
        type(asked).objects.filter(pk=asked.pk).update(disposition="DO_NOT_CONTACT")
        row = Recipient.objects.create(
            batch=batch,
            row_number=77,
            e164=NUMBER,
            status="skipped",
            reason_code="do_not_call",
            reason="On the list.",
        )
        page = content(keeper.get(page_of(listed)))
        assert reverse("admin:batchcalls_callresult_change", args=[asked.pk]) in page
        assert reverse("admin:batchcalls_callresult_change", args=[other.pk]) not in page
        assert reverse("admin:batchcalls_recipient_change", args=[row.pk]) in page
        assert "November, row 77" in page
        assert "1 recipient of the latest 200 batches." in page

    def test_the_page_takes_the_same_number_of_queries_however_much_came_of_it(
        self,
        keeper: Client,
        listed: Suppression,
        make_batch: Any,
        django_assert_num_queries: Any,
    ) -> None:
        make_batch(NUMBER)
        keeper.get(page_of(listed))  # fills the cache of content types
        with CaptureQueriesContext(connection) as few:
            keeper.get(page_of(listed))
        for _ in range(3):
            make_calls(make_batch(NUMBER), 2, to_number=NUMBER, disposition="DO_NOT_CONTACT")
        with django_assert_num_queries(len(few)):
            keeper.get(page_of(listed))

    def test_the_reason_is_put_right_and_the_change_is_kept(
        self, keeper: Client, listed: Suppression
    ) -> None:
        page = content(keeper.post(page_of(listed), {"reason": " by e-mail "}, follow=True))
        listed.refresh_from_db()
        assert listed.reason == "by e-mail"
        assert "Reason changed from “asked by letter” to “by e-mail”." in page
        again = content(keeper.post(page_of(listed), {"reason": "by e-mail"}, follow=True))
        assert "The reason did not change." in again
        assert LogEntry.objects.count() == 1

    def test_a_reason_that_is_too_long_is_given_back(
        self, keeper: Client, listed: Suppression
    ) -> None:
        page = content(keeper.post(page_of(listed), {"reason": "y" * 201}))
        assert "y" * 201 in page
        assert "at most 200 characters" in page

    def test_nothing_but_the_reason_can_be_changed(
        self, keeper: Client, listed: Suppression
    ) -> None:
        keeper.post(page_of(listed), {"reason": "x", "e164": OTHER, "source": "api"})
        listed.refresh_from_db()
        assert (listed.e164, listed.source) == (NUMBER, "manual")

    def test_whoever_only_looks_changes_nothing(self, listed: Suppression) -> None:
        _, client = person("view_suppression")
        assert client.post(page_of(listed), {"reason": "x"}).status_code == 403
        assert client.post(page_of(listed, "delete"), {}).status_code == 403
        listed.refresh_from_db()
        assert listed.reason == "asked by letter"

    @pytest.mark.parametrize("pk", ["0", "999999", "99999999999999999999999", "x", "²"])
    def test_a_number_that_is_not_there_is_not_found(self, keeper: Client, pk: str) -> None:
        for page in ("change", "delete", "history"):
            assert keeper.get(f"{LIST}{pk}/{page}/").status_code == 404


class TestRemoval:
    def test_it_says_what_it_means_and_does_nothing_before_it_is_confirmed(
        self, keeper: Client, listed: Suppression
    ) -> None:
        page = content(keeper.get(page_of(listed, "delete")))
        assert "It may be called again by every batch" in page
        assert "asked by letter" in page
        assert "asked in a call" not in page
        assert Suppression.objects.filter(pk=listed.pk).exists()

    def test_it_warns_where_somebody_asked_for_it_in_a_call(
        self, keeper: Client, listed: Suppression
    ) -> None:
        Suppression.objects.update(source="call")
        assert "asked not to be called again" in content(keeper.get(page_of(listed, "delete")))

    def test_a_removed_number_may_be_called_again_and_it_is_known_who_did_that_and_why(
        self, keeper: Client, listed: Suppression
    ) -> None:
        answer = keeper.post(page_of(listed, "delete"), {"why": "signed up anew"}, follow=True)
        assert f"{NUMBER} is removed: it may be called again." in content(answer)
        assert not Suppression.objects.about(NUMBER).exists()
        for address in (
            reverse("admin:campaigns_suppression_removed"),
            f"{LIST}?number=%2B12025550190",
        ):
            page = content(keeper.get(address))
            for part in (NUMBER, "signed up anew", "because: asked by letter", "person"):
                assert part in page

    def test_a_number_that_came_back_remembers_that_it_was_removed(
        self, keeper: Client, listed: Suppression
    ) -> None:
        keeper.post(page_of(listed, "delete"), {"why": "signed up anew"})
        keeper.post(ADD, {"numbers": NUMBER})
        back = Suppression.objects.get()
        assert back.pk != listed.pk
        assert "signed up anew" in content(keeper.get(page_of(back, "history"), follow=True))

    def test_the_second_of_two_removals_is_told_so_and_noted_once(
        self, listed: Suppression, admin_user: Any
    ) -> None:
        suppressing.remove(listed, actor=admin_user)
        listed.pk = 77
        with pytest.raises(suppressing.NotListed, match="no longer on the list"):
            suppressing.remove(listed, actor=admin_user)
        with pytest.raises(suppressing.NotListed):
            suppressing.change_reason(listed, "other", actor=admin_user)
        assert LogEntry.objects.count() == 1

    def test_whoever_may_remove_and_not_look_is_led_home(self, listed: Suppression) -> None:
        _, client = person("delete_suppression")
        assert client.get(page_of(listed, "delete")).status_code == 200
        answer = client.post(page_of(listed, "delete"), {}, follow=True)
        assert answer.status_code == 200
        assert not Suppression.objects.exists()

    def test_before_the_first_removal_its_page_says_what_it_would_hold(
        self, keeper: Client
    ) -> None:
        page = content(keeper.get(reverse("admin:campaigns_suppression_removed")))
        assert "No removed numbers" in page


class TestLongLists:
    def test_its_numbers_are_read_in_the_country_that_is_chosen(self, admin_client: Client) -> None:
        address = reverse("admin:batchcalls_storedlist_add_do_not_call")
        upload = SimpleUploadedFile("dnc.csv", b"phone\n020 7946 0123\n")
        admin_client.post(address, {"file": upload, "region": "gb"})
        runner.run(StoredList.objects.get().pk, seconds=30)
        assert Suppression.objects.get().e164 == OTHER

    def test_a_country_that_does_not_exist_is_refused_beside_the_field(
        self, admin_client: Client
    ) -> None:
        address = reverse("admin:batchcalls_storedlist_add_do_not_call")
        upload = SimpleUploadedFile("dnc.csv", b"phone\n020 7946 0123\n")
        page = content(admin_client.post(address, {"file": upload, "region": "XX"}))
        assert "XX is not a country" in page
        assert not StoredList.objects.exists()


def test_a_numbers_page_leads_to_the_rows_that_say_why(make_batch: Any, run: Any) -> None:
    Suppression.objects.create(e164="+12025550190")
    row = run(make_batch("+12025550190", name="March")).recipients.get()
    _, client = person("view_suppression", "view_recipient")
    address = reverse("admin:campaigns_suppression_number", args=[row.e164])
    page = " ".join(markup(client.get(address)).split())
    assert reverse("admin:batchcalls_recipient_change", args=[row.pk]) in page
    assert "The number is on the do-not-call list." in page
    _, other = person("view_suppression")
    assert "/batchcalls/recipient/" not in markup(other.get(address))


def test_the_page_of_a_number_shows_the_whole_reason_and_the_evidence(admin_client: Client) -> None:
    reason = "Asked by letter, and again by phone, " * 5
    Suppression.objects.create(e164="+12025550190", reason=reason[:200], evidence="Ticket 4711")
    address = reverse("admin:campaigns_suppression_number", args=["+12025550190"])
    text = markup(admin_client.get(address))
    assert reason[:199].strip() in text
    assert '<span class="under">Ticket 4711</span>' in text
    assert 'class="data cards"' in text

"""Numbers are added to the do-not-call list, one per line."""

from __future__ import annotations

import hashlib
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from batchcalls.intake import do_not_call
from campaigns.models import Suppression
from tests.admin.call_rows import person
from tests.admin.conftest import ALL, NUMBER
from tests.admin.test_do_not_call_pages import ADD, LIST, OTHER, content, numbers_on

pytestmark = pytest.mark.django_db


class TestAddingMany:
    def add(self, client: Client, text: str, **fields: str) -> Any:
        return client.post(ADD, {"numbers": text, "region": "US", **fields}, follow=True)

    def test_new_numbers_are_added_and_those_that_are_listed_stay_as_they_are(
        self, listed: Suppression
    ) -> None:
        user, client = person(*ALL)
        text = f"{NUMBER}, again\r\n(202) 555-0191\r\n\r\n{OTHER}, moved, far away\r\n+12025550191"
        page = content(self.add(client, text, reason="state list"))
        assert "2 numbers added to the list; 1 was on it already; 1 stood here twice." in page
        found = Suppression.objects.order_by("e164").values_list(
            "e164", "reason", "source", "created_by"
        )
        assert list(found) == [
            (NUMBER, "asked by letter", "manual", None),
            ("+12025550191", "state list", "manual", user.pk),
            (OTHER, "moved, far away", "manual", user.pk),
        ]

    def test_one_number_comes_in_on_the_same_page(self, keeper: Client) -> None:
        assert "1 number added to the list." in content(self.add(keeper, "202 555 0190"))
        assert numbers_on(keeper.get(LIST)) == [NUMBER]

    def test_lines_that_are_no_numbers_come_back_with_their_places_and_the_others_are_in(
        self, keeper: Client
    ) -> None:
        answer = self.add(keeper, f"{NUMBER}\n\nno one, <b>\n12, short\n{OTHER}", reason="letter")
        page = content(answer)
        assert "2 numbers added to the list." in page
        assert set(Suppression.objects.values_list("e164", flat=True)) == {NUMBER, OTHER}
        assert [(line.number, line.text) for line in answer.context["added"].wrong] == [
            (3, "no one, <b>"),
            (4, "12, short"),
        ]
        assert "is not a phone number" in page
        assert "is too short" in page
        # They stand in the field, with all that was filled in.
        assert answer.context["form"]["numbers"].value() == "no one, <b>\n12, short"
        assert answer.context["form"]["reason"].value() == "letter"
        assert "<b>" not in answer.content.decode()
        assert "is on it already" not in page
        put_right = content(self.add(keeper, "202 555 0192, <b>\n2025550193, short"))
        assert "2 numbers added" in put_right

    @pytest.mark.parametrize(
        "line",
        [
            f"{NUMBER}, {OTHER}",
            f"{NUMBER};{OTHER}; both",
            f"{NUMBER}\t020 7946 0123",
            NUMBER + OTHER,
        ],
    )
    def test_every_number_of_a_line_is_added(self, keeper: Client, line: str) -> None:
        region = "GB" if "\t" in line else "US"
        assert "2 numbers added" in content(self.add(keeper, line, region=region))
        rows = Suppression.objects.order_by("e164").values_list("e164", "reason")
        reason = "both" if "both" in line else ""
        assert list(rows) == [(NUMBER, reason), (OTHER, reason)]

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("(202) 555-0190 ext. 12, asked us, twice", "asked us, twice"),
            ("Ann Miller, Mobile: 202.555.0190", "Ann Miller"),
            ("202,5550190", ""),
            (f"{NUMBER}, {'x' * 201}", "x" * 200),
        ],
    )
    def test_a_number_is_found_in_its_line(self, keeper: Client, line: str, reason: str) -> None:
        self.add(keeper, line)
        assert Suppression.objects.values_list("e164", "reason").get() == (NUMBER, reason)

    def test_a_line_of_which_a_part_was_read_is_added_and_returned(self, keeper: Client) -> None:
        answer = self.add(keeper, f"{NUMBER} / 555-0191")
        assert "“555-0191” could not be read, the rest was." in content(answer)
        assert answer.context["form"]["numbers"].value() == f"{NUMBER} / 555-0191"
        assert Suppression.objects.get().e164 == NUMBER

    def test_a_hash_is_added_shown_and_found_by_its_number(self, keeper: Client) -> None:
        self.add(keeper, f"{hashlib.sha256(NUMBER.encode()).hexdigest()}, broker")
        page = content(keeper.get(LIST, {"number": NUMBER}))
        assert "sha256:" in page
        assert "broker" in page
        entry = Suppression.objects.get()
        shown = content(keeper.get(reverse("admin:campaigns_suppression_change", args=[entry.pk])))
        assert "Calls to this number" not in shown

    def test_numbers_without_a_country_code_are_of_the_country_that_is_chosen(
        self, keeper: Client
    ) -> None:
        self.add(keeper, "020 7946 0123", region="gb")
        assert Suppression.objects.get().e164 == OTHER

    @pytest.mark.parametrize(
        ("text", "fields", "said"),
        [
            ("", {}, "Write at least one number."),
            (" \r\n ", {}, "Write at least one number."),
            (NUMBER, {"region": "XX"}, "XX is not a country. Use two letters, such as US."),
            (NUMBER, {"reason": "x" * 201}, "at most 200 characters"),
            (f"{NUMBER}\0", {}, "Null characters are not allowed."),
        ],
    )
    def test_what_cannot_be_taken_in_is_said_and_stays_in_the_form(
        self, keeper: Client, text: str, fields: dict[str, str], said: str
    ) -> None:
        answer = self.add(keeper, text, **fields)
        assert said in content(answer)
        assert text.strip("\0 \r\n") in unescape(answer.content.decode())
        assert not Suppression.objects.exists()

    def test_what_is_too_long_for_a_page_is_led_to_the_import_and_not_lost(
        self, keeper: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(do_not_call, "MOST_LINES", 2)
        page = content(self.add(keeper, f"{NUMBER}\n{OTHER}\n+12025550191"))
        assert "You pasted 3 lines; the limit is 2." in page
        assert OTHER in page
        assert not Suppression.objects.exists()

    def test_thousands_of_lines_take_as_many_queries_as_one(
        self, keeper: Client, django_assert_num_queries: Any
    ) -> None:
        with CaptureQueriesContext(connection) as one:
            keeper.post(ADD, {"numbers": NUMBER})
        text = "\n".join(f"+1415{2_000_000 + n}" for n in range(2_000))
        with CaptureQueriesContext(connection) as thousands:
            keeper.post(ADD, {"numbers": text})
        # SQLite's driver reports each row of one statement.
        inserts = [q for q in thousands if q["sql"].startswith('INSERT INTO "campaigns_supp')]
        assert len(thousands) - len(inserts) <= len(one)
        assert Suppression.objects.count() == 2_001

    def test_whoever_may_add_and_not_look_is_not_led_to_the_list(self) -> None:
        page = self.add(person("add_suppression")[1], NUMBER)
        assert page.status_code == 200
        assert "1 number added" in content(page)
        assert LIST + '"' not in content(page)

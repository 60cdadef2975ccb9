"""Step two of making a batch: what each column becomes, by hand or by a saved mapping."""

from __future__ import annotations

import pytest
from django.test import Client

from batchcalls.intake import runner
from batchcalls.models import Batch, Recipient, StoredList, VoiceAccount
from batchcalls.states import BatchStatus
from campaigns.models import ColumnMapping
from tests.admin.test_wizard import FIELD_FILES, MATCHED, columns, fields, page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(admin_client: Client, account: VoiceAccount) -> Client:
    return admin_client


@pytest.fixture
def draft(client: Client) -> Batch:
    client.post(page("add"), fields())
    return Batch.objects.get()


class TestMatching:
    def test_what_is_missing_is_said_beside_the_column_and_above(self, client: Client) -> None:
        client.post(page("add"), fields(b"tel,name,name\n+12025550190,Ann,Lee\n"))
        batch = Batch.objects.get()
        wrong = columns("phone_number", "request_data.x", "request_data.x", check="1")
        answer = text_of(client.post(page("columns", batch.pk), wrong))
        assert "comes from several columns" in answer
        assert 'href="#target-2"' in answer
        assert "{{name}} has no column" in answer
        assert Batch.objects.get().status == BatchStatus.DRAFT

    def test_map_all_makes_every_other_column_request_data(
        self, client: Client, draft: Batch
    ) -> None:
        given = columns("phone_number", "ignore", "metadata.city", map_all="1")
        client.post(page("columns", draft.pk), given)
        assert [column["target"] for column in draft.first_list.mapping] == [
            "phone_number",
            "request_data",
            "request_data",
        ]

    def test_a_column_gives_a_call_setting_to_each_row(self, client: Client) -> None:
        client.post(page("add"), fields(b"phone_number,name,minutes\n+12025550190,Ann,7\n"))
        batch = Batch.objects.get()
        given = columns("phone_number", "request_data.name", "call_setting.max_duration", check="1")
        client.post(page("columns", batch.pk), given)
        runner.run_batch(batch.pk, seconds=30)
        assert Recipient.objects.get().call_settings == {"max_duration": 7}

    def test_the_order_of_dates_is_chosen_and_a_setting_of_the_same_name_offered(
        self, client: Client
    ) -> None:
        text = b"phone_number,Start Time,language\n+12025550190,03/04/2030 09:00,German\n"
        client.post(page("add"), fields(text, prompt="Hello."))
        batch = Batch.objects.get()
        shown = text_of(client.get(page("columns", batch.pk)))
        assert "Detect from all of them" in shown
        assert "To set “Language” for each call, choose Call setting." in shown
        client.post(page("columns", batch.pk), {"dates": "mdy", "save": "1"})
        assert batch.first_list.date_order == "mdy"
        assert '<option value="mdy" selected>' in text_of(client.get(page("columns", batch.pk)))
        client.post(page("columns", batch.pk), {"dates": "ydm", "save": "1"})
        assert batch.first_list.date_order == "mdy"

    def test_the_preview_follows_the_form_and_keeps_nothing(
        self, client: Client, draft: Batch
    ) -> None:
        before = draft.first_list.mapping
        given = columns("phone_number", "ignore", "request_data.name", row="1")
        shown = text_of(client.post(page("preview", draft.pk), given))
        assert "York</mark>" in shown
        assert "+12025550191" in shown
        draft = Batch.objects.get()
        assert draft.first_list.mapping == before
        missing = columns("phone_number", "ignore", "ignore")
        assert 'class="missing"' in text_of(client.post(page("preview", draft.pk), missing))

    def test_a_mapping_is_kept_and_used_for_the_next_list(
        self, client: Client, draft: Batch
    ) -> None:
        given = columns("phone_number", "request_data.who", "ignore")
        client.post(
            page("columns", draft.pk),
            {**given, "save_mapping": "1", "mapping_name": "CRM", "numbers_written": "national"},
        )
        assert ColumnMapping.objects.get().name == "CRM"
        client.post(page("add"), fields(name="Next"))
        following = Batch.objects.get(name="Next")
        assert following.first_list.mapping[1]["name"] == "who"
        assert following.first_list.numbers_written == "national"
        client.post(page("columns", following.pk), {**MATCHED, "check": "", "map_all": "1"})
        client.post(page("columns", following.pk), {"apply": "1", "saved": "CRM"})
        assert following.lists.get().mapping[2]["target"] == "ignore"

    def test_an_applied_mapping_is_named_and_taken_back(self, client: Client, draft: Batch) -> None:
        applied = "<p>Mapping <em>CRM &amp; export</em> applied</p>"
        given = columns("phone_number", "request_data.who", "ignore")
        named = {"save_mapping": "1", "mapping_name": "CRM & export"}
        client.post(page("columns", draft.pk), {**given, **named, "numbers_written": "national"})
        assert applied not in text_of(client.get(page("columns", draft.pk)))
        client.post(page("add"), fields(name="Next"))
        step = page("columns", Batch.objects.get(name="Next").pk)
        stored = StoredList.objects.get(batch__name="Next")
        assert applied in text_of(client.get(step))

        client.post(step, {"undo": "1", **given})
        stored.refresh_from_db()
        assert [one["name"] for one in stored.mapping] == ["", "name", "city"]
        assert stored.numbers_written == ""
        assert applied not in text_of(client.get(step))

        client.post(step, {"apply": "1", "saved": "CRM & export"})
        assert applied in text_of(client.get(step))
        # A change is one's own, and there is nothing to take back.
        client.post(step, {**columns("phone_number", "request_data.me", "ignore"), "save": "1"})
        assert applied not in text_of(client.get(step))
        client.post(step, {"undo": "1"})
        stored.refresh_from_db()
        assert stored.mapping[1]["name"] == "me"

    @pytest.mark.parametrize(
        "targets",
        [("ignore", "request_data.a", "ignore"), ("phone_number", "request_data.a", "metadata.")],
    )
    def test_a_mapping_that_cannot_work_is_not_saved(
        self, client: Client, draft: Batch, targets: tuple[str, ...]
    ) -> None:
        given = {**columns(*targets), "save_mapping": "1", "mapping_name": "Bad"}
        answer = client.post(page("columns", draft.pk), given, follow=True)
        assert "The mapping was not saved." in text_of(answer)
        assert not ColumnMapping.objects.exists()

    def test_figures_follow_the_mapping(self, client: Client, draft: Batch) -> None:
        given = columns("phone_number", "request_data.name", "ignore")
        shown = text_of(client.post(page("preview", draft.pk), given))
        assert "<dt>Can be called</dt><dd>2</dd>" in shown
        given = columns("ignore", "request_data.name", "ignore")
        shown = text_of(client.post(page("preview", draft.pk), given))
        assert "<dt>Can be called</dt>" not in shown

    def test_awkward_headers_are_shown_by_their_place(self, client: Client) -> None:
        content = "phone_number,,na\u200bme,x,x\n+12025550190,1,Ann,2,3\n".encode()
        client.post(page("add"), fields(content))
        shown = text_of(client.get(page("columns", Batch.objects.get().pk)))
        for words in ("blank header", "had invisible characters", "duplicate header"):
            assert words in shown

    def test_a_file_is_read_again_in_another_way(self, client: Client) -> None:
        client.post(page("add"), fields("phone_number;name\n+12025550190;Zoë\n".encode("cp1252")))
        batch = Batch.objects.get()
        client.post(
            page("columns", batch.pk), {"read_again": "1", "encoding": "cp1252", "delimiter": ","}
        )
        assert len(batch.lists.get().headers) == 1

    def test_an_unclear_encoding_is_chosen_by_its_values(self, client: Client) -> None:
        content = (FIELD_FILES / "one_bad_byte.csv").read_bytes()
        client.post(page("add"), fields(content))
        batch = Batch.objects.get()
        url = page("columns", batch.pk)
        shown = text_of(client.get(url))
        assert "Which values are spelled correctly?" in shown
        assert "<td>Zoë · Jos�</td>" in shown
        assert "<td>ZoÃ« · José</td>" in shown
        client.post(url, {"use_encoding": "cp1252", "delimiter": ","})
        assert batch.lists.get().encoding == "cp1252"
        assert batch.lists.get().samples[1][1] == "José"
        assert "spelled correctly" not in text_of(client.get(url))

    def test_hidden_rows_are_counted_and_can_be_included(self, client: Client) -> None:
        content = (FIELD_FILES / "filtered_rows.xlsx").read_bytes()
        client.post(page("add"), fields(content, file_name="filtered.xlsx"))
        batch = Batch.objects.get()
        url = page("columns", batch.pk)
        assert "3 hidden rows skipped" in text_of(client.get(url))
        assert [row[1] for row in batch.lists.get().samples] == ["N0", "N2", "N4"]
        client.post(url, {"read_again": "1", "sheet": "Sheet", "include_hidden": "1"})
        assert "hidden rows skipped" not in text_of(client.get(url))
        assert [row[1] for row in batch.lists.get().samples] == ["N0", "N1", "N2", "N3", "N4"]

    def test_two_hundred_columns_are_matched(self, client: Client) -> None:
        names = [f"c{place}" for place in range(198)]
        content = ",".join(["phone_number", "name", *names]) + "\n"
        content += ",".join(["+12025550190", "Ann", *names]) + "\n"
        client.post(page("add"), fields(content.encode()))
        batch = Batch.objects.get()
        assert text_of(client.get(page("columns", batch.pk))).count('name="target-') == 200

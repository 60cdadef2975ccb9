"""Making a batch in three steps, each of which can be left and taken up again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from batchcalls.admin.wizard.review import to_call
from batchcalls.batches import lifecycle
from batchcalls.intake import runner
from batchcalls.models import Batch, BatchEvent, Recipient, StoredList, VoiceAccount
from batchcalls.states import BatchStatus
from campaigns.models import Campaign, Pathway, Suppression
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

FIELD_FILES = Path(__file__).parents[1] / "data" / "field"
LIST = b"phone_number,name,city\n+12025550190,Ann,Bath\n+12025550191,Bob,York\nnot one,Eve,Ely\n"


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:batchcalls_batch_{name}", args=args)


def fields(
    content: bytes | None = LIST, *, file_name: str = "list.csv", **more: Any
) -> dict[str, Any]:
    data = {
        "name": "Spring",
        "says": "prompt",
        "purpose": "informational",
        "prompt": "Hello {{name}}.",
        "account": VoiceAccount.objects.built_in().pk,
        "duplicates": "call_once",
        "next": "1",
    }
    if content is not None:
        data["file"] = SimpleUploadedFile(file_name, content, content_type="text/csv")
    return {name: value for name, value in {**data, **more}.items() if value is not None}


def text_of(answer: Any) -> str:
    return markup(answer)


@pytest.fixture
def client(admin_client: Client, account: VoiceAccount) -> Client:
    return admin_client


@pytest.fixture
def draft(client: Client) -> Batch:
    client.post(page("add"), fields())
    return Batch.objects.get()


def columns(*targets: str, **more: str) -> dict[str, str]:
    """Say what the columns become: a target, or a target and a name after a dot."""
    data = dict(more)
    for place, written in enumerate(targets):
        target, _, name = written.partition(".")
        data[f"target-{place}"] = target
        data[f"{'setting' if target == 'call_setting' else 'name'}-{place}"] = name
    return data


MATCHED = columns("phone_number", "request_data.name", "request_data.city", check="1")


@pytest.fixture
def ready(client: Client, draft: Batch) -> Batch:
    client.post(page("columns", draft.pk), MATCHED)
    runner.run_batch(draft.pk, seconds=30)
    draft.refresh_from_db()
    return draft


class TestTheWholeWay:
    def test_three_steps_lead_from_a_file_to_calls(
        self, client: Client, admin_user: User, run: Any
    ) -> None:
        answer = client.post(page("add"), fields())
        batch = Batch.objects.get()
        assert (batch.status, batch.created_by) == (BatchStatus.DRAFT, admin_user)
        assert answer["Location"] == page("columns", batch.pk)
        assert "list.csv" in text_of(client.get(answer["Location"]))

        answer = client.post(page("columns", batch.pk), MATCHED)
        assert answer["Location"] == page("review", batch.pk)
        assert "Checking the list" in text_of(client.get(answer["Location"]))
        runner.run_batch(batch.pk, seconds=30)
        shown = text_of(client.get(page("review", batch.pk)))
        assert "Calling now" in shown
        assert "Hello Ann." in shown
        assert "is not a phone number" in shown

        answer = client.post(page("review", batch.pk), {"launch": "1"})
        assert answer["Location"] == page("change", batch.pk)
        assert run(batch, launch=False).status == BatchStatus.COMPLETED_PARTIAL
        assert BatchEvent.objects.filter(batch=batch, actor=admin_user).count() >= 3

    @pytest.mark.parametrize("step", ["upload", "columns"])
    def test_a_draft_is_taken_up_where_it_was_left(
        self, client: Client, draft: Batch, step: str
    ) -> None:
        assert client.get(page("continue", draft.pk))["Location"] == page("columns", draft.pk)
        shown = text_of(client.get(page(step, draft.pk)))
        assert "list.csv" in shown
        assert client.get(page(step, draft.pk)).status_code == 200

    def test_a_batch_without_a_name_is_untitled(self, client: Client) -> None:
        client.post(page("add"), fields(name=""))
        assert Batch.objects.get().name == "Untitled Batch"


class TestUploading:
    @pytest.mark.parametrize(
        ("content", "more", "sentence"),
        [
            (b"\x89PNG\r\n\x1a\n\x00\x00", {}, "not a text file"),
            (LIST, {"region": "XX"}, "XX is not a country"),
            (LIST, {"prompt": "Hello {{name"}, "never closed"),
            (LIST, {"cps": "0"}, "greater than or equal to"),
            (LIST, {"concurrency": "0"}, "greater than or equal to"),
            (LIST, {"setting-max_duration": "1000"}, "from 1 to 720"),
            (LIST, {"encoding": "klingon"}, "klingon"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
        self, client: Client, content: bytes, more: dict[str, str], sentence: str
    ) -> None:
        answer = client.post(page("add"), fields(content, name="Kept name", **more))
        assert answer.status_code == 200
        assert sentence in text_of(answer).replace("&#x27;", "'")
        assert 'value="Kept name"' in text_of(answer)

    def test_a_readable_list_is_kept_when_another_field_is_wrong(self, client: Client) -> None:
        answer = client.post(page("add"), fields(prompt="Hello {{name"))
        batch = Batch.objects.get()
        assert batch.first_list.file_name == "list.csv"
        assert f'action="{page("upload", batch.pk)}"' in text_of(answer)
        client.post(page("upload", batch.pk), fields(None))
        batch.refresh_from_db()
        assert (batch.prompt, batch.lists.count()) == ("Hello {{name}}.", 1)

    def test_an_unreadable_list_leaves_the_draft_with_the_one_it_had(
        self, client: Client, draft: Batch
    ) -> None:
        answer = client.post(page("upload", draft.pk), fields(b"\x89PNG\r\n\x1a\n\x00\x00"))
        assert "not a text file" in text_of(answer)
        assert StoredList.objects.get().file_name == "list.csv"

    def test_another_list_takes_the_place_of_the_first(
        self, client: Client, draft: Batch, media: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            client.post(page("upload", draft.pk), fields(b"phone,name\n+1,A\n", file_name="b.csv"))
        assert StoredList.objects.get().file_name == "b.csv"
        assert [file.name for file in media.rglob("*.csv")] == ["b.csv"]

    def test_a_draft_may_wait_without_a_list(self, client: Client) -> None:
        answer = client.post(page("add"), fields(None, save="1", next=None))
        batch = Batch.objects.get()
        assert answer["Location"] == page("change", batch.pk)
        assert client.get(page("continue", batch.pk))["Location"] == page("upload", batch.pk)
        assert client.get(page("change", batch.pk)).status_code == 200

    def test_a_campaign_gives_what_is_left_blank(self, client: Client) -> None:
        campaign = Campaign.objects.create(
            name="C", prompt="Ask {{name}}.", call_settings={"voice": "June", "max_duration": 5}
        )
        client.post(
            page("add"), fields(prompt="", campaign=campaign.pk, **{"setting-voice": "Rex"})
        )
        batch = Batch.objects.get()
        assert batch.prompt == "Ask {{name}}."
        assert batch.call_settings == {"voice": "Rex", "max_duration": 5}

    def test_with_another_campaign_what_came_from_the_first_goes(self, client: Client) -> None:
        first = Campaign.objects.create(name="1", prompt="One.", call_settings={"voice": "June"})
        second = Campaign.objects.create(name="2", prompt="Two.", call_settings={"model": "turbo"})
        client.post(page("add"), fields(prompt="", campaign=first.pk))
        batch = Batch.objects.get()
        client.post(
            page("upload", batch.pk),
            fields(
                None,
                prompt="One.",
                campaign=second.pk,
                **{"setting-voice": "June", "setting-language": "en"},
            ),
        )
        batch.refresh_from_db()
        assert batch.prompt == "Two."
        assert batch.call_settings == {"model": "turbo", "language": "en"}

    def test_a_setting_that_is_taken_out_stays_out(self, client: Client) -> None:
        campaign = Campaign.objects.create(name="1", prompt="Hi.", call_settings={"voice": "June"})
        client.post(page("add"), fields(prompt="", campaign=campaign.pk))
        batch = Batch.objects.get()
        assert batch.call_settings == {"voice": "June"}
        client.post(page("upload", batch.pk), fields(None, prompt="Hi.", campaign=campaign.pk))
        batch.refresh_from_db()
        assert batch.call_settings == {}

    def test_a_pathway_leads_in_place_of_a_prompt(self, client: Client) -> None:
        pathway = Pathway.objects.create(name="Survey", pathway_id="pw-1", version="3")
        client.post(page("add"), fields(says="pathway", pathway=pathway.pk))
        batch = Batch.objects.get()
        assert (batch.prompt, batch.pathway_id, batch.pathway_version) == ("", "pw-1", "3")

    def test_the_template_has_the_columns_that_the_campaign_asks_for(self, client: Client) -> None:
        campaign = Campaign.objects.create(name="C", prompt="Ask {{name}} of {{city}} at {{now}}.")
        answer = client.get(page("template"), {"campaign": campaign.pk})
        assert answer.content.decode().strip() == "phone_number,city,name"

    def test_a_batch_that_is_no_draft_any_more_is_not_changed(
        self, client: Client, draft: Batch
    ) -> None:
        lifecycle.submit(draft, launch=True)
        client.post(page("upload", draft.pk), fields(None, name="Late"))
        client.post(page("columns", draft.pk), columns("ignore", "ignore", "ignore"))
        draft.refresh_from_db()
        assert draft.name == "Spring"
        assert draft.first_list.mapping[0]["target"] == "phone_number"


class TestReview:
    def test_going_back_changes_the_list_for_real_and_doubles_no_row(
        self, client: Client, ready: Batch, run: Any
    ) -> None:
        assert (ready.status, Recipient.objects.count()) == (BatchStatus.READY, 3)
        answer = client.post(page("review", ready.pk), {"back": "1"})
        assert answer["Location"] == page("columns", ready.pk)
        ready.refresh_from_db()
        assert (ready.status, Recipient.objects.count()) == (BatchStatus.DRAFT, 0)
        client.post(page("columns", ready.pk), MATCHED)
        runner.run_batch(ready.pk, seconds=30)
        assert Recipient.objects.count() == 3
        client.post(page("review", ready.pk), {"launch": "1"})
        assert run(ready, launch=False).status == BatchStatus.COMPLETED_PARTIAL

    def test_a_batch_to_which_rows_were_added_is_checked_again_with_another_mapping(
        self, client: Client, ready: Batch, make_batch: Any
    ) -> None:
        upload = SimpleUploadedFile("more.csv", b"phone_number,name,city\n+12025550195,Di,Ely\n")
        client.post(page("add_rows", ready.pk), {"file": upload})
        client.post(page("review", ready.pk), {"back": "1"})
        ready.refresh_from_db()
        assert ready.status == BatchStatus.READY  # its rows are still being added
        runner.run_batch(ready.pk, seconds=30)
        before = list(Recipient.objects.values_list("row_number", "e164"))
        client.post(page("review", ready.pk), {"back": "1"})
        assert Recipient.objects.count() == 0
        client.post(page("columns", ready.pk), MATCHED | {"target-2": "metadata"})
        while runner.run_batch(ready.pk, seconds=30):
            pass
        assert list(Recipient.objects.values_list("row_number", "e164")) == before
        assert Recipient.objects.get(e164="+12025550195").metadata == {"city": "Ely"}
        ready.refresh_from_db()
        assert (ready.status, ready.row_count) == (BatchStatus.READY, 4)

    def test_a_large_launch_asks_for_the_number_of_people(
        self, client: Client, ready: Batch, settings: Any
    ) -> None:
        settings.CONFIRM_LAUNCH_ABOVE = 1
        for typed in ("", "3", "two"):
            answer = client.post(page("review", ready.pk), {"launch": "1", "count": typed})
            assert "Type 2 to launch" in text_of(answer)
        ready.refresh_from_db()
        assert ready.status == BatchStatus.READY
        client.post(page("review", ready.pk), {"launch": "1", "count": "2"})
        ready.refresh_from_db()
        assert ready.status == BatchStatus.DISPATCHING

    def test_launching_twice_launches_once(self, client: Client, ready: Batch) -> None:
        client.post(page("review", ready.pk), {"launch": "1"})
        client.post(page("review", ready.pk), {"launch": "1"})
        launched = BatchEvent.objects.filter(batch=ready, to_status=BatchStatus.DISPATCHING)
        assert launched.count() == 1

    def test_a_list_of_which_nobody_can_be_called_is_corrected_on_its_pages(
        self, client: Client
    ) -> None:
        client.post(page("add"), fields(b"phone_number,name,city\nx,Ann,Bath\n"))
        batch = Batch.objects.get()
        client.post(page("columns", batch.pk), MATCHED)
        runner.run_batch(batch.pk, seconds=30)
        answer = client.get(page("continue", batch.pk), follow=True)
        assert answer.redirect_chain[-1][0] == page("review", batch.pk)
        shown = text_of(answer)
        assert "No one on this list can be called." in shown
        assert "Download rejected rows" in shown
        assert f'href="{page("add_rows", batch.pk)}"' in shown
        assert page("add_rows", batch.pk) in text_of(client.get(page("change", batch.pk)))
        more = SimpleUploadedFile("more.csv", LIST, content_type="text/csv")
        assert client.post(page("add_rows", batch.pk), {"file": more}).status_code == 302
        runner.run_batch(batch.pk, seconds=30)
        batch.refresh_from_db()
        assert (batch.status, to_call(batch)) == (BatchStatus.READY, 2)

    def test_a_file_without_rows_is_refused_beside_the_field(self, client: Client) -> None:
        answer = client.post(page("add"), fields(b"phone_number,name,city\n"))
        assert "a header but no rows. Add at least one row" in text_of(answer)
        assert not StoredList.objects.exists()

    def test_refused_numbers_are_offered_to_the_do_not_call_list(self, client: Client) -> None:
        content = b"phone_number,consent\n+12025550190,yes\n+12025550191,STOP\n"
        client.post(page("add"), fields(content, prompt="Hello."))
        batch = Batch.objects.get()
        client.post(page("columns", batch.pk), columns("phone_number", "consent", check="1"))
        runner.run_batch(batch.pk, seconds=30)
        assert "1 number in this list refused" in text_of(client.get(page("review", batch.pk)))
        answer = client.post(page("review", batch.pk), {"suppress": "1"}, follow=True)
        assert "1 number added to the do-not-call list." in text_of(answer)
        assert "refused to be called" not in text_of(answer)
        assert Suppression.objects.get().e164 == "+12025550191"

    def test_a_test_call_says_what_the_first_row_would_hear(
        self, client: Client, ready: Batch, run: Any
    ) -> None:
        answer = client.post(page("test_call", ready.pk), {"number": "(202) 555-0177"})
        trial = Batch.objects.get(test_of=ready)
        assert answer["Location"] == page("change", trial.pk)
        assert run(trial, launch=False).status == BatchStatus.COMPLETED
        (recipient,) = trial.recipients.all()
        assert (recipient.e164, recipient.request_data["name"]) == ("+12025550177", "Ann")
        ready.refresh_from_db()
        assert ready.status == BatchStatus.READY
        assert str(trial.pk) not in text_of(client.get(page("changelist")))
        assert str(trial.pk) in text_of(client.get(page("changelist"), {"tests": "on"}))

    def test_a_test_call_to_no_number_is_refused(self, client: Client, ready: Batch) -> None:
        answer = client.post(page("test_call", ready.pk), {"number": "12"})
        assert "errorlist" in text_of(answer)
        assert Batch.objects.count() == 1

    def test_a_number_on_the_do_not_call_list_gets_no_test_call_either(
        self, client: Client, ready: Batch, run: Any
    ) -> None:
        Suppression.objects.create(e164="+12025550177")
        client.post(page("test_call", ready.pk), {"number": "+12025550177"})
        trial = run(Batch.objects.get(test_of=ready), launch=False)
        assert trial.recipients.get().reason_code == "do_not_call"
        assert not trial.calls.exists()

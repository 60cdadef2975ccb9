"""A stored list becomes recipients with verdicts: each row one, each row once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError
from django.test import override_settings

from batchcalls.batches import lifecycle
from batchcalls.calling import call_requests
from batchcalls.intake import runner, splitting, uploads
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.lists.matching import map_all
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus
from campaigns import quoted_values
from campaigns.models import CallingPolicy, Campaign, Pathway, Tool

pytestmark = pytest.mark.django_db


def validated(batch: Batch) -> Batch:
    lifecycle.submit(batch, launch=False)
    while runner.run_batch(batch.pk, seconds=30):
        pass
    batch.refresh_from_db()
    return batch


def verdicts(batch: Batch) -> list[tuple[int, str, str]]:
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    return list(rows.values_list("row_number", "e164", "reason_code"))


def test_every_row_of_the_file_gets_a_verdict(make_batch: Any) -> None:
    batch = validated(
        make_batch(
            text="phone_number,business_name\n"
            "+12025550190,Ann's\n"
            "12025550191,Bob's\n"
            "\n"
            ",Nobody\n"
            "1.20255E+11,Excel\n"
            "911,Emergency\n"
            "+19002345678,Premium\n"
            "(202) 555-0190,Ann again\n"
            "+12025550192,\n"
            "+12025550193,Carl's,extra\n"
            "+44 20 7946 0190,Camden\n"
        )
    )

    assert verdicts(batch) == [
        (2, "+12025550190", ""),
        (3, "+12025550191", ""),
        (4, "", "blank_row"),
        (5, "", "blank_number"),
        (6, "", "scientific_notation"),
        (7, "", "emergency_number"),
        (8, "", "premium_rate"),
        (9, "+12025550190", "duplicate"),
        (10, "+12025550192", "missing_variable"),
        (11, "", "too_many_cells"),
        (12, "+442079460190", ""),
    ]
    assert (batch.status, batch.row_count) == (BatchStatus.READY, 11)
    assert "Row 2" in Recipient.objects.get(row_number=9).reason


def test_duplicates_are_called_when_each_row_is_to_be_called(make_batch: Any, run: Any) -> None:
    run(make_batch("+12025550190", "+12025550190", duplicates="call_each_row"))

    assert CallResult.objects.count() == 2


def test_duplicates_are_found_across_chunks(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 2)
    numbers = [f"+1202555019{digit}" for digit in "0123"]
    batch = validated(make_batch(*numbers, *reversed(numbers)))

    assert [code for _, _, code in verdicts(batch)] == [""] * 4 + ["duplicate"] * 4


def test_an_import_that_is_interrupted_goes_on_where_it_stopped(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 10)
    batch = make_batch(*(f"+12025550{n}" for n in range(100, 145)))
    lifecycle.submit(batch, launch=False)
    runs = 0
    while runner.run_batch(batch.pk, seconds=0):
        runs += 1
        assert Recipient.objects.count() == min(runs * 10, 45)
    batch.refresh_from_db()

    assert runs == 5
    assert (batch.status, batch.row_count) == (BatchStatus.READY, 45)
    assert list(Recipient.objects.values_list("row_number", flat=True)) == list(range(2, 47))


def test_a_chunk_that_breaks_leaves_nothing_of_itself(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 10)
    batch = make_batch(*(f"+12025550{n}" for n in range(100, 125)))
    lifecycle.submit(batch, launch=False)
    real = runner.RecipientResource.take_in

    def break_after_saving(self: Any, rows: Any) -> Any:
        save = real(self, rows)

        def save_and_break() -> Any:
            saved = save()
            if Recipient.objects.count() == 20:
                raise KeyboardInterrupt
            return saved

        return save_and_break

    monkeypatch.setattr(runner.RecipientResource, "take_in", break_after_saving)
    with pytest.raises(KeyboardInterrupt):
        runner.run_batch(batch.pk, seconds=30)
    assert Recipient.objects.count() == 10

    monkeypatch.setattr(runner.RecipientResource, "take_in", real)
    assert not runner.run_batch(batch.pk, seconds=30)
    assert Recipient.objects.count() == 25


@pytest.mark.usefixtures("example_hosts")
def test_columns_become_variables_metadata_and_call_settings(make_batch: Any) -> None:
    batch = validated(
        make_batch(
            text="phone_number,request_data.name,metadata.crm_id,settings.max_duration,webhook,note\n"
            "+12025550190,Ann,77,12,https://example.com/a,likes tea\n"
            "+12025550191,Bob,78,,,\n"
            "+12025550192,Cy,79,soon,,\n"
            "+12025550193,Di,80,,http://example.com,\n",
            map_all=None,
            column_options=["settings.max_duration=max_duration", "webhook=webhook"],
            prompt="Hello {{name}}.",
        )
    )

    ann = Recipient.objects.get(row_number=2)
    assert ann.request_data == {"name": "Ann", "note": "likes tea"}
    assert ann.metadata == {"crm_id": "77"}
    assert ann.call_settings == {"max_duration": 12, "webhook": "https://example.com/a"}
    assert Recipient.objects.get(row_number=3).call_settings == {}
    assert [code for _, _, code in verdicts(batch)] == [
        "",
        "",
        "invalid_call_setting",
        "invalid_call_setting",
    ]
    assert "max_duration" in Recipient.objects.get(row_number=4).reason
    assert "https" in Recipient.objects.get(row_number=5).reason


def test_a_rows_own_prompt_time_and_zone_are_used(make_batch: Any, account: Any) -> None:

    batch = validated(
        make_batch(
            text="phone_number,name,task,start_time,timezone\n"
            "+12025550190,Ann,Ask {{name}} why.,2030-01-02 09:00:00,America/Chicago\n"
            "+12025550191,Bob,,,\n"
            "+12025550192,,Ask {{name}} why.,,\n"
            "+12025550193,Di,Ask {{name why.,,\n",
            map_all=None,
            column_options=["task=task"],
            prompt="Hello.",
        )
    )

    def prompt(row: int) -> str:
        recipient = Recipient.objects.get(row_number=row)
        call = CallResult(attempt=1, to_number=recipient.e164, claimed_at=datetime.now(UTC))
        return call_requests.build(batch, recipient, call).prompt

    assert (quoted_values.plain(prompt(2)), prompt(3)) == ("Ask Ann why.", "Hello.")
    ann = Recipient.objects.get(row_number=2)
    assert ann.start_at == datetime(2030, 1, 2, 15, 0, tzinfo=UTC)
    assert [code for _, _, code in verdicts(batch)] == ["", "", "missing_variable", "bad_prompt"]


def test_the_header_row_is_found_below_blank_lines_and_rows_keep_their_numbers(
    make_batch: Any,
) -> None:
    batch = validated(make_batch(text="\n\nphone_number,business_name\n+12025550190,Ann\n"))

    assert verdicts(batch) == [(4, "+12025550190", "")]
    assert batch.row_count == 1


def test_a_saved_mapping_is_applied_to_lists_with_the_same_headers(make_batch: Any) -> None:
    first = make_batch(
        text="tel,who\n+12025550190,Ann\n",
        prompt="Hi {{name}}.",
        map_all=None,
        column_options=["tel=phone_number", "who=request_data.name"],
    )
    uploads.save_mapping(first.first_list, name="CRM")
    second = make_batch(text="who,tel\nBob,+12025550191\n", prompt="Hi {{name}}.", map_all=None)
    validated(second)

    recipient = Recipient.objects.get(batch=second)
    assert (recipient.e164, recipient.request_data) == ("+12025550191", {"name": "Bob"})


def test_a_batch_keeps_a_copy_of_everything_it_was_made_with(make_batch: Any) -> None:
    policy = CallingPolicy.objects.create(name="Strict")
    policy.retry_rules.create(outcome="busy", max_retries=1, wait_seconds=60)
    campaign = Campaign.objects.create(
        name="Spring",
        prompt="Hello {{business_name}}.",
        policy=policy,
        call_settings={"voice": "June", "start_time": "2030-01-01 09:00:00 -05:00"},
    )
    campaign.tools.add(Tool.objects.create(name="Book", reference="TL-1"))
    batch = make_batch("+12025550190", campaign=campaign, prompt="")
    Campaign.objects.update(prompt="Changed.", call_settings={})
    policy.retry_rules.all().delete()
    batch.refresh_from_db()

    assert batch.prompt == "Hello {{business_name}}."
    assert batch.call_settings == {"voice": "June", "tools": ["TL-1"]}
    assert batch.start_at == datetime(2030, 1, 1, 14, 0, tzinfo=UTC)
    assert batch.retry_policy.max_attempts == 2


def test_a_pathway_takes_the_place_of_a_prompt(make_batch: Any, run: Any) -> None:
    pathway = Pathway.objects.create(name="Survey", pathway_id="pw-1", version="3")
    campaign = Campaign.objects.create(name="Ask", pathway=pathway)
    batch = run(make_batch("+12025550190", campaign=campaign, prompt=""))

    assert (batch.pathway_id, batch.pathway_version, batch.prompt) == ("pw-1", "3", "")
    assert CallResult.objects.get().transcript


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": ""}, "no_prompt"),
        ({"prompt": "Hi {{buisness_name}}."}, "variable_without_column"),
        ({"prompt": "Hi {{Business_Name|there}}."}, "variable_without_column"),
        ({"call_settings": {"first_sentence": "Hi {{nobody}}!"}}, "variable_without_column"),
        ({"call_settings": {"task": "Hi."}}, "invalid_call_setting"),
        ({"call_settings": {"max_duration": 0}}, "invalid_call_setting"),
        ({"region": "QQ"}, "bad_region"),
    ],
)
def test_what_can_still_be_put_right_is_refused_before_anything_is_stored(
    make_batch: Any, fields: dict[str, Any], code: str, media: Any
) -> None:
    with pytest.raises(uploads.UploadError) as refused:
        make_batch("+12025550190", **fields)

    assert refused.value.code == code
    assert not Batch.objects.exists()
    assert not list(media.rglob("*.csv"))


def test_a_default_fills_in_for_a_blank_cell(make_batch: Any, run: Any) -> None:
    run(
        make_batch(
            text="phone_number,name\n+12025550190,\n",
            prompt="Hi {{name|there}}, about {{topic|your order}}.",
        )
    )

    assert CallResult.objects.count() == 1


def test_a_list_that_is_too_large_is_refused_with_the_limit(make_batch: Any) -> None:
    with (
        override_settings(MAX_FILE_BYTES=20),
        pytest.raises(uploads.UploadError, match="20 are all"),
    ):
        make_batch("+12025550190")


def test_a_list_with_too_many_rows_fails_the_batch(make_batch: Any, run: Any) -> None:
    with override_settings(MAX_ROWS=6):
        batch = run(make_batch(*(f"+1202555019{digit}" for digit in range(7))))

    assert (batch.status, batch.reason_code) == (BatchStatus.FAILED, "too_many_rows")
    assert set(Recipient.objects.values_list("status", flat=True)) <= {"canceled"}


def test_mapping_everything_to_variables_leaves_the_phone_alone(make_batch: Any) -> None:
    batch = make_batch(text="phone_number,voice,metadata.id\n+12025550190,x,y\n", prompt="Hi.")
    mapping = ListMapping.from_list(batch.first_list.mapping)

    assert mapping.variables() == ["voice", "id"]
    assert map_all(mapping, Target.REQUEST_DATA) == mapping


def test_two_runs_of_one_import_do_not_meet(make_batch: Any, monkeypatch: Any) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=False)
    real = runner.RecipientResource.take_in
    inner: list[bool] = []

    def run_again_meanwhile(self: Any, rows: Any) -> Any:
        inner.append(runner.run_batch(batch.pk, seconds=30))
        return real(self, rows)

    monkeypatch.setattr(runner.RecipientResource, "take_in", run_again_meanwhile)
    runner.run_batch(batch.pk, seconds=30)

    assert inner == [False]
    assert Recipient.objects.count() == 1


def test_start_times_without_an_offset_are_read_in_the_numbers_zone_before_the_batchs(
    make_batch: Any,
) -> None:
    validated(
        make_batch(
            text="phone_number,start_time\n+12025550190,2030-07-02 09:00:00\n",
            map_all=None,
            prompt="Hi.",
            call_settings={"timezone": "Europe/London"},
        )
    )

    assert Recipient.objects.get().start_at == datetime(2030, 7, 2, 13, 0, tzinfo=UTC)


def test_a_list_that_cannot_be_read_for_an_unknown_cause_fails_once_and_not_every_minute(
    make_batch: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(self: Any, rows: Any) -> None:
        raise LookupError("unforeseen")

    monkeypatch.setattr(runner.RecipientResource, "take_in", explode)
    batch = run(make_batch("+12025550190"))

    assert (batch.status, batch.reason_code) == (BatchStatus.FAILED, "import_error")
    assert "LookupError" in batch.reason


def test_a_database_that_is_away_does_not_fail_the_batch(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Any, rows: Any) -> None:
        raise OperationalError("away")

    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=False)
    with monkeypatch.context() as patched:
        patched.setattr(runner.RecipientResource, "take_in", away)
        with pytest.raises(OperationalError):
            runner.run_batch(batch.pk, seconds=5)
    runner.run_batch(batch.pk, seconds=5)

    batch.refresh_from_db()
    assert batch.status == BatchStatus.READY


@pytest.mark.django_db
def test_real_phones_have_calling_hours_even_without_a_policy(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    bland = VoiceAccount.objects.create(name="bland", provider="bland")
    assert make_batch("+12025550190").calling_hours.is_unrestricted

    hours = make_batch("+12025550190", account=bland).calling_hours
    assert not hours.is_unrestricted
    assert hours.windows == (((8 * 60, 21 * 60),),) * 7

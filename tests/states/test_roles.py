"""A status is entered once, with a role that the whole product can work with."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import TextChoices

from batchcalls import states
from batchcalls.models.querysets import Totals
from batchcalls.states import (
    BATCH_ACTIVE,
    BATCH_CALLING,
    BATCH_PREPARING,
    BATCH_TERMINAL,
    BATCH_TRANSITIONS,
    CALL_FINAL,
    CALL_IN_DOUBT,
    CALL_LIVE,
    FIGURES,
    RECIPIENT_CLAIMABLE,
    RECIPIENT_IN_DOUBT,
    RECIPIENT_IN_LINE,
    RECIPIENT_NOT_YET_PLACED,
    RECIPIENT_OPEN,
    RECIPIENT_RETRYING,
    RECIPIENT_TERMINAL,
    BatchStatus,
    CallStatus,
    DeliveryStatus,
    RecipientStatus,
    Stage,
    Status,
    Tone,
)

KINDS = Status.__subclasses__()
STATUSES = [pytest.param(status, id=repr(status)) for kind in KINDS for status in kind]
#: Source: Bland API, status_webhook and Call Details.
BLAND_BATCH = {
    *("validating", "dispatching", "in_progress", "in_progress_chunked", "completed"),
    *("waiting_for_scheduled_calls", "completed_partial", "failed"),
}
BLAND_CALL = {"completed", "no-answer", "busy", "failed", "canceled", "unknown"}
BLAND_QUEUE = {"new", "queued", "allocated", "started", "complete", "call_error"}


def test_a_status_without_a_role_cannot_be_declared() -> None:
    sentence = (
        r"Undecided “postponed” has no role\. Enter it in batchcalls/states/recipients\.py as "
        r'POSTPONED = "postponed", role, "Label"\.'
    )
    with pytest.raises(TypeError, match=sentence):

        class Undecided(Status):
            __module__ = RecipientStatus.__module__

            POSTPONED = "postponed", "Postponed"


def test_every_choice_of_statuses_has_roles() -> None:
    choices = {
        one
        for one in vars(states).values()
        if isinstance(one, type) and issubclass(one, TextChoices) and list(one)
    }
    without = choices - set(KINDS) - {states.StopRequest}

    assert not without, f"{without} must be a batchcalls.states.roles.Status."


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_tone_that_the_style_sheet_colors(status: Status) -> None:
    tone = status.role.tone

    assert isinstance(tone, Tone)
    # A pill without further classes is neutral.
    assert tone == Tone.NEUTRAL or f".pill.{tone} {{" in _style_sheet("components.css")


@pytest.mark.parametrize("stage", Stage)
def test_every_segment_of_a_progress_bar_has_a_color(stage: Stage) -> None:
    assert f".progress-bar .{stage} {{" in _style_sheet("*.css")


def _style_sheet(pattern: str) -> str:
    folder = Path(settings.BASE_DIR) / "static" / "batchcalls" / "css"
    return "\n".join(path.read_text("utf-8") for path in folder.glob(pattern))


def test_statuses_that_share_a_word_share_a_tone() -> None:
    tones = defaultdict(set)
    for kind in set(KINDS) - {DeliveryStatus}:
        for status in kind:
            tones[status.value].add(status.role.tone)

    assert {word: found for word, found in tones.items() if len(found) > 1} == {}


@pytest.mark.parametrize("status", RecipientStatus)
def test_every_recipient_status_is_counted_by_a_field_of_the_totals(
    status: RecipientStatus,
) -> None:
    counted_by = FIGURES[status.role.stage]
    known = {field.name for field in fields(Totals)}

    assert status.role.by_outcome or status.role.figure in counted_by
    assert counted_by <= known, (
        f"{status!r} is counted by {counted_by - known}, which Totals in "
        "batchcalls/models/querysets.py does not have. Set counts_as in its role."
    )


def test_every_field_of_the_totals_counts_the_rows_of_one_stage() -> None:
    counted = [figure for figures in FIGURES.values() for figure in figures]

    assert sorted(counted) == sorted({field.name for field in fields(Totals)} - {"rows", "called"})


def test_a_recipient_waits_is_live_is_in_doubt_or_is_final() -> None:
    assert RECIPIENT_CLAIMABLE | RECIPIENT_IN_LINE | RECIPIENT_RETRYING <= RECIPIENT_NOT_YET_PLACED
    assert not RECIPIENT_OPEN & RECIPIENT_IN_DOUBT
    assert {status.role.stage for status in RECIPIENT_TERMINAL} == {
        Stage.DONE,
        Stage.SKIPPED,
        Stage.FAILED,
    }


@pytest.mark.parametrize("status", BatchStatus)
def test_every_batch_status_can_be_reached_and_left(status: BatchStatus) -> None:
    where = "Enter it in BATCH_TRANSITIONS, batchcalls/states/batches.py."

    assert status in BATCH_TRANSITIONS, f"{status!r} has no statuses that may follow it. {where}"
    before = {one for one, after in BATCH_TRANSITIONS.items() if status in after}
    assert before or status == BatchStatus.DRAFT, f"{status!r} follows no status. {where}"
    can_be_canceled = BatchStatus.CANCELED in BATCH_TRANSITIONS[status]
    assert can_be_canceled == (status not in BATCH_TERMINAL), f"{status!r}: {where}"
    assert (status in BATCH_TERMINAL) + (status in BATCH_ACTIVE | BATCH_PREPARING) == 1


@pytest.mark.parametrize("status", BatchStatus)
def test_every_batch_status_that_the_bland_api_has_is_told_in_its_words(
    status: BatchStatus,
) -> None:
    assert status.role.bland in BLAND_BATCH | {""}, f"{status!r}: no word of the Bland API."
    if status in BATCH_CALLING | BATCH_TERMINAL:
        assert status.role.bland, (
            f"{status!r}: programs written for the Bland API wait for it. Set bland in its role."
        )


@pytest.mark.parametrize("status", CallStatus)
def test_every_call_status_is_told_in_the_words_of_the_bland_api(status: CallStatus) -> None:
    assert status.role.bland_queue in BLAND_QUEUE
    assert status.role.bland in BLAND_CALL
    assert (status.role.bland != "unknown") == (status in CALL_FINAL), (
        f"{status!r}: a call has a word there exactly when it is over. Set bland in its role."
    )


@pytest.mark.parametrize("status", CallStatus)
def test_a_call_is_in_doubt_live_or_over(status: CallStatus) -> None:
    assert sum(status in those for those in (CALL_IN_DOUBT, CALL_LIVE, CALL_FINAL)) == 1


@pytest.mark.django_db
def test_the_database_takes_every_status() -> None:
    found = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=found)
    except SystemExit:
        pytest.fail(f"Run python manage.py makemigrations:\n{found.getvalue()}")

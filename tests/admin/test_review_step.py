"""Step three says what happened, what holds, and what happened elsewhere meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.admin.wizard.review import is_stale, start_in_words
from batchcalls.batches import halts, lifecycle
from batchcalls.intake import runner
from batchcalls.models import Batch
from batchcalls.states import BatchStatus
from tests.admin.markup import markup

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

FRAGMENT = {"X-Fragment": "1"}


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:batchcalls_batch_{name}", args=args)


@pytest.fixture
def ready(make_batch: Any, settings: Any) -> Batch:
    settings.CONFIRM_LAUNCH_ABOVE = 1
    batch: Batch = make_batch("+12025550190", "+12025550191")
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=30)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.READY
    return batch


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type 2 to launch."),
        ("3", "“3” is not the number of people to call. Type 2 to launch."),
        ("x" * 200, f"“{'x' * 20}” is not the number of people to call. Type 2 to launch."),
    ],
)
def test_a_wrong_count_is_said_on_top_and_at_the_field_which_has_the_focus(
    admin_client: Client, ready: Batch, typed: str, sentence: str
) -> None:
    shown = markup(admin_client.post(page("review", ready.pk), {"launch": "1", "count": typed}))
    top = f'<p><strong>The batch was not launched.</strong> <a href="#count">{sentence}</a></p>'
    assert top in shown
    assert f'<ul class="errorlist" id="count_error"><li>{sentence}</li></ul>' in shown
    assert 'aria-describedby="count_error" aria-invalid="true" autofocus' in shown
    # It is still there after the page has refreshed itself.
    again = f"{page('review', ready.pk)}?count={typed}"
    assert f'data-live="{again}"' in shown
    assert top in markup(admin_client.get(again, headers=FRAGMENT))


def test_the_footer_with_the_launch_button_belongs_to_the_whole_page(
    admin_client: Client, ready: Batch
) -> None:
    shown = markup(admin_client.get(page("review", ready.pk)))
    # A sticky element stays within its parent, and the launch form is only the end of the page.
    assert '</form><div class="sticky-footer launch">' in shown
    # The only button of the form, so that Enter in the field launches.
    assert shown.count('form="launch-form"') == 2
    assert '<button class="button primary" form="launch-form" name="launch" value="1">' in shown


@pytest.mark.parametrize("step", ["review", "step_state"])
def test_a_step_notices_that_its_batch_was_canceled_elsewhere(
    admin_client: Client, ready: Batch, admin_user: Any, step: str
) -> None:
    before = markup(admin_client.get(page(step, ready.pk), headers=FRAGMENT))
    assert "This batch is now" not in before
    assert "data-live=" in before
    lifecycle.cancel(ready, actor=admin_user)
    after = markup(admin_client.get(page(step, ready.pk), headers=FRAGMENT))
    assert "<strong>This batch is now canceled.</strong> Changed by admin" in after
    assert 'name="launch"' not in after
    assert "data-live=" not in after


def test_a_new_batch_asks_only_whether_the_session_goes_on(admin_client: Client) -> None:
    shown = markup(admin_client.get(page("add")))
    assert f'data-live="{page("first_state")}"' in shown
    fresh = markup(admin_client.get(page("first_state"), headers=FRAGMENT))
    assert "csrfmiddlewaretoken" in fresh


def test_the_review_never_promises_calls_that_something_holds_up(ready: Batch) -> None:
    now = timezone.now()
    assert start_in_words(ready, now=now) == "Calls start right away, within calling hours."
    ready.dry_run = {
        "now": 0,
        "later": {"count": 2, "first_at": (now + timedelta(hours=2)).isoformat()},
    }
    hours = timezone.localtime(now + timedelta(hours=2))
    assert start_in_words(ready, now=now).endswith(f"{hours:%H:%M} UTC.")
    ready.start_at = datetime(2100, 5, 4, 9, 30, tzinfo=now.tzinfo)
    assert start_in_words(ready, now=now) == "Calls start on May 4, 2100, 09:30 UTC."
    ready.account.enabled = False
    assert "the voice account is switched on" in start_in_words(ready, now=now)
    halts.engage(None, "Fire drill")
    assert "all calling is stopped" in start_in_words(ready, now=now)


def test_old_figures_can_be_updated_on_the_spot(admin_client: Client, ready: Batch) -> None:
    assert "Update figures" not in markup(admin_client.get(page("review", ready.pk)))
    old = (timezone.now() - timedelta(hours=1)).isoformat()
    Batch.objects.update(dry_run={**ready.dry_run, "computed_at": old})
    assert "Update figures" in markup(admin_client.get(page("review", ready.pk)))
    admin_client.post(page("review", ready.pk), {"update": "1"})
    ready.refresh_from_db()
    assert not is_stale(ready, now=timezone.now())

"""Fill an installation with sample data, for pictures and for tests of pages.

``python -m tests.showcase`` fills the database that the environment names. All data is created
through the product's own functions and the simulator, spread over the past two weeks. No real
calls are placed.
"""

from __future__ import annotations

import io
import os
import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import django
import time_machine

if TYPE_CHECKING:
    from batchcalls.models import Batch, WebhookEndpoint

NAMES = ("Emily", "Noah", "Łukasz", "Aisha", "Sofía", "Ben", "Chloé", "Kwame", "Mei", "Oliver")
SERVICES = ("Home cleaning", "Window cleaning", "Boiler service", "Garden care")
REMINDER = (
    "You are calling {{customer_name}} for Bright Homes. Remind them of their {{service}} on "
    "{{date}}, ask whether the time still suits them, and note any wish."
)
WIN_BACK = (
    "You are calling {{customer_name|a former customer}} for Bright Homes. They had a {{service}} "
    "once. Offer ten percent off a visit on {{date}}, and take no for an answer."
)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A batch of the showcase: its size, when it was sent, and how far it runs."""

    name: str
    rows: int
    campaign: str = "Appointment reminder"
    days_ago: int = 0
    ends: str = "over"
    is_clean: bool = False


EXAMPLES = (
    Example(name="Autumn reminders, week 1", rows=48, days_ago=13),
    Example(name="Autumn reminders, week 2", rows=64, days_ago=12, is_clean=True),
    Example(name="Win-back, autumn", rows=36, campaign="Win-back", days_ago=9),
    Example(name="Gutter cleaning", rows=85, days_ago=8),
    Example(name="Autumn reminders, week 3", rows=70, days_ago=6),
    Example(name="Window cleaning, north", rows=40, days_ago=5, is_clean=True),
    Example(name="Win-back, spring", rows=40, campaign="Win-back", days_ago=2),
    Example(name="November reminders", rows=60, days_ago=1),
    Example(name="Voucher follow-up", rows=45, campaign="Win-back", ends="paused"),
    Example(name="December reminders", rows=90, ends="tomorrow"),
    Example(name="Annual boiler check", rows=160, ends="running"),
    Example(name="Feedback round 12", rows=25, ends="draft"),
)


def list_of(rows: int, *, seed: int = 1, is_clean: bool = False) -> str:
    """Return a CSV of ``rows`` recipients; unless it is clean, a few cannot be called."""
    chance = random.Random(seed)
    lines = ["phone_number,customer_name,service,date"]
    for row in range(rows):
        # The simulator's numbers above 0193 force failures.
        last = 134 + row % 60 if is_clean else 100 + (row + seed * 131) % 99
        number = f"+1202555{last:04d}"
        if row % 19 == 7 and not is_clean:
            number = "n/a"
        lines.append(
            f"{number},{chance.choice(NAMES)},{chance.choice(SERVICES)},December {1 + row % 28}"
        )
    return "\n".join(lines) + "\n"


def fill() -> None:
    """Create campaigns, rules and batches in all kinds of states."""
    from django.contrib.auth.models import User

    from batchcalls.intake import do_not_call, uploads
    from batchcalls.models import Batch, VoiceAccount
    from batchcalls.webhooks import endpoints
    from campaigns.models import (
        CallingPolicy,
        CallingWindow,
        Campaign,
        Pathway,
        Suppression,
        Tool,
        Weekday,
    )

    account = VoiceAccount.objects.built_in()
    actor = User.objects.filter(is_superuser=True).first()
    policy = CallingPolicy.objects.create(name="Any hour", description="For the simulator only.")
    office = CallingPolicy.objects.create(name="Office hours", description="Working days.")
    CallingWindow.objects.bulk_create(
        CallingWindow(policy=office, weekday=day, opens_at=time(9), closes_at=time(18))
        for day in Weekday.values[:5]
    )
    voice = {"voice": "June", "max_duration": 6}
    campaigns = [("Appointment reminder", REMINDER, "informational")]
    campaigns.append(("Win-back", WIN_BACK, "marketing"))
    for name, prompt, purpose in campaigns:
        Campaign.objects.create(
            name=name,
            prompt=prompt,
            purpose=purpose,
            policy=policy,
            call_settings=voice,
            created_by=actor,
        )
    Pathway.objects.create(name="Complaint intake", pathway_id="b3f1c2d4", version="production")
    Tool.objects.create(name="Calendar", reference="TL-calendar", description="Free appointments.")
    Suppression.objects.create(e164="+12025550133", reason="Asked by letter", created_by=actor)
    do_not_call.add_numbers("+12025550144\n+442079460123, moved away", region="US", actor=actor)
    crm = _endpoints(Campaign.objects.get(name="Win-back"), actor)
    midday = datetime.now().astimezone().replace(hour=12, minute=0)
    for seed, example in enumerate(EXAMPLES, start=1):
        campaign = Campaign.objects.get(name=example.campaign)
        made = {"campaign": campaign, "account": account, "created_by": actor, "seed": seed}
        if example.days_ago:
            with time_machine.travel(midday - timedelta(days=example.days_ago)):
                _send(example, **made)
        else:
            _send(example, **made)
    first = Batch.objects.get(name=EXAMPLES[0].name)
    uploads.save_mapping(first.first_list, name="Customers of the CRM", actor=actor)
    # Send no webhooks for the remaining batches.
    spring = Batch.objects.get(name="Win-back, spring")
    endpoints.change(crm, campaign=None, batch=spring)
    # Slow enough to be viewed while it runs.
    _set(account, speed=1)


def _send(example: Example, *, seed: int, account: Any, created_by: Any, **fields: Any) -> None:
    from django.utils import timezone

    from batchcalls.batches import lifecycle
    from batchcalls.drafting import drafts
    from batchcalls.intake.uploads import ReadingOptions
    from batchcalls.lists.mapping import Target
    from batchcalls.models.batch import DuplicateChoice

    is_slow = example.ends in {"running", "paused"}
    request = drafts.DraftRequest(
        name=example.name,
        account=account,
        created_by=created_by,
        duplicates=DuplicateChoice.CALL_EACH_ROW,
        start_at=timezone.now() + timedelta(days=1) if example.ends == "tomorrow" else None,
        cps=4 if is_slow else None,
        reading=ReadingOptions(map_all=Target.REQUEST_DATA),
        **fields,
    )
    text = list_of(example.rows, seed=seed, is_clean=example.is_clean)
    batch = drafts.create(request, io.BytesIO(text.encode()), file_name="customers.csv")
    if example.ends == "draft":
        return
    _set(account, speed=0)
    lifecycle.submit(batch, launch=True, actor=created_by)
    _carry(batch, steps={"over": 400, "tomorrow": 5, "paused": 6}.get(example.ends, 12))
    if example.ends == "paused":
        lifecycle.pause(batch, actor=created_by)
    _answer_webhooks()


def _endpoints(campaign: Any, actor: Any) -> WebhookEndpoint:
    from batchcalls.webhooks import endpoints

    crm = endpoints.create(
        url="https://crm.example.com/hooks/batch-calls?source=calls",
        description="CRM",
        campaign=campaign,
        actor=actor,
    )
    former = endpoints.create(
        url="https://automation.example.net/flows/5c1f9f0e",
        description="Spreadsheet of last year",
        campaign=campaign,
        format="bland",
        actor=actor,
    )
    endpoints.disable(former, reason="It answered 410 Gone: it wants no more.")
    return crm


def _answer_webhooks() -> None:
    """Store simulated answers of receivers without sending anything."""
    from django.utils import timezone

    from batchcalls.models import WebhookDelivery
    from batchcalls.webhooks import deliver
    from batchcalls.webhooks.requests import Answer

    for number, pk in enumerate(WebhookDelivery.objects.waiting().values_list("pk", flat=True)):
        for status in (503, 200) if number % 9 == 4 else (200,):
            WebhookDelivery.objects.filter(pk=pk).update(next_attempt_at=timezone.now())
            [delivery] = deliver.lease([pk])
            headers = {"content-type": "application/json", "webhook-id": delivery.event_id}
            answer = Answer(
                at=timezone.now(),
                request_headers=headers,
                status=status,
                excerpt='{"ok": true}' if status == 200 else "Down for maintenance.",
                duration_ms=38 + number % 7 * 11,
            )
            deliver.record([(delivery, answer)], now=timezone.now())


def _set(account: Any, *, speed: float) -> None:
    account.options = {"speed": speed, "seed": 7}
    account.save()


def _carry(batch: Batch, *, steps: int) -> None:
    """Run ``steps`` steps of work, or fewer if the batch is over."""
    from batchcalls import tasks

    for _ in range(steps):
        tasks.step(batch, seconds=1)
        batch.refresh_from_db()
        if batch.is_over:
            return


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    fill()

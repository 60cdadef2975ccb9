"""An installation with something to look at: for pictures, and for tests of pages.

``python -m tests.showcase`` fills the database of the environment. Everything goes through the
product's own verbs and the simulator; nobody is called.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

import django

NAMES = ("Emily", "Noah", "Łukasz", "Aisha", "Sofía", "Ben", "Chloé", "Kwame", "Mei", "Oliver")
SERVICES = ("Home cleaning", "Window cleaning", "Boiler service", "Garden care")
PROMPT = (
    "You are calling {{customer_name}} for Bright Homes. Remind them of their {{service}} on "
    "{{date}}, ask whether the time still suits them, and note any wish."
)


@dataclass(frozen=True)
class Example:
    """A batch of the showcase: its size, and how far it is carried (None: left a draft)."""

    name: str
    rows: int
    steps: int | None


EXAMPLES = (
    Example("November reminders", 60, 400),
    Example("Win-back, spring", 40, 400),
    Example("Annual boiler check", 120, 6),
    Example("Feedback round 12", 25, None),
)


def list_of(rows: int, *, seed: int = 1) -> str:
    """Return a CSV of that many recipients, a few of them with numbers that cannot be called."""
    chance = random.Random(seed)
    lines = ["phone_number,customer_name,service,date"]
    for row in range(rows):
        number = f"+1202555{100 + (row + seed * 131) % 99:04d}"
        if row % 19 == 7:
            number = "n/a"
        lines.append(
            f"{number},{chance.choice(NAMES)},{chance.choice(SERVICES)},December {1 + row % 28}"
        )
    return "\n".join(lines) + "\n"


def fill() -> None:
    """Make campaigns, rules and batches in every kind of state."""
    from batchcalls import drafts, dry_run, lifecycle, ticks
    from batchcalls.importing.mapping import Target
    from batchcalls.models import VoiceAccount
    from batchcalls.models.batch import DuplicateChoice
    from batchcalls.uploads import ReadingOptions
    from campaigns.models import CallingPolicy, Campaign, Suppression

    account = VoiceAccount.objects.built_in()
    account.options = {"speed": 30, "seed": 7}
    account.save()
    policy, _ = CallingPolicy.objects.get_or_create(name="Any hour")
    campaign, _ = Campaign.objects.get_or_create(
        name="Appointment reminder",
        defaults={"prompt": PROMPT, "policy": policy, "call_settings": {"voice": "June"}},
    )
    Suppression.objects.get_or_create(e164="+12025550133", defaults={"reason": "Asked by letter"})
    for seed, example in enumerate(EXAMPLES, start=1):
        request = drafts.DraftRequest(
            name=example.name,
            campaign=campaign,
            account=account,
            duplicates=DuplicateChoice.CALL_EACH_ROW,
            reading=ReadingOptions(map_all=Target.REQUEST_DATA),
        )
        text = list_of(example.rows, seed=seed)
        batch = drafts.create(request, io.BytesIO(text.encode()), file_name="customers.csv")
        if example.steps is None:
            continue
        account.options["speed"] = 0 if example.steps > 100 else 2
        account.save()
        lifecycle.submit(batch, launch=True)
        for _ in range(example.steps):
            ticks.step(batch, seconds=1)
            batch.refresh_from_db()
            if batch.is_over:
                break
        dry_run.store(batch)


if __name__ == "__main__":
    django.setup()
    fill()

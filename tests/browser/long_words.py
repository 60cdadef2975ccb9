"""What people really type: long names, long words and many columns, for the walk of every page.

``python -m tests.browser.long_words`` adds them to the showcase of the environment.
"""

from __future__ import annotations

import csv
import io
import os
from typing import Any

import django

LONG_NAME = "Second reminder for boiler inspections in the northern region, after the holidays"
#: Without a place where a browser breaks a line.
LONG_WORD = "Kundenzufriedenheitsbefragung_2026_11_Wiederholungslauf_Gebiet_Nord_Ost_Teil_3"
COLUMNS = {
    "phone_number": "+12025550{n:03}",
    "customer_name": "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
    "Preferred appointment date and time": "Tuesday, December 14, between 9:30 and 11:00 a.m.",
    "service": "Annual inspection of the gas boiler, with a new filter and a written report",
    "date": "December {n}",
    "account_reference_in_the_customer_system": "7f3c1b9a-52d4-4f0e-9a64-2f1f6f3b8c17",
    "e-mail": "maximiliane.featherstonehaugh@customer-experience.example.com",
    "max_duration": "6",
    "": "no header",
    "notes": "The gate code is 4711; the dog is friendly.",
    "Notes": "https://crm.example.com/contacts/7f3c1b9a-52d4-4f0e-9a64-2f1f6f3b8c17?tab=history",
    "Region": "N",
}


def list_of(rows: int) -> bytes:
    """Return a CSV whose headers and values are as long as those of real exports."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for n in range(100, 100 + rows):
        writer.writerow(value.format(n=n) for value in COLUMNS.values())
    return file.getvalue().encode()


def add() -> None:
    """Add a draft, a batch that is over, and what they need, all with long names."""
    from django.contrib.auth.models import User

    from batchcalls.access import api_keys
    from batchcalls.batches import lifecycle
    from batchcalls.intake import do_not_call
    from batchcalls.models import VoiceAccount
    from batchcalls.webhooks import endpoints
    from campaigns.models import Campaign, Pathway, Tool

    actor = User.objects.create_user(
        "maximiliane.featherstonehaugh@customer-experience.example.com", is_staff=True
    )
    account = VoiceAccount.objects.built_in()
    account.options = {"speed": 0, "seed": 7}
    account.save()
    VoiceAccount.objects.create(name=LONG_WORD, provider=account.provider)
    reminder = Campaign.objects.get(name="Appointment reminder")
    campaign = Campaign.objects.create(
        name=LONG_NAME,
        prompt=reminder.prompt,
        purpose=reminder.purpose,
        policy=reminder.policy,
        created_by=actor,
    )
    Pathway.objects.create(name=LONG_NAME, pathway_id=LONG_WORD, version="production")
    Tool.objects.create(name=LONG_NAME, reference=f"TL-{LONG_WORD}", description=LONG_NAME)
    do_not_call.add_numbers(f"+12025550177, {LONG_NAME}", region="US", actor=actor)
    endpoints.create(
        url=f"https://{'receiver-' * 6}eu.example.com/hooks/{LONG_WORD}?secret-free=true",
        description=LONG_NAME,
        actor=actor,
    )
    api_keys.create(actor, name=LONG_WORD, scopes=["batches:read", "batches:write"])
    made = {"campaign": campaign, "account": account, "created_by": actor}
    _draft(LONG_NAME, rows=5, **made)
    over = _draft(LONG_WORD, rows=12, **made)
    lifecycle.submit(over, launch=True, actor=actor)
    _carry(over)


def _draft(name: str, *, rows: int, **fields: Any) -> Any:
    from batchcalls.drafting import drafts
    from batchcalls.intake.uploads import ReadingOptions
    from batchcalls.lists.mapping import Target

    reading = ReadingOptions(map_all=Target.REQUEST_DATA)
    request = drafts.DraftRequest(name=name, reading=reading, **fields)
    file_name = f"{LONG_WORD}.csv"
    return drafts.create(request, io.BytesIO(list_of(rows)), file_name=file_name)


def _carry(batch: Any) -> None:
    from batchcalls import tasks

    for _ in range(60):
        tasks.step(batch, seconds=1)
        batch.refresh_from_db()
        if batch.is_over:
            return
    raise AssertionError(f"{batch} is still {batch.status}: {batch.reason}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    add()

"""Two installations: one calls through the other, as through the provider."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.blandapi.serving import Server, server
from tests.databases import NewDatabase
from tests.installation import Installation, free_port, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.one_database]

RECIPIENTS = 30
#: Numbers of the simulator's table, and how these calls end.
FORCED = {
    "+12025550190": "reached",
    "+12025550191": "not_reached",
    "+12025550192": "not_reached",
    "+12025550193": "voicemail",
}


def run_through(
    carrier: Server, folder: Path, new_database: NewDatabase, **environment: object
) -> dict[str, Any]:
    """Send a batch from another installation to its end; return what became of it there."""
    port = free_port()
    folder.mkdir()
    with (
        new_database(folder) as database,
        Installation(
            folder,
            database,
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            BLAND_API_KEY=carrier.key,
            BLAND_BASE_URL=carrier.url,
            # The hours of the test decide nothing.
            DEFAULT_CALLING_HOURS="00:00-24:00",
            **environment,
        ) as here,
    ):
        here.make_account(
            "other", provider="bland", options={"poll_seconds": 0.5, "silence_seconds": 60}
        )
        here.start_web(port)
        path = folder / "list.csv"
        numbers = [*FORCED, *(f"+1415{2_000_000 + n}" for n in range(RECIPIENTS - len(FORCED)))]
        rows = "".join(f"{number},Shop {n}\n" for n, number in enumerate(numbers))
        path.write_text(f"phone_number,shop\n{rows}", encoding="utf-8")
        said = ("--prompt", "Ask {{shop}} about tea.", "--account", "other")
        said += ("--purpose", "informational")
        told = here.manage("sendbatch", str(path), *said, "--detach", "--json")
        batch = str(json.loads(told)["batch_id"])
        here.start_worker()
        wait_for(lambda: here.is_over(batch), seconds=120, what="the batch is over")
        return dict(
            here.ask(
                "{'totals': Recipient.objects.totals(Batch.objects.get().pk).summary(),"
                " 'outcomes': dict(Recipient.objects.values_list('e164', 'outcome')),"
                " 'ids': list(CallResult.objects.values_list('provider_call_id', flat=True)),"
                " 'said': list(CallResult.objects.filter(status='completed')"
                ".values_list('transcript', flat=True)),"
                " 'events': CallEvent.objects.exclude(payload={}).count()}"
            )
        )


def calls_of(carrier: Server) -> list[str]:
    """Return the ids of the calls that the other installation made."""
    return list(carrier.here.ask("[str(c.call_id) for c in CallResult.objects.all()]"))


def test_a_batch_runs_to_its_end_through_the_api_of_another_installation(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    with server(tmp_path / "carrier", new_database, API_REQUESTS_PER_MINUTE=100_000) as carrier:
        became = run_through(carrier, tmp_path / "sender", new_database)
        made = calls_of(carrier)

    assert became["totals"]["rows"] == became["totals"]["called"] == RECIPIENTS
    assert became["totals"]["unconfirmed"] == became["totals"]["skipped"] == 0
    assert {number: became["outcomes"][number] for number in FORCED} == FORCED
    # Each call was made once, under the id that was told when it was accepted.
    assert sorted(became["ids"]) == sorted(made)
    first = " ".join(turn["text"] for turn in became["said"][0])
    assert re.search(r"\w", first)


def test_the_other_installation_reports_each_call_by_a_signed_webhook(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    signing_key = "signs-the-webhooks-of-the-carrier"
    with server(
        tmp_path / "carrier",
        new_database,
        API_REQUESTS_PER_MINUTE=100_000,
        WEBHOOK_SIGNING_KEY=signing_key,
        WEBHOOK_ALLOWED_HOSTS="127.0.0.1",
    ) as carrier:
        code = "from batchcalls.webhooks import signing; print(signing.shared_secret())"
        secret = carrier.here.manage("shell", "--no-imports", "-c", code).strip()
        became = run_through(
            carrier, tmp_path / "sender", new_database, BLAND_WEBHOOK_SECRET=secret
        )

    assert became["totals"]["called"] == RECIPIENTS
    # Nobody asked: within the silence that is waited for, every report came by itself.
    assert became["events"] == RECIPIENTS
    assert {number: became["outcomes"][number] for number in FORCED} == FORCED

"""The same request, sent twice at the same instant to a real server, does its work once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import urllib3
from django.contrib.auth.models import User

from batchcalls.access import api_keys, roles
from batchcalls.models import Batch, Scope, StoredList, VoiceAccount
from campaigns.models import Campaign, Suppression

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 6


@pytest.fixture
def secret(transactional_db: None) -> str:
    """A key of somebody who may do everything."""
    roles.sync()
    VoiceAccount.objects.built_in()
    owner = User.objects.create_superuser("integrator", "", None)
    return api_keys.create(owner, name="twice", scopes=Scope.values)[1]


def ask_at_once(
    url: str,
    secret: str,
    bodies: list[dict[str, Any]],
    name: str = "",
    *,
    method: str = "POST",
    **headers: str,
) -> list[Any]:
    """Send the bodies at the same instant, under one name."""
    barrier = Barrier(len(bodies))
    headers |= {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": name} if name else {}

    def ask(body: dict[str, Any]) -> Any:
        text = json.dumps(body)
        with urllib3.PoolManager() as http:
            barrier.wait()
            return http.request(method, url, body=text, headers=headers, timeout=60)

    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(ask, bodies))


def body(name: str) -> dict[str, Any]:
    recipients = [
        {"phone_number": f"+1202555{n:04}", "request_data": {"n": n}} for n in range(100, 150)
    ]
    return {"name": name, "prompt": "Say {{n}}.", "recipients": recipients}


def test_one_batch_is_made(live_server: Any, secret: str) -> None:
    url = f"{live_server.url}/api/v1/batches"
    answers = ask_at_once(url, secret, [body("Twice")] * AT_ONCE, "one-and-the-same")
    assert [one.status for one in answers] == [201] * AT_ONCE, [one.data for one in answers]
    assert len({one.json()["id"] for one in answers}) == 1
    assert len({one.data for one in answers}) == 1
    repeated = [one.headers.get("Idempotency-Replayed") for one in answers]
    assert sorted(map(str, repeated)) == ["None"] + ["true"] * (AT_ONCE - 1)
    assert (Batch.objects.count(), StoredList.objects.count()) == (1, 1)


def test_of_two_that_differ_one_is_refused(live_server: Any, secret: str) -> None:
    url = f"{live_server.url}/api/v1/batches"
    answers = ask_at_once(url, secret, [body("One"), body("Other")], "one-and-the-same")
    assert sorted(one.status for one in answers) == [201, 422]
    assert Batch.objects.count() == 1


def test_without_a_name_each_makes_its_own(live_server: Any, secret: str) -> None:
    url = f"{live_server.url}/api/v1/batches"
    answers = ask_at_once(url, secret, [body("Each")] * 3, "")
    assert [one.status for one in answers] == [201] * 3
    assert Batch.objects.count() == 3


def test_a_number_that_is_added_twice_at_once_is_listed_once(live_server: Any, secret: str) -> None:
    url = f"{live_server.url}/api/v1/do-not-call"
    sent = {"phone_number": "+12025550133"}
    answers = ask_at_once(url, secret, [sent] * AT_ONCE, "")
    assert [one.status for one in answers] == [200] * AT_ONCE
    assert Suppression.objects.count() == 1


def test_changes_lose_none_of_one_another(live_server: Any, secret: str) -> None:
    """Each sets another call setting. With one ETag, only the first is taken."""
    campaign = Campaign.objects.create(name="Reminder", prompt="Hi")
    account = VoiceAccount.objects.built_in()
    batch = Batch.objects.create(prompt="Hi", account=account, region="US")
    names = ["voice", "model", "language", "first_sentence"]
    values = ["June", "turbo", "en", "Hello."]
    bodies = [{"call_settings": {name: value}} for name, value in zip(names, values, strict=True)]
    for row, place in ((campaign, f"campaigns/{campaign.pk}"), (batch, f"batches/{batch.pk}")):
        url = f"{live_server.url}/api/v1/{place}"
        answers = ask_at_once(url, secret, bodies, method="PATCH")
        assert [one.status for one in answers] == [200] * len(bodies), answers[0].data
        row.refresh_from_db()
        assert row.call_settings == dict(zip(names, values, strict=True))
        # Each response shows the row with its own change, and the ETag of just that.
        assert len({one.headers["ETag"].partition(".")[0] for one in answers}) == len(bodies)
        current = urllib3.request("GET", url, headers={"Authorization": f"Bearer {secret}"})
        named = {"If-Match": current.headers["ETag"]}
        sent = [{"call_settings": {"voice": voice}} for voice in ("Derek", "Maya", "Josh")]
        answers = ask_at_once(url, secret, sent, method="PATCH", **named)
        assert sorted(one.status for one in answers) == [200, 412, 412]

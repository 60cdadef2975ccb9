"""Opt-outs that other systems report by signed webhook."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client
from standardwebhooks import Webhook

from batchcalls.batches import opt_out_sources
from batchcalls.database import clock
from batchcalls.models import OptOutMessage, OptOutSource
from batchcalls.webhooks import signing
from campaigns.models import Campaign, Suppression
from tests.webhooks.receiver import NOW

pytestmark = pytest.mark.django_db

NUMBER = "+12025550123"
GUIDE = Path(signing.__file__).parents[1] / "api" / "description.md"


@pytest.fixture(autouse=True)
def now() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def source() -> OptOutSource:
    return opt_out_sources.create("CRM")


def send(
    source: OptOutSource,
    body: Any,
    *,
    message_id: str = "msg_1",
    secret: str = "",
    late: timedelta = timedelta(),
    without: str = "",
) -> Any:
    """Send a message as a sender does that signs by the library of Standard Webhooks."""
    text = body if isinstance(body, str) else json.dumps(body)
    at = clock.now() - late
    secret = secret or signing.source_secrets(source, now=clock.now())[0]
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id=message_id, timestamp=at, data=text),
    }
    headers.pop(without, None)
    return Client().post(
        f"/hooks/opt-outs/{source.pk}", text, content_type="application/json", headers=headers
    )


def test_an_opt_out_is_listed_with_scope_expiry_reason_and_source(source: OptOutSource) -> None:
    campaign = Campaign.objects.create(name="Reminders", prompt="Hello.")
    body = {
        "phone_number": "(202) 555-0123",
        "campaign": campaign.pk,
        "expires_at": "2999-01-31T00:00:00Z",
        "reason": "Unsubscribed",
        "source": "form",
    }
    answer = send(source, body)
    assert answer.status_code == 200
    assert answer.json() == {"added": 1, "known": 0, "numbers": [NUMBER]}
    entry = Suppression.objects.get()
    assert (entry.e164, entry.campaign, entry.source) == (NUMBER, campaign, "form")
    assert (entry.reason, entry.evidence) == ("Unsubscribed", "Webhook of CRM, message msg_1")
    assert f"{entry.expires_at:%Y-%m-%d}" == "2999-01-31"


def test_a_number_alone_is_listed_everywhere_and_for_good(source: OptOutSource) -> None:
    assert send(source, [{"phone_number": NUMBER}]).status_code == 200
    entry = Suppression.objects.get()
    assert (entry.campaign, entry.expires_at, entry.source) == (None, None, "other")


def test_a_repeated_message_is_stored_once_and_gets_the_same_answer(source: OptOutSource) -> None:
    first = send(source, {"phone_number": NUMBER})
    Suppression.objects.all().delete()
    again = send(source, {"phone_number": NUMBER}, late=timedelta(minutes=2))
    assert again.status_code == 200
    assert again.json() == first.json()
    assert OptOutMessage.objects.count() == 1
    assert not Suppression.objects.exists()


def test_the_same_id_with_another_body_is_refused(source: OptOutSource) -> None:
    send(source, {"phone_number": NUMBER})
    other = send(source, {"phone_number": "+12025550124"})
    assert (other.status_code, other.json()["code"]) == (409, "message_differs")
    assert "Use a new webhook-id for each message" in other.json()["detail"]
    assert Suppression.objects.count() == 1


def test_sources_do_not_share_ids(source: OptOutSource) -> None:
    send(source, {"phone_number": NUMBER})
    other = opt_out_sources.create("Form")
    assert send(other, {"phone_number": "+12025550124"}).json()["added"] == 1


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
def test_a_message_is_refused_outside_of_the_replay_window(
    source: OptOutSource, minutes: int
) -> None:
    answer = send(source, {"phone_number": NUMBER}, late=timedelta(minutes=minutes))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_refused")
    assert "more than 5 minutes from our clock" in answer.json()["detail"]
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({"secret": "whsec_b3RoZXI="}, "The signature does not match."),
        ({"without": "webhook-signature"}, "The header webhook-signature is missing."),
        ({"without": "webhook-id"}, "The header webhook-id is missing."),
        ({"without": "webhook-timestamp"}, "The header webhook-timestamp is missing."),
    ],
)
def test_a_message_without_a_valid_signature_is_refused(
    source: OptOutSource, sent: dict[str, Any], detail: str
) -> None:
    answer = send(source, {"phone_number": NUMBER}, **sent)
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith(detail)
    assert not OptOutMessage.objects.exists()


@pytest.mark.parametrize("seconds", ["soon", "²", "-1", "99999999999999999999"])
def test_a_time_that_is_no_time_is_refused(source: OptOutSource, seconds: str) -> None:
    headers = {"webhook-id": "m", "webhook-timestamp": seconds, "webhook-signature": "v1,x"}
    answer = Client().post(
        f"/hooks/opt-outs/{source.pk}", "{}", content_type="application/json", headers=headers
    )
    assert answer.status_code == 403
    assert "not a Unix time" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"phone_number": "12"}, "/phone_number"),
        ({"phone": NUMBER}, "/phone"),
        ({"phone_number": NUMBER, "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ([{"phone_number": NUMBER}, {"phone_number": "12"}], "/1/phone_number"),
    ],
)
def test_an_invalid_message_stores_nothing_and_may_be_corrected(
    source: OptOutSource, body: Any, pointer: str
) -> None:
    answer = send(source, body)
    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not Suppression.objects.exists()
    assert send(source, {"phone_number": NUMBER}).status_code == 200


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null"])
def test_a_body_that_is_no_opt_out_is_refused(source: OptOutSource, body: str) -> None:
    assert send(source, body).status_code == 400


def test_a_source_that_is_off_or_unknown_takes_nothing(source: OptOutSource) -> None:
    opt_out_sources.switch(source, on=False)
    assert send(source, {"phone_number": NUMBER}).status_code == 404
    assert (
        Client().post(f"/hooks/opt-outs/{'0' * 8}-{'-'.join(['0' * 4] * 3)}-{'0' * 12}").status_code
        == 404
    )
    assert Client().get(f"/hooks/opt-outs/{source.pk}").status_code == 405


def test_a_former_secret_is_valid_for_a_day(source: OptOutSource, now: Any) -> None:
    [former] = signing.source_secrets(source, now=clock.now())
    opt_out_sources.rotate_secret(source)
    assert send(source, {"phone_number": NUMBER}, secret=former).status_code == 200
    assert send(source, {"phone_number": NUMBER}, message_id="msg_2").status_code == 200
    now.shift(timedelta(hours=24, seconds=1))
    refused = send(source, {"phone_number": NUMBER}, message_id="msg_3", secret=former)
    assert refused.status_code == 403


def test_no_secret_is_stored_and_none_signs_for_another_source(source: OptOutSource) -> None:
    other = opt_out_sources.create("Form")
    [secret] = signing.source_secrets(source, now=clock.now())
    assert send(other, {"phone_number": NUMBER}, secret=secret).status_code == 403
    assert secret.removeprefix("whsec_") not in str(list(OptOutSource.objects.values()))


def test_the_example_of_the_guide_lists_a_number(
    source: OptOutSource, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def urlopen(request: urllib.request.Request) -> Any:
        assert request.full_url == source.url
        names = {"Webhook-id", "Webhook-timestamp", "Webhook-signature"}
        answer = Client().post(
            f"/hooks/opt-outs/{source.pk}",
            request.data,
            content_type=request.get_header("Content-type") or "",
            headers={name: value for name, value in request.header_items() if name in names},
        )
        return SimpleNamespace(read=lambda: answer.content)

    [example] = re.findall(r"```python\n(import base64.*?)```", GUIDE.read_text(), re.DOTALL)
    [secret] = signing.source_secrets(source, now=clock.now())
    example = example.replace("https://calls.example.com/hooks/opt-outs/ID", source.url)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    exec(example.replace("whsec_…", secret), {})  # noqa: S102 - our own guide
    assert json.loads(capsys.readouterr().out) == {"added": 1, "known": 0, "numbers": [NUMBER]}
    assert Suppression.objects.get().reason == "Unsubscribed"

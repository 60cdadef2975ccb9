"""Addresses of webhooks may hold a token, so viewers see them up to the host."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from batchcalls.models import Scope, WebhookDelivery, WebhookEndpoint
from batchcalls.webhooks import deliver, endpoints, outbox
from tests.admin.call_rows import person

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TOKEN = "Zx9secret"
VIEWING = ("view_webhookendpoint", "view_webhookdelivery", "view_callresult", "view_batch")


@pytest.fixture
def delivery(make_batch: Any, run: Any, settings: Any) -> WebhookDelivery:
    """A message about a call, sent once to nobody."""
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    endpoints.create(url=f"http://127.0.0.1:9/services/{TOKEN}?key={TOKEN}")
    run(make_batch("+12025550190"))
    deliver.tick()
    return WebhookDelivery.objects.filter(call__isnull=False).get()


def pages_of(delivery: WebhookDelivery) -> list[str]:
    return [
        "/batchcalls/webhookendpoint/",
        f"/batchcalls/webhookendpoint/{delivery.endpoint_id}/change/",
        "/batchcalls/webhookdelivery/",
        f"/batchcalls/webhookdelivery/{delivery.pk}/change/",
        f"/batchcalls/callresult/{delivery.call_id}/change/",
    ]


@pytest.mark.parametrize("may", [False, True])
def test_pages_show_tokens_only_to_those_who_may_change_endpoints(
    delivery: WebhookDelivery, may: bool
) -> None:
    _, client = person(*VIEWING, *["change_webhookendpoint"] * may)

    for url in pages_of(delivery):
        answer = client.get(url)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "http://127.0.0.1:9/" in page
        assert (TOKEN in page) is may, url


def test_a_search_does_not_tell_a_token(delivery: WebhookDelivery, make_program: Any) -> None:
    _, client = person(*VIEWING)
    viewer = make_program("Viewers")
    for text, count in ((TOKEN, 0), ("Zx9", 0), ("127.0.0.1:9", 1), ("//127.0.0.1:9/x", 1)):
        page = client.get("/batchcalls/webhookendpoint/", {"q": text}).content.decode()
        assert page.count("webhook-url") > 0 if count else "webhook-url" not in page
        found = viewer.get(f"/api/v1/webhook-endpoints?q={text}").json()["results"]
        assert len(found) == count


@pytest.mark.parametrize(
    ("group", "scopes", "may"),
    [
        ("Viewers", Scope.values, False),
        ("Managers", [Scope.WEBHOOKS_READ], False),
        ("Managers", Scope.values, True),
    ],
)
def test_the_api_shows_tokens_only_to_those_who_may_change_endpoints(
    delivery: WebhookDelivery, make_program: Any, group: str, scopes: Any, may: bool
) -> None:
    scopes = {*scopes, Scope.CALLS_READ}
    program = make_program(group, scopes=scopes)
    for path in (
        "webhook-endpoints",
        f"webhook-endpoints/{delivery.endpoint_id}",
        "webhook-deliveries",
        f"webhook-deliveries/{delivery.pk}",
    ):
        answer = program.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        text = json.dumps(answer.json())
        assert "http://127.0.0.1:9/" in text
        assert (TOKEN in text) is may, path


def test_no_log_line_has_a_token(
    make_batch: Any, settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    endpoint = endpoints.create(url=f"http://127.0.0.1:9/{TOKEN}")
    with caplog.at_level(logging.INFO):
        outbox.send_test(endpoint)
        deliver.tick()
        monkeypatch.setattr("batchcalls.net.addresses.judge", lambda url, **_: 1 / 0)
        WebhookEndpoint.objects.update(resting_until=None)
        outbox.send_test(endpoint)
        deliver.tick()
    assert WebhookDelivery.objects.filter(attempts=1).count() == 2
    assert TOKEN not in caplog.text

"""Data of calls goes to allowed hosts only, also when a host is removed from the list later."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.models import Batch, BatchEvent, WebhookAttempt, WebhookDelivery
from batchcalls.webhooks import deliver, outbox
from campaigns.models import AllowedHost

pytestmark = pytest.mark.django_db

HUMAN = "+12025550190"


@pytest.mark.usefixtures("example_hosts")
def test_a_report_is_not_sent_to_a_host_that_was_removed(make_batch: Any, run: Any) -> None:
    url = "https://example.com/hook"
    run(make_batch(HUMAN, call_settings={"webhook": url}))
    AllowedHost.objects.all().delete()
    WebhookDelivery.objects.filter(url=url).update(attempts=0)

    deliver.tick(seconds=1)

    [attempt] = WebhookAttempt.objects.all()
    assert (attempt.url, attempt.response_status) == (url, None)
    assert "may not be sent to example.com" in attempt.error
    assert WebhookDelivery.objects.get().next_attempt_at is not None


@pytest.mark.usefixtures("example_hosts")
def test_a_batch_pauses_when_its_host_was_removed(make_batch: Any, launched: Any, run: Any) -> None:
    batch: Batch = launched(HUMAN, call_settings={"webhook": "https://example.com/hook"})
    AllowedHost.objects.all().delete()
    run(batch, launch=False)
    assert (batch.status, batch.reason_code) == ("paused", "host_not_allowed")
    assert "may not be sent to example.com" in BatchEvent.objects.filter(batch=batch).last().message


@pytest.mark.usefixtures("example_hosts")
def test_an_endpoint_needs_no_allowed_host(endpoint: Any, receiver: Any, settings: Any) -> None:
    AllowedHost.objects.all().delete()
    delivery = outbox.send_test(endpoint)
    deliver.tick(seconds=1)
    delivery.refresh_from_db()
    assert delivery.status == "delivered"


def test_a_row_whose_host_is_not_allowed_is_skipped_and_its_batch_is_not(
    make_batch: Any, run: Any
) -> None:
    AllowedHost.objects.create(host="*.example.com")
    text = (
        "phone_number,hook\n+12025550190,https://crm.example.com/a\n"
        "+12025550191,https://example.com.evil.net/\n+12025550192,\n"
    )
    batch = run(make_batch(text=text, prompt="Hi.", map_all=None, column_options=["hook=webhook"]))
    codes = list(batch.recipients.order_by("row_number").values_list("reason_code", flat=True))
    assert codes == ["", "host_not_allowed", ""]

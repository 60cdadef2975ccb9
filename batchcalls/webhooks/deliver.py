"""Send outgoing webhooks: lease due messages → send many concurrently → record.

May run concurrently and be killed at any time. Each message is leased by compare-and-set. A
message that was sent but not recorded is sent again under the same id, which receivers recognize.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from batchcalls import queue
from batchcalls.database import clock
from batchcalls.models import (
    AttemptKind,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from batchcalls.net.under_way import UnderWay
from batchcalls.states import DeliveryStatus
from batchcalls.webhooks import endpoints
from batchcalls.webhooks.requests import Answer, send
from campaigns.allowed_hosts import AllowedHost, Hosts, refused_url

log = structlog.get_logger(__name__)

#: Short, so that lists and calls do not wait long for a worker.
TICK_SECONDS = 5.0
NAP_SECONDS, GATHER_SECONDS = 0.1, 0.02
#: Longer than name lookup, connecting and waiting for an answer can take together.
LEASE = timedelta(seconds=120)
#: A process with a lease this recent is at work; an older lease may belong to a dead process.
BUSY = timedelta(seconds=30)
#: Limit of the random wait before a retry: the first, doubled per failure, up to the second.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 10.0, 4 * 3_600.0
SHORTEST_WAIT_SECONDS = 1.0
#: An endpoint with this many consecutive failures rests for a while after each further failure.
RESTS_FROM_FAILURES, LONGEST_REST_SECONDS = 5, 300
#: An endpoint that has only failed for this long is switched off.
SWITCH_OFF_AFTER = timedelta(days=5)
#: A failure after this long without a failed attempt starts a new outage.
QUIET = timedelta(days=2)
GONE = 410
TOO_LATE = "It could not be delivered in time."
_FORGET_AT_ONCE = 1_000


def tick(
    *,
    seconds: float = TICK_SECONDS,
    alone: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Send due messages for at most ``seconds``; return whether more are due.

    With ``alone``, do nothing while another process is sending: messages must not keep all
    workers busy. That process looks for more messages when it is done.
    """
    now = clock.now()
    if alone and WebhookDelivery.objects.leased_until(now + LEASE - BUSY).exists():
        return False
    give_up_late(now=now)
    until = time.monotonic() + seconds
    with UnderWay(send, threads=settings.WEBHOOK_THREADS) as under_way:
        sender = Sender(under_way)
        while time.monotonic() < until and not stop():
            if not sender.step() and under_way.count == 0:
                break
        sender.finish()
    return WebhookDelivery.objects.due(clock.now()).exists()


class Sender:
    """Leases, starts and records messages; only the threads of ``under_way`` wait for answers."""

    def __init__(self, under_way: UnderWay[WebhookDelivery, Answer]) -> None:
        self._under_way = under_way
        self._busy: Counter[object] = Counter()
        #: Most threads one address may occupy, however slowly it answers.
        self._most = max(1, under_way.threads // 4)
        self._hosts: Hosts | None = None

    def step(self) -> bool:
        """Start due messages and record answers; return whether there was anything to do."""
        leased = self._lease()
        refused = []
        for delivery in leased:
            self._busy[_target(delivery)] += 1
            if why := self._why_not_allowed(delivery):
                refused.append((delivery, Answer(at=clock.now(), request_headers={}, error=why)))
            else:
                self._under_way.start(delivery)
        self._record(refused)
        answered = self._under_way.collect(wait_seconds=NAP_SECONDS)
        if answered and self._under_way.count:
            # One transaction for several answers costs little more than one for a single answer.
            time.sleep(GATHER_SECONDS)
            answered += self._under_way.collect()
        self._record(answered)
        return bool(leased or answered)

    def finish(self) -> None:
        """Wait for running requests and record their answers."""
        self._record(self._under_way.drain(seconds=settings.PLACING_WAIT_SECONDS))

    def _why_not_allowed(self, delivery: WebhookDelivery) -> str:
        """Return why data may not go to the address of a call or batch, or a blank.

        Its host may have been removed from the list since; the message is tried again.
        """
        if delivery.endpoint_id:
            return ""
        self._hosts = self._hosts or AllowedHost.objects.current()
        refused = refused_url(delivery.url, self._hosts, path="The address")
        return refused.message if refused else ""

    def _lease(self) -> list[WebhookDelivery]:
        room = self._under_way.threads - self._under_way.count
        if room <= 0:
            return []
        full = [target for target, count in self._busy.items() if count >= self._most]
        due = WebhookDelivery.objects.due(clock.now())
        if full:
            full_endpoints = [target for target in full if isinstance(target, UUID)]
            urls = [target for target in full if isinstance(target, str)]
            due = due.exclude(endpoint__in=full_endpoints).exclude(endpoint=None, url__in=urls)
        busy = self._busy.copy()
        chosen: list[int] = []
        for pk, endpoint_id, url in due.values_list("pk", "endpoint_id", "url")[: 2 * room]:
            target = endpoint_id or url
            if len(chosen) < room and busy[target] < self._most:
                busy[target] += 1
                chosen.append(pk)
        return lease(chosen)

    def _record(self, answered: list[tuple[WebhookDelivery, Answer]]) -> None:
        for delivery, _ in answered:
            self._busy[_target(delivery)] -= 1
        if answered:
            record(answered, now=clock.now())


def lease(pks: list[int]) -> list[WebhookDelivery]:
    """Lease the messages that no process is sending; return the leased ones."""
    if not pks:
        return []
    now, token = clock.now(), uuid4()
    WebhookDelivery.objects.free(now).filter(pk__in=pks, next_attempt_at__lte=now).update(
        lease_token=token, lease_until=now + LEASE
    )
    mine = WebhookDelivery.objects.filter(pk__in=pks, lease_token=token)
    return list(mine.select_related("endpoint").order_by("pk"))


def _target(delivery: WebhookDelivery) -> object:
    return delivery.endpoint_id or delivery.url


# Recording ---------------------------------------------------------------------------------------


@transaction.atomic
def record(answered: list[tuple[WebhookDelivery, Answer]], *, now: datetime) -> None:
    """Record answers. A message whose lease was lost in the meantime is left unchanged.

    All code locks rows in the same order: endpoints, then messages.
    """
    endpoint_ids = {delivery.endpoint_id for delivery, _ in answered if delivery.endpoint_id}
    _lock(WebhookEndpoint.objects.filter(pk__in=endpoint_ids))
    kept = _lock(WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery, _ in answered]))
    # The messages of an endpoint deleted in the meantime no longer exist.
    answered = [one for one in answered if one[0].pk in kept]
    WebhookAttempt.objects.bulk_create(_attempt(delivery, answer) for delivery, answer in answered)
    for delivery, answer in answered:
        changes = _verdict(delivery, answer, now=now)
        WebhookDelivery.objects.filter(
            pk=delivery.pk, lease_token=delivery.lease_token, next_attempt_at__isnull=False
        ).update(
            attempts=delivery.attempts + 1,
            last_status=answer.status,
            last_error=answer.error[:300],
            lease_token=None,
            lease_until=None,
            **changes,
        )
        log.info(
            "webhook.sent",
            delivery=delivery.pk,
            event_type=delivery.event_type,
            answered=answer.status,
            error=answer.error,
            ms=answer.duration_ms,
        )
    for pk in sorted(endpoint_ids):
        answers = [answer for delivery, answer in answered if delivery.endpoint_id == pk]
        if answers:
            _note(pk, answers, now=now)


def _lock(rows: QuerySet[Any]) -> set[Any]:
    """Lock rows for the rest of the transaction; return the keys of those that exist."""
    locked = rows.order_by("pk").select_for_update(no_key=True)
    return set(locked.values_list("pk", flat=True))


def _attempt(delivery: WebhookDelivery, answer: Answer) -> WebhookAttempt:
    return WebhookAttempt(
        delivery=delivery,
        number=delivery.attempts + 1,
        kind=delivery.next_kind,
        at=answer.at,
        duration_ms=answer.duration_ms,
        url=delivery.target,
        request_headers=answer.request_headers,
        response_status=answer.status,
        response_excerpt=answer.excerpt,
        error=answer.error[:300],
    )


def _verdict(delivery: WebhookDelivery, answer: Answer, *, now: datetime) -> dict[str, Any]:
    """Return the changes to a message: delivered, retried later, or given up."""
    if answer.taken:
        status = DeliveryStatus.DELIVERED
        return {"status": status, "next_attempt_at": None, "ended_at": now, "failures": 0}
    failures = delivery.failures + 1
    again_at = now + timedelta(seconds=wait_after(failures, answer.retry_after))
    if again_at > delivery.give_up_at or answer.status == GONE:
        status = DeliveryStatus.DEAD
        return {"status": status, "next_attempt_at": None, "ended_at": now, "failures": failures}
    return {"failures": failures, "next_kind": AttemptKind.RETRY, "next_attempt_at": again_at}


def wait_after(failures: int, retry_after: float | None = None) -> float:
    """Return the seconds before the next attempt, at least the receiver's ``retry_after``.

    Exponential backoff with full jitter, so that messages that failed together are not retried
    together. Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
    """
    most = min(FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 20), LONGEST_WAIT_SECONDS)
    wait = random.uniform(SHORTEST_WAIT_SECONDS, most)  # noqa: S311 - spreads load, hides nothing
    return max(wait, retry_after or 0.0)


def _note(endpoint_id: UUID, answers: list[Answer], *, now: datetime) -> None:
    """Record an endpoint's results; rest it or switch it off when it keeps failing."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint_id)
    if any(answer.taken for answer in answers):
        rows.update(
            consecutive_failures=0, failing_since=None, resting_until=None, last_delivered_at=now
        )
        return
    # A failure after a quiet period starts a new outage.
    is_new = Q(failing_since=None) | Q(last_failed_at__lt=now - QUIET)
    rows.filter(is_new).update(failing_since=now, consecutive_failures=0)
    rows.update(consecutive_failures=F("consecutive_failures") + len(answers), last_failed_at=now)
    endpoint = rows.first()
    if endpoint is None:
        return
    if any(answer.status == GONE for answer in answers):
        endpoints.disable(endpoint, reason="It answered 410 Gone: it wants no more.")
    elif endpoint.failing_since and now - endpoint.failing_since >= SWITCH_OFF_AFTER:
        days = SWITCH_OFF_AFTER.days
        endpoints.disable(
            endpoint, reason=f"No delivery has succeeded for {days} days: {answers[-1].in_words}"
        )
    elif (beyond := endpoint.consecutive_failures - RESTS_FROM_FAILURES) >= 0:
        rest = min(2.0 ** min(beyond + 1, 20), LONGEST_REST_SECONDS)
        rows.update(resting_until=now + timedelta(seconds=rest))


# Tidying -----------------------------------------------------------------------------------------


def give_up_late(*, now: datetime) -> None:
    """Give up messages past their deadline, and messages of endpoints that are switched off."""
    WebhookDelivery.objects.free(now).filter(give_up_at__lt=now).update(
        status=DeliveryStatus.DEAD,
        next_attempt_at=None,
        ended_at=now,
        last_error=Coalesce(NullIf("last_error", Value("")), Value(TOO_LATE)),
    )
    off = WebhookEndpoint.objects.filter(enabled=False, deliveries__next_attempt_at__isnull=False)
    for endpoint in off.distinct():
        endpoints.give_up_waiting_of(endpoint)


def sweep() -> None:
    """Ring for due messages, and delete some of the messages that ended long ago."""
    now = clock.now()
    give_up_late(now=now)
    if WebhookDelivery.objects.due(now).exists():
        queue.ring_once(queue.DELIVER_WEBHOOKS)
    limit = now - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    old = WebhookDelivery.objects.filter(ended_at__isnull=False, ended_at__lt=limit)
    pks = list(old.order_by("ended_at").values_list("pk", flat=True)[:_FORGET_AT_ONCE])
    if pks:
        WebhookDelivery.objects.filter(pk__in=pks).delete()

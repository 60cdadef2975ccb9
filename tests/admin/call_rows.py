"""Calls as rows, for lists that would take long to be called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import CALL_FINAL


def make_calls(batch: Batch, count: int, **fields: Any) -> list[CallResult]:
    """Store finished calls, one for each row of a batch, a minute apart; the last is the newest."""
    now = timezone.now()
    first = (batch.recipients.order_by("-row_number").first() or Recipient(row_number=1)).row_number
    rows = Recipient.objects.bulk_create(
        Recipient(
            batch=batch,
            row_number=row,
            e164=f"+1202555{row:04}",
            request_data={"business_name": f"Shop {row}"},
        )
        for row in range(first + 1, first + 1 + count)
    )
    shared = {
        "status": "completed",
        "answered_by": "human",
        "disposition": "INTERESTED",
        "duration_seconds": 60,
        **fields,
    }
    return CallResult.objects.bulk_create(
        CallResult(
            **{
                "batch": batch,
                "recipient": row,
                "account": batch.account,
                "attempt": 1,
                "to_number": row.e164,
                "claimed_at": now - timedelta(minutes=count - index),
                "ended_at": now if shared["status"] in CALL_FINAL else None,
                **shared,
            }
        )
        for index, row in enumerate(rows)
    )


def person(*permissions: str) -> tuple[User, Client]:
    """Sign in somebody of the staff with just these permissions, who sees numbers."""
    user = User.objects.create_user(f"person{User.objects.count()}", is_staff=True)
    allowed = [*permissions, "view_numbers"]
    user.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    client = Client()
    client.force_login(user)
    return user, client

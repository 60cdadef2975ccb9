"""Changes of how people sign in are in the audit log."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt

from batchcalls.access import api_keys, throttling, two_step
from batchcalls.models import AuditEntry
from tests.access.signing_in import person, with_app

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def last() -> tuple[str, str, str]:
    entry = AuditEntry.objects.order_by("-pk")[0]
    return entry.action, entry.object_name, entry.note


def test_the_second_step_its_codes_and_its_locks_are_entries() -> None:
    ann = person()
    setup, codes = with_app(ann)
    notes = list(AuditEntry.objects.order_by("pk").values_list("action", "note"))
    assert notes == [("switched_on", "Two-step sign-in")]
    for _ in range(two_step.FREE_FAILURES):
        two_step.check(ann, "000000")
    assert two_step.unlock(ann)
    assert last() == ("changed", "ann", "Unlocked codes")
    assert two_step.turn_off(ann, by="root")
    assert last() == ("switched_off", "ann", "Two-step sign-in")
    written = str(list(AuditEntry.objects.values()))
    assert setup.text not in written
    assert not any(code in written for code in codes)


def test_lifting_a_lock_and_revoking_all_keys_are_entries() -> None:
    AccessAttempt.objects.create(
        username="ann", ip_address="203.0.113.77", failures_since_start=5, user_agent="x"
    )
    throttling.unlock(username="ann", address="203.0.113.77")
    assert last() == ("changed", "", "Unlocked: one address")
    ann = person()
    for name in ("crm", "erp"):
        api_keys.create(ann, name=name, scopes=["batches:read"])
    api_keys.revoke_all_of(ann)
    assert AuditEntry.objects.filter(action="revoked").count() == 2

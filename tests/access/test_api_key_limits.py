"""What one person may have and ask for, however many keys they make."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from batchcalls.access import api_keys
from batchcalls.models import ApiAllowance, ApiKey
from tests.admin.call_rows import person

pytestmark = pytest.mark.django_db
SCOPES = ["batches:read"]


def key_of(owner: Any, **fields: Any) -> tuple[ApiKey, str]:
    return api_keys.create(owner, name="a program", scopes=SCOPES, **fields)


def test_a_person_has_a_limit_of_usable_keys(settings: Any) -> None:
    settings.MAX_API_KEYS = 2
    owner, client = person("view_apikey", "add_apikey")
    other, _ = person()
    first, _ = key_of(owner)
    expired, _ = key_of(owner)

    with pytest.raises(ValidationError, match="has 2 API keys, which is the most"):
        key_of(owner)
    form = {"name": "one more", "scopes": SCOPES, "days": "90"}
    page = client.post("/batchcalls/apikey/add/", form).content.decode()
    assert "Revoke one that is no longer used." in page
    assert ApiKey.objects.filter(owner=owner).count() == 2

    key_of(other)
    api_keys.revoke(first)
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    key_of(owner)
    key_of(owner)


def test_all_keys_of_a_person_share_a_limit(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    settings.API_REQUESTS_PER_MINUTE_PER_PERSON = 3
    owner, _ = person()
    now = timezone.now()
    one, two, three = (key_of(owner)[0] for _ in range(3))
    stranger, _ = key_of(person()[0])

    admitted = [api_keys.admit(key, now=now) for key in (one, one, two)]
    assert [one.retry_after_seconds for one in admitted] == [None] * 3
    refused = api_keys.admit(three, now=now)

    assert (refused.of, refused.limit, refused.remaining) == ("person", 3, 0)
    assert refused.retry_after_seconds == 20
    assert api_keys.admit(one, now=now).of == "key"
    assert api_keys.admit(stranger, now=now).retry_after_seconds is None
    assert api_keys.admit(two, now=now + timedelta(seconds=31)).retry_after_seconds is None
    assert ApiAllowance.objects.count() == 2


@pytest.mark.parametrize("path", ["/api/v1/me", "/v1/me"])
def test_both_apis_tell_whose_limit_is_used_up(path: str, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE_PER_PERSON = 1
    owner, _ = person()
    answers = [Client().get(path, headers={"Authorization": key_of(owner)[1]}) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 429]
    assert answers[0]["RateLimit-Policy"].startswith('"key";q=600')
    assert answers[1]["RateLimit-Policy"] == '"person";q=1;w=60'
    assert 0 < int(answers[1]["Retry-After"]) <= 60

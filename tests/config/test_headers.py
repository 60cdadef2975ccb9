"""Headers of every response."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize("url", ["/healthz", "/login/", "/api/v1/me", "/v1/me", "/nothing"])
def test_no_page_may_use_the_camera_the_microphone_or_the_place(url: str) -> None:
    policy = Client().get(url)["Permissions-Policy"]

    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(policy.split(", "))

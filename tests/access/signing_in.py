"""People at the sign-in pages, for tests."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP

from batchcalls.access import two_step
from batchcalls.database import clock

PASSWORD = "correct-horse-battery"


def person(name: str = "ann", **fields: Any) -> User:
    return User.objects.create_user(name, password=PASSWORD, **{"is_staff": True, **fields})


def sign_in(
    client: Client,
    name: str = "ann",
    password: str = PASSWORD,
    address: str = "203.0.113.1",
    **more: Any,
) -> Any:
    return client.post(
        reverse("admin:login"),
        {"username": name, "password": password, "next": "/", **more},
        REMOTE_ADDR=address,
    )


def enter_code(client: Client, code: str, address: str = "203.0.113.1") -> Any:
    return client.post(reverse("admin:login_code"), {"code": code}, REMOTE_ADDR=address)


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("admin:security")).status_code == 200


def code_of(setup: two_step.Setup, *, steps: int = 0) -> str:
    """Return the code that an app shows whose clock is ``steps`` of 30 s ahead."""
    totp = TOTP(setup.secret, drift=steps)
    totp.time = clock.now().timestamp()
    return f"{totp.token():06}"


def with_app(user: User) -> tuple[two_step.Setup, list[str]]:
    """Turn two-step sign-in on with the code of a minute ago, so that the current one is unused."""
    setup = two_step.Setup.new()
    codes = two_step.turn_on(user, setup, code_of(setup, steps=-2))
    assert codes is not None
    # The phone's clock is right: only the code was an old one.
    user.sign_in.refresh_from_db()
    user.sign_in.totp_drift = 0
    user.sign_in.save()
    return setup, codes

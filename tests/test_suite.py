"""What holds for the test suite itself."""

from __future__ import annotations

from django.conf import settings


def test_every_process_of_a_run_uses_the_settings_of_the_tests() -> None:
    """With pytest-xdist, each user's password was once hashed as slowly as in production."""
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.MD5PasswordHasher"]

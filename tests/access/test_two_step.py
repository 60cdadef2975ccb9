"""Codes of authenticator apps, and recovery codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User

from batchcalls.access import two_step
from batchcalls.access.two_step import Verdict
from batchcalls.models import RecoveryCode, SignIn
from campaigns import encryption
from tests.access.signing_in import code_of, person, with_app

pytestmark = pytest.mark.django_db
ONE_DATABASE = pytest.mark.one_database

NOON = datetime(2026, 11, 27, 12, 0, 10, tzinfo=UTC)


@pytest.fixture
def ann() -> User:
    return person()


def at(steps: float) -> Any:
    return time_machine.travel(NOON + timedelta(seconds=30 * steps), tick=False)


def set_up(user: User, *, phone_ahead: int = 0) -> two_step.Setup:
    setup = two_step.Setup.new()
    assert two_step.turn_on(user, setup, code_of(setup, steps=phone_ahead)) is not None
    return setup


def test_a_code_works_once(ann: User) -> None:
    with at(0):
        setup = set_up(ann)
        assert two_step.check(ann, code_of(setup)) is Verdict.WRONG  # It was used to set up.
    with at(1):
        code = code_of(setup)
        assert two_step.check(ann, f" {code[:3]} {code[3:]}") is Verdict.RIGHT
        assert two_step.check(ann, code) is Verdict.WRONG
        assert two_step.check(ann, code_of(setup, steps=-1)) is Verdict.WRONG


@ONE_DATABASE
@pytest.mark.parametrize("phone_ahead", [-9, 9])
def test_a_phone_whose_clock_is_minutes_off_works(ann: User, phone_ahead: int) -> None:
    with at(0):
        setup = set_up(ann, phone_ahead=phone_ahead)
    with at(1_000):
        assert two_step.check(ann, code_of(setup, steps=phone_ahead)) is Verdict.RIGHT
    with at(1_001):
        assert two_step.check(ann, code_of(setup)) is Verdict.WRONG


@ONE_DATABASE
def test_a_clock_that_drifts_is_followed(ann: User) -> None:
    with at(0):
        setup = set_up(ann)
    for month in range(1, 5):
        with at(86_400 * month):
            assert two_step.check(ann, code_of(setup, steps=month)) is Verdict.RIGHT


@ONE_DATABASE
def test_codes_of_other_times_and_other_digits_are_wrong(ann: User) -> None:
    with at(0):
        setup = set_up(ann)
    with at(100):
        for code in (code_of(setup, steps=3), code_of(setup, steps=-3), "", "١٢٣٤٥٦", "1" * 40):
            assert two_step.check(ann, code) is Verdict.WRONG


def test_a_recovery_code_works_once_and_however_it_is_typed(ann: User) -> None:
    _, codes = with_app(ann)
    assert len(set(codes)) == 10
    assert two_step.check(ann, codes[0].lower().replace("-", " ")) is Verdict.RECOVERED
    assert two_step.check(ann, codes[0]) is Verdict.WRONG
    assert two_step.recovery_codes_left(ann) == 9
    assert two_step.check(person("bob"), codes[1]) is Verdict.WRONG


@ONE_DATABASE
def test_new_recovery_codes_replace_the_old_ones(ann: User) -> None:
    _, codes = with_app(ann)
    two_step.renew_recovery_codes(ann)
    assert two_step.check(ann, codes[0]) is Verdict.WRONG


@ONE_DATABASE
def test_the_database_holds_neither_secrets_nor_codes(ann: User) -> None:
    setup, codes = with_app(ann)
    stored = str(SignIn.objects.values().get()) + str(list(RecoveryCode.objects.values()))
    for secret in (setup.text, setup.secret.hex(), str(setup.secret), *codes):
        assert secret not in stored
        assert secret.replace("-", "") not in stored


def test_guessing_codes_locks_longer_and_longer_even_for_the_right_one(ann: User) -> None:
    with at(0):
        setup = set_up(ann)
    with at(10):
        for _ in range(two_step.FREE_FAILURES):
            assert two_step.check(ann, "000000") is Verdict.WRONG
        assert two_step.check(ann, code_of(setup)) is Verdict.LOCKED
        assert [row.user for row in two_step.locked()] == [ann]
    with at(10 + 31):  # After 15 minutes, one more guess costs 30.
        assert two_step.check(ann, "000000") is Verdict.WRONG
        assert two_step.check(ann, code_of(setup)) is Verdict.LOCKED
    with at(10 + 31 + 61):
        assert two_step.check(ann, code_of(setup)) is Verdict.RIGHT
        assert two_step.check(ann, "000000") is Verdict.WRONG
        assert not two_step.locked()


@ONE_DATABASE
def test_a_year_of_guessing_finds_no_code() -> None:
    guesses, waited = two_step.FREE_FAILURES, timedelta()
    while waited < timedelta(days=365):
        waited += two_step.lock_after(guesses)
        guesses += 1
    # Three of a million codes are right at any time.
    assert guesses < 400
    assert guesses * 3 / 1_000_000 < 0.002


@ONE_DATABASE
def test_an_administrator_unlocks(ann: User) -> None:
    setup, _ = with_app(ann)
    SignIn.objects.update(failures=12, locked_until=datetime(2999, 1, 1, tzinfo=UTC))
    assert two_step.check(ann, code_of(setup)) is Verdict.LOCKED
    assert two_step.unlock(ann)
    assert not two_step.unlock(ann)
    assert two_step.check(ann, code_of(setup)) is Verdict.RIGHT


@ONE_DATABASE
def test_turning_off_forgets_the_app_and_the_codes(ann: User) -> None:
    setup, codes = with_app(ann)
    assert two_step.turn_off(ann, by="root")
    assert not two_step.turn_off(ann, by="root")
    assert not two_step.is_on(User.objects.get(pk=ann.pk))
    assert two_step.check(ann, code_of(setup)) is Verdict.WRONG
    assert two_step.check(ann, codes[0]) is Verdict.WRONG


@ONE_DATABASE
def test_a_rotated_key_keeps_codes_working_once_they_are_reencrypted(
    ann: User, settings: Any
) -> None:
    setup, codes = with_app(ann)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert two_step.check(ann, code_of(setup)) is Verdict.RIGHT
    assert two_step.reencrypt_all() == (1, [])
    settings.SECRET_KEY_FALLBACKS = []
    assert encryption.decrypt(SignIn.objects.get().totp_secret) == setup.secret
    settings.SECRET_KEY = "another"
    assert two_step.check(ann, code_of(setup, steps=1)) is Verdict.UNREADABLE
    assert two_step.check(ann, codes[0]) is Verdict.RECOVERED
    assert two_step.reencrypt_all() == (0, ["ann"])


@ONE_DATABASE
def test_roles_can_require_two_step_sign_in(ann: User, settings: Any) -> None:
    root = person("root", is_superuser=True)
    ann.groups.add(Group.objects.get(name="Managers"))
    for required, who in [
        ({}, []),
        ({"managers"}, [ann]),
        ({"administrators"}, [root]),
        ({"administrators", "managers"}, [ann, root]),
        ({"everyone"}, [ann, root]),
        ({"operators"}, []),
    ]:
        settings.TWO_STEP_REQUIRED_FOR = frozenset(required)
        assert [user for user in (ann, root) if two_step.is_required(user)] == who

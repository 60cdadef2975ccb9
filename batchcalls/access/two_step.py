"""Two-step sign-in: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

Of django-otp this uses the algorithm only. Its tables keep secrets and recovery codes as plain
text, and its recovery codes have no digests.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from urllib.parse import quote, urlencode

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django_otp.oath import TOTP

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction, RecoveryCode, SignIn, sign_in_of
from campaigns import encryption

TWO_STEP = "Two-step sign-in"
log = structlog.get_logger(__name__)

ISSUER = "Batch Calls"
#: In the audit log.
_NAME = "Two-step sign-in"
#: RFC 4226 section 4 recommends 160 bits.
SECRET_BYTES = 20
STEP_SECONDS = 30
#: A code is accepted one step early or late, measured from what is known of the phone's clock.
TOLERANCE_STEPS = 1
#: When the app is set up, its clock may be off by this much, and the difference is stored.
SETUP_TOLERANCE_STEPS = 10
RECOVERY_CODES, RECOVERY_BYTES, RECOVERY_LENGTH = 10, 10, 16
#: Wrong codes in a row before sign-in is locked, first for LOCK, then twice as long each time.
FREE_FAILURES = 10
LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
#: In `settings.TWO_STEP_REQUIRED_FOR`, besides names of groups.
EVERYONE, ADMINISTRATORS = "everyone", "administrators"


class Verdict(Enum):
    """The result of checking a code."""

    RIGHT = auto()
    #: Right, and one recovery code fewer is left.
    RECOVERED = auto()
    WRONG = auto()
    #: Too many wrong codes: not even the right one is accepted.
    LOCKED = auto()
    #: The key that encrypted the secret is gone.
    UNREADABLE = auto()

    @property
    def is_right(self) -> bool:
        """Whether the person may go on."""
        return self in {Verdict.RIGHT, Verdict.RECOVERED}


@dataclass(frozen=True, slots=True)
class Setup:
    """A secret for an app, before a code has shown that the app has it."""

    secret: bytes

    @classmethod
    def new(cls) -> Setup:
        """Return a random secret."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def sealed(cls, token: str) -> Setup:
        """Return the setup that `seal` encrypted. Raise `Undecryptable`."""
        return cls(encryption.decrypt(token))

    def seal(self) -> str:
        """Encrypt the secret, for the session."""
        return encryption.encrypt(self.secret)

    @property
    def text(self) -> str:
        """The secret in base32, for people who type it."""
        return base64.b32encode(self.secret).decode()

    def matching(self, code: str) -> TOTP | None:
        """Return the time step that the code is of, or None if it is no code of this secret."""
        totp = _totp(self.secret, drift=0)
        is_right = _is_code(code) and totp.verify(int(code), tolerance=SETUP_TOLERANCE_STEPS)
        return totp if is_right else None

    def url_for(self, user: User) -> str:
        """Return the URL of the QR code (Google Authenticator's key URI format)."""
        label = quote(f"{ISSUER}:{user.get_username()}")
        values = urlencode({"secret": self.text, "issuer": ISSUER}, quote_via=quote)
        return f"otpauth://totp/{label}?{values}"


def is_on(user: User) -> bool:
    """Return whether the person signs in with a code after the password."""
    return sign_in_of(user).is_two_step


def is_required(user: User) -> bool:
    """Return whether one of the person's roles requires two-step sign-in."""
    required: frozenset[str] = settings.TWO_STEP_REQUIRED_FOR
    if not required:
        return False
    if EVERYONE in required or (user.is_superuser and ADMINISTRATORS in required):
        return True
    groups = required - {EVERYONE, ADMINISTRATORS}
    return bool(groups) and any(
        name.lower() in groups for name in user.groups.values_list("name", flat=True)
    )


def turn_on(user: User, setup: Setup, code: str) -> list[str] | None:
    """Turn two-step sign-in on, or replace the app. Return new recovery codes.

    Return None if the code is not one of this secret.
    """
    totp = setup.matching(code)
    if totp is None:
        return None
    with transaction.atomic():
        SignIn.objects.update_or_create(
            user=user,
            defaults={
                "totp_secret": encryption.encrypt(setup.secret),
                "totp_since": clock.now(),
                "totp_step": totp.t(),
                "totp_drift": totp.drift,
                "failures": 0,
                "locked_until": None,
            },
        )
        codes = _new_recovery_codes(user)
        audit.record(AuditAction.SWITCHED_ON, user, note=_NAME)
    log.info("two_step_turned_on", user=user.get_username(), phone_clock_steps=totp.drift)
    return codes


def turn_off(user: User, *, by: str) -> bool:
    """Turn two-step sign-in off. Return False if it was off. ``by`` names who did it."""
    with transaction.atomic():
        was_on = SignIn.objects.filter(user=user).exclude(totp_secret="")
        count = was_on.update(totp_secret="", totp_since=None, failures=0, locked_until=None)
        RecoveryCode.objects.filter(user=user).delete()
        if count:
            audit.record(AuditAction.SWITCHED_OFF, user, note=_NAME)
    if count:
        log.warning("two_step_turned_off", user=user.get_username(), by=by)
    return bool(count)


def renew_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes. Return the new ones, which cannot be read again."""
    with transaction.atomic():
        codes = _new_recovery_codes(user)
        audit.record(AuditAction.SECRET_ROTATED, user, note="Recovery codes")
    return codes


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes are unused."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def check(user: User, typed: str) -> Verdict:
    """Check a code of the app or a recovery code. Each is accepted once, also at the same instant.

    The row is locked meanwhile, so that guesses cannot overtake their own count.
    """
    code = "".join(typed.split()).replace("-", "")
    with transaction.atomic():
        row = SignIn.objects.select_for_update().filter(user=user).first()
        if row is None or not row.is_two_step:
            return Verdict.WRONG
        now = clock.now()
        if row.locked_until is not None and row.locked_until > now:
            return Verdict.LOCKED
        verdict = _check(row, code)
        if verdict.is_right:
            row.failures, row.locked_until = 0, None
        elif verdict is Verdict.WRONG:
            row.failures += 1
            if row.failures >= FREE_FAILURES:
                row.locked_until = now + lock_after(row.failures)
        row.save()
    if verdict is Verdict.WRONG and row.locked_until is not None:
        log.warning(
            "two_step_locked",
            user=user.get_username(),
            failures=row.failures,
            until=row.locked_until.isoformat(),
        )
    return verdict


def lock_after(failures: int) -> timedelta:
    """Return how long sign-in is locked after a number of wrong codes in a row."""
    doublings = min(failures - FREE_FAILURES, 10)
    return min(LOCK * int(2**doublings), LONGEST_LOCK)


def locked() -> list[SignIn]:
    """Return the people who entered too many wrong codes."""
    rows = SignIn.objects.filter(locked_until__gt=clock.now()).select_related("user")
    return list(rows.order_by("-locked_until", "pk"))


def unlock(user: User) -> bool:
    """Let a person try codes again. Return False if nothing was locked."""
    rows = SignIn.objects.filter(user=user, locked_until__gt=clock.now())
    with transaction.atomic():
        is_lifted = bool(rows.update(failures=0, locked_until=None))
        if is_lifted:
            audit.record(AuditAction.CHANGED, user, note="Unlocked codes")
    return is_lifted


def reencrypt_all() -> tuple[int, list[str]]:
    """Encrypt all secrets with the current key. Return how many, and who must set up again."""
    done, lost = 0, []
    for row in SignIn.objects.exclude(totp_secret="").select_related("user"):
        try:
            fresh = encryption.reencrypt(row.totp_secret)
        except encryption.Undecryptable:
            lost.append(row.user.get_username())
            continue
        # Only if nobody set up another app meanwhile.
        rows = SignIn.objects.filter(pk=row.pk, totp_secret=row.totp_secret)
        done += rows.update(totp_secret=fresh)
    return done, lost


def _new_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes, in the transaction of the caller."""
    codes = [
        base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()
        for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_digest_of(code)) for code in codes
    )
    return ["-".join(code[at : at + 4] for at in range(0, RECOVERY_LENGTH, 4)) for code in codes]


def _check(row: SignIn, code: str) -> Verdict:
    """Check a code without counting, and note what it was in the row."""
    if not _is_code(code):
        return Verdict.RECOVERED if _use_recovery_code(row.user_id, code) else Verdict.WRONG
    try:
        secret = encryption.decrypt(row.totp_secret)
    except encryption.Undecryptable:
        return Verdict.UNREADABLE
    totp = _totp(secret, drift=row.totp_drift)
    if not totp.verify(int(code), tolerance=TOLERANCE_STEPS, min_t=row.totp_step + 1):
        return Verdict.WRONG
    row.totp_step = totp.t()
    row.totp_drift = max(-SETUP_TOLERANCE_STEPS, min(totp.drift, SETUP_TOLERANCE_STEPS))
    return Verdict.RIGHT


def _use_recovery_code(user_id: int, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user_id, used_at=None, digest=_digest_of(code))
    return bool(unused.update(used_at=clock.now()))


def _is_code(code: str) -> bool:
    return len(code) == 6 and code.isascii() and code.isdigit()


def _totp(secret: bytes, *, drift: int) -> TOTP:
    totp = TOTP(secret, STEP_SECONDS, drift=drift)
    totp.time = clock.now().timestamp()
    return totp


def _digest_of(code: str) -> str:
    return hashlib.sha256(code.upper().encode()).hexdigest()

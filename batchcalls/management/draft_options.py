"""Turns the options of `sendbatch` into a draft."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from batchcalls.access import permissions
from batchcalls.drafting import drafts
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.lists.mapping import MappingError, Target
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.management import rule_options
from batchcalls.models import Batch, VoiceAccount
from campaigns.models import CallingPolicy, Campaign

UNUSABLE_FILE, USAGE = 1, 2
MOST_MONEY = Decimal(10) ** 9

NumberT = TypeVar("NumberT", int, float)
SavedT = TypeVar("SavedT", Campaign, CallingPolicy, VoiceAccount)

#: Command-line hints, added to error messages that all interfaces share.
HINTS = {
    "no_phone_column": "Use --map COLUMN=phone_number.",
    "variable_without_column": "Use --map-all request_data, or --map COLUMN=request_data.NAME.",
    "no_prompt": "Use --prompt or --campaign.",
    "no_purpose": "Use --purpose, or --campaign.",
    "bad_region": "Use --region.",
    "rules_of_campaign": "Leave out --policy, --hours, --days, and --retry.",
    "unclear_encoding": "Use --encoding.",
}


class Refused(Exception):
    """The request cannot be fulfilled, and nothing was stored.

    ``exit_status`` is 1 for an unusable file, and 2 for anything else.
    """

    def __init__(self, message: str, *, code: str, exit_status: int = USAGE) -> None:
        super().__init__(f"{message} {HINTS[code]}" if code in HINTS else message)
        self.code = code
        self.exit_status = exit_status


def draft_of(options: dict[str, Any]) -> Batch:
    """Validate the options and store a draft. Raise `Refused`."""
    path = _list_path(options["file"])
    actor = _actor(options["actor"], *(["launch"] if not options["dry_run"] else []))
    request = drafts.DraftRequest(
        name=options["name"] or path.stem,
        campaign=_campaign(options["campaign"]),
        rules=_rules(options),
        account=_account(options["account"]),
        purpose=options["purpose"],
        prompt=options["prompt"],
        start_at=_start_at(options["start_at"]),
        cps=_cap("--cps", options["cps"]),
        concurrency=_cap("--concurrency", options["concurrency"]),
        budget=_budget(options["budget"]),
        created_by=actor,
        reading=ReadingOptions(
            encoding=options["encoding"],
            must_be_clear=not options["dry_run"],
            delimiter=options["delimiter"],
            sheet=options["sheet"],
            header_row=options["header_row"],
            include_hidden=options["include_hidden"],
            region=options["region"],
            dates=options["dates"],
            numbers_written=options["numbers_written"],
            column_options=options["map"],
            map_all=Target(options["map_all"]) if options["map_all"] else None,
        ),
    )
    try:
        with path.open("rb") as stream:
            return drafts.create(request, stream, file_name=path.name)
    except UnreadableList as error:
        raise Refused(str(error), code=error.code, exit_status=UNUSABLE_FILE) from error
    except MappingError as error:
        code = error.problems[0].code
        exit_status = UNUSABLE_FILE if code == "no_phone_column" else USAGE
        raise Refused(str(error), code=code, exit_status=exit_status) from error
    except UploadError as error:
        raise Refused(str(error), code=error.code) from error
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}.", code="file_unreadable"
        ) from error


def _list_path(given: str | None) -> Path:
    if not given:
        raise Refused("No file was given. Name the list to call: sendbatch FILE.", code="no_file")
    path = Path(given)
    if not path.is_file():
        raise Refused(f"There is no file {given}. Check the path.", code="file_missing")
    return path


def _actor(name: str, *verbs: str) -> User | None:
    """Return the user in whose name the batch is sent; None for whoever runs the server."""
    if not name:
        return None
    actor = User.objects.filter(username=name, is_active=True).first()
    if actor is None:
        raise Refused(f"There is no active user {name!r}. Check --as.", code="unknown_user")
    try:
        permissions.require(actor, *(f"batchcalls.{verb}_batch" for verb in ("add", *verbs)))
    except permissions.Denied as error:
        raise Refused(f"{name}: {error}", code="forbidden") from error
    return actor


def _campaign(name: str) -> Campaign | None:
    return _saved(Campaign, name, code="unknown_campaign") if name else None


def _account(name: str) -> VoiceAccount:
    if name == "simulator":
        return VoiceAccount.objects.built_in()
    return _saved(VoiceAccount, name, code="unknown_account")


def _rules(options: dict[str, Any]) -> ChosenRules:
    name = options["policy"]
    policy = _saved(CallingPolicy, name, code="unknown_policy") if name else None
    try:
        return rule_options.rules_of(options, policy)
    except ValueError as error:
        raise Refused(str(error), code="bad_rules") from error


def _saved(model: type[SavedT], name: str, *, code: str) -> SavedT:
    found = model._default_manager.filter(name=name).first()
    if found is None:
        names = model._default_manager.order_by("name").values_list("name", flat=True)[:20]
        known = f"Known: {', '.join(names)}." if names else "None is saved yet."
        raise Refused(f"There is no {model._meta.verbose_name} {name!r}. {known}", code=code)
    return found


def _cap(option: str, given: NumberT | None) -> NumberT | None:
    if given is not None and given <= 0:
        raise Refused(f"{option} {given} is too small; leave it out for no cap.", code="bad_cap")
    return given


def _budget(given: str | None) -> Decimal | None:
    if given is None:
        return None
    try:
        budget = Decimal(given)
    except InvalidOperation:
        budget = Decimal("NaN")
    if not budget.is_finite() or not Decimal("0.01") <= budget < MOST_MONEY:
        raise Refused(
            f"--budget {given} is not an amount of money. Write it like 50 or 12.50, without the "
            "currency, or leave it out for no budget.",
            code="bad_budget",
        )
    return budget.quantize(Decimal("0.01"), ROUND_DOWN)


def _start_at(given: str) -> datetime | None:
    if not given:
        return None
    try:
        moment = parse_datetime(given)
    except ValueError:
        moment = None
    if moment is None:
        raise Refused(
            f"--start-at {given!r} is not a time. Write it like 2026-03-15T09:00:00-05:00.",
            code="bad_start_at",
        )
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment

"""Creates drafts: a list, its column mapping, and a conversation.

Errors that a person can still fix are refused here, before anything is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError

from batchcalls.access import audit
from batchcalls.calling import destinations
from batchcalls.drafting import authority
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.intake import allowed_columns, joining, uploads, validation
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.lists.mapping import ListMapping
from batchcalls.models import AuditAction, Batch, BatchEvent, StoredList, VoiceAccount
from batchcalls.models.batch import UNTITLED, DuplicateChoice
from batchcalls.models.launched_with import Use, names_of
from batchcalls.states import LIST_LEFT_OUT, BatchStatus
from batchcalls.webhooks import targets
from campaigns import call_settings, prompts
from campaigns.conversations import LEADING
from campaigns.models import Campaign
from campaigns.vocabulary import Purpose

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class DraftError(UploadError):
    """The draft was refused, and nothing was stored."""


#: Unknown variables that one message names.
MOST_UNKNOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """The contents of a draft. Blank fields come from the campaign or are detected.

    ``rules`` hold if the campaign has no policy. None leaves those of a draft as they are.
    """

    name: str = ""
    campaign: Campaign | None = None
    account: VoiceAccount
    purpose: str = ""
    prompt: str = ""
    pathway_id: str = ""
    pathway_version: str = ""
    call_settings: Mapping[str, Any] = field(default_factory=dict)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    duplicates: str = DuplicateChoice.CALL_ONCE
    start_at: datetime | None = None
    cps: float | None = None
    concurrency: int | None = None
    budget: Decimal | None = None
    breaker_percent: int | None = None
    rules: ChosenRules | None = None
    status_webhook: str = ""
    batch_webhook: str = ""
    created_by: User | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftProblem:
    """A problem that blocks a launch: where it is, and how to fix it.

    ``field`` is ``list``, ``prompt``, ``columns`` or ``budget``. ``column`` is the position of one
    column.
    """

    code: str
    message: str
    field: str
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsaved batch and its unsaved list."""

    batch: Batch
    stored: StoredList


def create(
    request: DraftRequest, stream: BinaryIO, *, file_name: str, mapping: ListMapping | None = None
) -> Batch:
    """Compose a draft and store it with its list.

    Raise `UnreadableList`, `MappingError` or `UploadError`, also for call settings and columns that
    ``created_by`` may not set. Nothing is stored then.
    """
    return store(compose(request, stream, file_name=file_name, mapping=mapping), stream)


def compose(
    request: DraftRequest, stream: BinaryIO, *, file_name: str, mapping: ListMapping | None = None
) -> Draft:
    """Return an unsaved batch: read the list up to its header, and match its columns.

    ``mapping`` gives the columns if they are known, so that nothing is guessed. Raise as `create`
    does.
    """
    stored = uploads.read(stream, request.reading, file_name=file_name)
    mapping = mapping or uploads.match_columns(stored, request.reading)
    stored.mapping = mapping.to_list()
    batch = copy_campaign(request, region=stored.region)
    authority.claim(batch, request.created_by)
    authority.claim_columns(batch, mapping, request.created_by)
    check_columns(batch, mapping)
    return Draft(batch, stored)


def store(draft: Draft, stream: BinaryIO) -> Batch:
    """Save a composed draft and its list: both, or neither."""
    batch, stored = draft.batch, draft.stored
    with uploads.storing(stored, stream):
        batch.save(force_insert=True)
        stored.batch, stored.created_by = batch, batch.created_by
        stored.save(force_insert=True)
        BatchEvent.objects.create(
            batch=batch,
            to_status=BatchStatus.DRAFT,
            actor=batch.created_by,
            message=f"Created from {stored.file_name}.",
        )
        audit.record(AuditAction.IMPORTED, stored, note=f"Batch {batch.pk}", actor=batch.created_by)
    return batch


def add_list(
    batch: Batch,
    stream: BinaryIO,
    *,
    file_name: str,
    reading: ReadingOptions | None = None,
    mapping: ListMapping | None = None,
    actor: User | None = None,
) -> StoredList:
    """Add another list to a batch: corrected rejected rows, or new rows.

    Its columns map as columns with the same header do in the batch's first list, unless ``reading``
    maps some of them or ``mapping`` all of them. Raise as `create` does, and `lifecycle.Conflict`.
    """
    reading = reading or ReadingOptions()
    written = reading.numbers_written or batch.first_list.numbers_written
    reading = replace(reading, region=batch.region, numbers_written=written, must_be_clear=True)
    stored = uploads.read(stream, reading, file_name=file_name)
    stored.batch = batch
    if batch.lists.importing().exists():
        raise DraftError(
            "Another list is still being added to this batch. Wait until it is done.",
            code="list_importing",
        )
    joined = batch.lists.exclude(status__in=LIST_LEFT_OUT)
    if joined.filter(digest=stored.digest).exists():
        raise DraftError("This file is already part of the batch.", code="list_joined_before")
    # A few corrected rows may not show the order of their dates, which the first list did.
    stored.date_order = stored.date_order or batch.first_list.dates_written
    first = ListMapping.from_list(batch.first_list.mapping)
    mapping = mapping or uploads.match_columns(stored, reading, like=first)
    stored.mapping = mapping.to_list()
    allowed_columns.require(mapping, actor)
    check_columns(batch, mapping)
    with uploads.storing(stored, stream):
        joining.join(stored, actor=actor)
        audit.record(
            AuditAction.IMPORTED, stored, note=f"More rows for batch {batch.pk}", actor=actor
        )
    return stored


def copy_campaign(request: DraftRequest, *, region: str) -> Batch:
    """Return an unsaved batch with a copy of everything it will be launched with.

    The request overrides the campaign. Raise `DraftError`.
    """
    campaign = request.campaign
    base = campaign.settings_for_calls() if campaign else {}
    normalized = call_settings.normalize_shared({**base, **request.call_settings})
    if normalized.problems:
        message = " ".join(problem.message for problem in normalized.problems)
        raise DraftError(message, code=normalized.problems[0].code)
    webhooks = request.status_webhook, request.batch_webhook, normalized.values.get("webhook")
    for url in filter(None, webhooks):
        try:
            targets.require(url)
        except ValidationError as error:
            raise DraftError(" ".join(error.messages), code="bad_webhook") from None
    start = normalized.values.pop("start_time", None)
    says_own = bool(request.prompt or request.pathway_id)
    pathway = None if says_own or campaign is None else campaign.pathway
    from_campaign = "" if says_own or campaign is None else campaign.prompt
    said = {name: getattr(request, name) for name in names_of(Use.ASKED)}
    said |= {
        "name": request.name.strip() or UNTITLED,
        "purpose": purpose_of(request),
        "prompt": request.prompt or from_campaign,
        "call_settings": normalized.values,
        "start_at": request.start_at or (datetime.fromisoformat(start) if start else None),
    }
    said["purpose_assumed"] = not (request.purpose or campaign)
    if pathway:
        said |= {"pathway_id": pathway.pathway_id, "pathway_version": pathway.version}
    chosen = request.rules or ChosenRules()
    if message := chosen.why_not_with(campaign):
        raise DraftError(message, code="rules_of_campaign")
    policy = policy_for(campaign, request.account, said["purpose"], chosen)
    batch = Batch(policy=policy, region=region, created_by=request.created_by, **said)
    if refused := destinations.why_unusable(batch):
        raise DraftError(refused.message, code=refused.code)
    return batch


def purpose_of(request: DraftRequest) -> Purpose:
    """Return why people are called: as the request says, or as its campaign does.

    Raise `DraftError` when neither does and real phones would ring.
    """
    if request.purpose:
        return Purpose(request.purpose)
    if request.campaign:
        return Purpose(request.campaign.purpose)
    if request.account.dials_people:
        choices = ", ".join(Purpose.values)
        raise DraftError(f"Choose the purpose of the calls: {choices}.", code="no_purpose")
    return Purpose.INFORMATIONAL


def policy_for(
    campaign: Campaign | None, account: VoiceAccount, purpose: str, chosen: ChosenRules
) -> dict[str, Any]:
    """Return the calling policy for calls of a purpose: the campaign's, or else the chosen rules.

    Real phones have the default calling hours where the policy has none. At the moment of
    dialing, the legal floor narrows both.
    """
    policy = (campaign.policy if campaign else None) or chosen.policy
    rules = policy.to_dict(Purpose(purpose)) if policy else chosen.without_policy()
    sets_hours = bool(policy.calling_windows.all()) if policy else "calling_hours" in rules
    if account.dials_people and not sets_hours:
        windows = {str(day): [settings.DEFAULT_CALLING_HOURS] for day in range(7)}
        rules["calling_hours"] = {**rules.get("calling_hours", {}), "windows": windows}
        if chosen.own and not policy:
            rules["default_hours"] = True
    return rules


def check_columns(batch: Batch, mapping: ListMapping) -> None:
    """Refuse a list without a column that the prompt or the consent rule needs."""
    for problem in content_problems(batch, mapping):
        raise DraftError(problem.message, code=problem.code)


def prompt_problems(batch: Batch, columns: Collection[str] = ()) -> list[DraftProblem]:
    """List problems in what leads the calls. ``columns`` are the call settings of the rows."""
    if not batch.conversation.is_led and not any(name in columns for name in LEADING):
        message = "Enter a prompt, or choose a pathway, a persona, an agent, or a campaign."
        return [DraftProblem(code="no_prompt", message=message, field="prompt")]
    try:
        validation.templates_of(batch)
    except prompts.PromptError as error:
        return [DraftProblem(code="bad_prompt", message=str(error), field="prompt")]
    return []


def number_problems(batch: Batch) -> list[DraftProblem]:
    """List the numbers in the call settings that the account may not use."""
    refused = destinations.why_unusable(batch)
    if refused is None:
        return []
    return [DraftProblem(code=refused.code, message=refused.message, field="prompt")]


def purpose_problems(batch: Batch) -> list[DraftProblem]:
    """List that nobody stated why people are called, where real phones would ring."""
    if not (batch.purpose_assumed and batch.account.dials_people):
        return []
    message = "Choose the purpose of the calls."
    return [DraftProblem(code="no_purpose", message=message, field="prompt")]


def budget_problems(batch: Batch) -> list[DraftProblem]:
    """List why the budget of a batch cannot be kept."""
    if batch.budget is None or batch.account.prices.are_set:
        return []
    message = (
        f"No price is set for the voice account {batch.account}, so the budget cannot be kept. Set "
        "the account’s prices or remove the budget."
    )
    return [DraftProblem(code="no_price", message=message, field="budget")]


def content_problems(batch: Batch, mapping: ListMapping) -> list[DraftProblem]:
    """List the problems in the prompt, what the columns lack for it and for consent, and others."""
    if found := prompt_problems(batch, mapping.settings()):
        return found
    if unknown := validation.templates_of(batch).unknown(mapping.variables()):
        message = " ".join(variable.message for variable in unknown[:MOST_UNKNOWN])
        if len(unknown) > MOST_UNKNOWN:
            message += f" {len(unknown) - MOST_UNKNOWN:,} more variables have no column."
        found.append(DraftProblem(code="variable_without_column", message=message, field="columns"))
    if batch.consent_required and not mapping.states_consent:
        labels = ", ".join(column.label for column in mapping.columns[:20])
        message = (
            "The calling policy requires consent, and no column says who agreed to be called. "
            f"Make one of these the consent column: {labels}."
        )
        found.append(DraftProblem(code="no_consent_column", message=message, field="columns"))
    return [*found, *budget_problems(batch)]

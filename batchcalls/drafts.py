"""Making a draft: a list, how its columns are read, and what is to be said to whom.

Whatever a person can still put right is refused here, before anything is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from django.conf import settings
from django.core.files import File
from django.db import transaction

from batchcalls import validation
from batchcalls.importing import matching
from batchcalls.importing.dialect import detect
from batchcalls.importing.headers import Header, describe_headers
from batchcalls.importing.mapping import ListMapping, MappingError, Target, check, headers_key
from batchcalls.importing.reader import open_list
from batchcalls.importing.runner import limits
from batchcalls.models import Batch, BatchEvent, VoiceAccount
from batchcalls.models.batch import UNTITLED, DuplicateChoice
from batchcalls.states import BatchStatus
from campaigns import call_settings, e164, prompts
from campaigns.models import Campaign, ColumnMapping

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class DraftError(Exception):
    """The draft was refused; nothing was stored. ``code`` is stable, the text is for people."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a draft is made of. Blank fields are taken from the campaign or detected."""

    name: str = ""
    campaign: Campaign | None = None
    account: VoiceAccount
    prompt: str = ""
    call_settings: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    encoding: str = ""
    delimiter: str = ""
    duplicates: str = DuplicateChoice.CALL_ONCE
    start_at: datetime | None = None
    cps: float | None = None
    concurrency: int | None = None
    column_options: Sequence[str] = ()
    map_all: Target | None = None
    created_by: User | None = None


def create(request: DraftRequest, stream: BinaryIO, *, file_name: str) -> Batch:
    """Compose a draft and store it with its list.

    Raises `UnreadableList`, `MappingError` or `DraftError`; then nothing is kept.
    """
    batch = compose(request, stream, file_name=file_name)
    store(batch, stream)
    return batch


def compose(request: DraftRequest, stream: BinaryIO, *, file_name: str) -> Batch:
    """Return an unsaved batch: the list is read as far as its header, its columns are matched.

    Raises as `create` does.
    """
    _check_size(stream)
    dialect = detect(stream, encoding=request.encoding or None, delimiter=request.delimiter or None)
    rows = open_list(stream, dialect, limits())
    headers = describe_headers(rows.header)
    mapping = map_columns(headers, options=request.column_options, map_all=request.map_all)
    batch = _copy_campaign(request)
    batch.file_name = file_name[-255:]
    batch.encoding, batch.delimiter = dialect.encoding, dialect.delimiter
    batch.headers = list(rows.header)
    batch.mapping = mapping.to_list()
    _check_variables(batch, mapping)
    return batch


def store(batch: Batch, stream: BinaryIO) -> None:
    """Save a composed draft and its list: both, or neither."""
    stream.seek(0)
    batch.file.save(batch.file_name, File(stream), save=False)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            BatchEvent.objects.create(
                batch=batch,
                to_status=BatchStatus.DRAFT,
                actor=batch.created_by,
                message=f"Created from {batch.file_name}.",
            )
    except BaseException:
        batch.file.delete(save=False)
        raise


def map_columns(
    headers: Sequence[Header], *, options: Sequence[str], map_all: Target | None
) -> ListMapping:
    """Match columns: a saved mapping of the same headers or a guess, then what was asked for.

    Raises `MappingError` naming every problem.
    """
    is_setting = call_settings.is_call_setting
    saved = ColumnMapping.objects.filter(headers_key=headers_key(headers))
    if (match := saved.order_by("-created_at").first()) and map_all is None:
        mapping = matching.reapply(ListMapping.from_list(match.columns), headers)
    else:
        mapping = matching.guess(headers, is_call_setting=is_setting)
    if map_all is not None:
        mapping = matching.map_all(mapping, map_all)
    mapping = matching.apply_options(
        mapping,
        headers,
        [matching.parse_option(option) for option in options],
        is_call_setting=is_setting,
    )
    if problems := check(mapping, is_call_setting=is_setting):
        raise MappingError(problems)
    return mapping


def save_mapping(batch: Batch, *, name: str, actor: User | None = None) -> ColumnMapping:
    """Keep how a batch's columns were matched, for lists with the same headers.

    A mapping of that name is replaced.
    """
    saved, _ = ColumnMapping.objects.update_or_create(
        name=name,
        defaults={
            "headers_key": headers_key(describe_headers(batch.headers)),
            "columns": batch.mapping,
            "created_by": actor,
        },
    )
    return saved


def _check_size(stream: BinaryIO) -> None:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > settings.MAX_FILE_BYTES:
        raise DraftError(
            f"The file has {size:,} bytes; {settings.MAX_FILE_BYTES:,} are allowed. Split it, or "
            "raise MAX_FILE_BYTES.",
            code="file_too_large",
        )


def _copy_campaign(request: DraftRequest) -> Batch:
    """Copy everything the batch will be launched with."""
    campaign = request.campaign
    base = campaign.settings_for_calls() if campaign else {}
    normalized = call_settings.normalize_shared({**base, **request.call_settings})
    if normalized.problems:
        message = " ".join(problem.message for problem in normalized.problems)
        raise DraftError(message, code=normalized.problems[0].code)
    region = (request.region or settings.DEFAULT_REGION).upper()
    if not e164.is_region(region):
        raise DraftError(
            f"{region!r} is not a country. Use two letters, such as US or GB.", code="bad_region"
        )
    start = normalized.values.pop("start_time", None)
    pathway = None if request.prompt or campaign is None else campaign.pathway
    return Batch(
        name=request.name.strip() or UNTITLED,
        campaign=campaign,
        account=request.account,
        prompt=request.prompt or (campaign.prompt if campaign else ""),
        pathway_id=pathway.pathway_id if pathway else "",
        pathway_version=pathway.version if pathway else "",
        call_settings=normalized.values,
        policy=_policy(request),
        region=region,
        duplicates=request.duplicates,
        start_at=request.start_at or (datetime.fromisoformat(start) if start else None),
        cps=request.cps,
        concurrency=request.concurrency,
        created_by=request.created_by,
    )


def _policy(request: DraftRequest) -> dict[str, Any]:
    """Return the campaign's calling policy; without one, real phones still have calling hours."""
    if request.campaign and request.campaign.policy:
        return request.campaign.policy.to_dict()
    if not request.account.dials_people:
        return {}
    hours = settings.DEFAULT_CALLING_HOURS
    return {"calling_hours": {"windows": {str(day): [hours] for day in range(7)}}}


def _check_variables(batch: Batch, mapping: ListMapping) -> None:
    """Refuse a batch that would leave a gap in what is said."""
    if not batch.prompt and not batch.pathway_id:
        raise DraftError(
            "There is nothing to say: give a prompt, or a campaign that has one.", code="no_prompt"
        )
    try:
        unknown = validation.templates_of(batch).unknown(mapping.variables())
    except prompts.PromptError as error:
        raise DraftError(str(error), code="bad_prompt") from error
    if unknown:
        raise DraftError(
            " ".join(variable.message for variable in unknown), code="variable_without_column"
        )

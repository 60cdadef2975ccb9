"""Turn rows of a do-not-call list into entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from import_export import fields, widgets

from batchcalls.batches.suppressing import NewEntry, add
from batchcalls.database import clock
from batchcalls.intake.numbers import RAW_NUMBER_LENGTH
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import ListMapping
from batchcalls.lists.rows import Row
from batchcalls.models import StoredList
from campaigns.models import Campaign, Suppression, SuppressionQuerySet, SuppressionSource
from campaigns.numbers_in_text import Found, find, find_in_cells, together, why_unread
from campaigns.resources import SmallResource

#: The header of the reason column. Without it, and for blank cells, the list's note is used.
REASON_HEADER = "reason"
#: Headers of our own exports. A list of others has no such columns.
CAMPAIGN_HEADER, EXPIRY_HEADER = "only_for_campaign", "expires_at"
#: Headers of a column with the area codes of the numbers in another column.
AREA_HEADERS = frozenset(
    {"area code", "area_code", "areacode", "area", "npa", "prefix", "vorwahl", "ddd", "prefijo"}
)


class SuppressionIntake:
    """Imports the parts of one list."""

    def __init__(self, *, stored: StoredList, mapping: ListMapping) -> None:
        self._stored = stored
        self._phones = mapping.phone_positions
        headers = [column.header.casefold() for column in mapping.columns]
        self._reason = headers.index(REASON_HEADER) if REASON_HEADER in headers else None
        self._campaign = headers.index(CAMPAIGN_HEADER) if CAMPAIGN_HEADER in headers else None
        self._expiry = headers.index(EXPIRY_HEADER) if EXPIRY_HEADER in headers else None
        self._area = next((n for n, name in enumerate(headers) if name in AREA_HEADERS), None)

    def take_in(self, rows: Iterable[Row]) -> Callable[[], tuple[int, list[list[object]]]]:
        """Read the numbers of a part, and return a function that saves them. See `runner.TakeIn`.

        Digits that are a number with and without country code block both. Existing entries stay
        unchanged. A row is reported unless all of its numbers were read.
        """
        entries: dict[tuple[str, int | None, datetime | None], NewEntry] = {}
        campaigns = self._campaigns()
        problems: list[list[object]] = []
        for row in rows:
            if row.problem is None and not any(map(str.strip, row.cells)):
                continue
            # A row with too many cells, or an error elsewhere, still names a number not to call.
            cells = list(map(clean_value, row.cells))
            found, raw = self._numbers_of(cells)
            reason = self._cell(cells, self._reason) or self._stored.note
            # A campaign or time that is not understood must not narrow what is blocked.
            campaign_id = campaigns.get(self._cell(cells, self._campaign))
            expires_at = _aware(self._cell(cells, self._expiry))
            for number in found.numbers:
                entry = NewEntry(
                    e164=number,
                    reason=reason,
                    source=SuppressionSource.IMPORT,
                    campaign_id=campaign_id,
                    expires_at=expires_at,
                )
                entries.setdefault((number, campaign_id, expires_at), entry)
            if found.unread or not found.numbers:
                problem = row.problem if not found.numbers else None
                wrong = problem or why_unread(raw, found, region=self._stored.region)
                shown = raw[:RAW_NUMBER_LENGTH]
                problems.append([row.number, shown, str(wrong.code), wrong.message])

        def save() -> tuple[int, list[list[object]]]:
            new = add(entries.values(), actor=self._stored.created_by)
            return new, problems

        return save

    def _numbers_of(self, cells: list[str]) -> tuple[Found, str]:
        """Return the numbers of a row, and the text in which they are expected.

        If the columns of numbers have none, the whole row is searched.
        """
        region, writing = self._stored.region, self._stored.writing
        in_cells = partial(find_in_cells, region=region, writing=writing)
        phones = [self._cell(cells, position) for position in self._phones]
        raw = " ".join(filter(None, phones))
        read = [find(text, region=region, writing=writing) for text in phones]
        found = together(read)
        if found.numbers:
            return found, raw
        if self._area is not None:
            found = in_cells([self._cell(cells, self._area), *phones])
            if found.numbers:
                return found, raw
        found = in_cells(cells)
        if raw and not found.used & set(self._phones):
            # Another cell has a number, but not the one that the list is about.
            found = Found(found.numbers, unread=raw)
        return found, raw or " ".join(filter(None, cells))

    def _campaigns(self) -> dict[str, int]:
        """Return the keys of campaigns by name, if the list names any."""
        if self._campaign is None:
            return {}
        return dict(Campaign.objects.order_by().values_list("name", "pk"))

    @staticmethod
    def _cell(cells: list[str], position: int | None) -> str:
        return cells[position] if position is not None and position < len(cells) else ""


def _aware(text: str) -> datetime | None:
    """Return a time with its offset, or None for any other text."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


#: Beside the columns of a row: the campaign and the end that they name.
_SCOPE = "_scope"


def _campaign_in(row: dict[str, Any]) -> Campaign | None:
    """Return the only campaign of a row, None for all. Raise `ValidationError`."""
    name = str(row.get("campaign") or row.get(CAMPAIGN_HEADER) or "").strip()
    if not name:
        return None
    if (found := Campaign.objects.filter(name=name).first()) is None:
        message = f"No campaign is called “{name}”. Correct it, or leave it blank for all calls."
        raise ValidationError({"campaign": message})
    return found


def _expiry_in(row: dict[str, Any]) -> datetime | None:
    """Return when the entry of a row ends, None for never. Raise `ValidationError`."""
    value = row.get(EXPIRY_HEADER)
    if not (text := str(value or "").strip()):
        return None
    at = _aware(value.isoformat() if isinstance(value, datetime) else text)
    if at is None:
        message = f"“{text}” is not a time with an offset. Write it as 2027-01-31T00:00:00Z."
        raise ValidationError({"expires_at": message})
    if at <= clock.now():
        raise ValidationError({"expires_at": "This time is in the past. Enter a later one."})
    return at


class SuppressionResource(SmallResource):
    """Short do-not-call lists; existing entries stay unchanged.

    Scope and end of an entry are read from the columns of our own exports. A campaign or a time
    that is not understood is an error of its row, which a person sees in the preview.
    """

    class Meta:
        model = Suppression
        fields = ("e164", "reason", "source", "created_at", "campaign", "expires_at", "evidence")
        export_order = fields
        import_id_fields = ("e164",)
        skip_unchanged = True
        clean_model_instances = True

    campaign = fields.Field(attribute="campaign__name", column_name="campaign", readonly=True)
    evidence = fields.Field(attribute="evidence", column_name="evidence", readonly=True)
    expires_at = fields.Field(
        attribute="expires_at",
        column_name="expires_at",
        readonly=True,
        widget=widgets.DateTimeWidget(format="%Y-%m-%dT%H:%M:%S%z"),
    )
    source = fields.Field(attribute="source", column_name="source", readonly=True)
    created_at = fields.Field(
        attribute="created_at",
        column_name="created_at",
        readonly=True,
        widget=widgets.DateTimeWidget(format="%Y-%m-%dT%H:%M:%S%z"),
    )

    def get_queryset(self) -> SuppressionQuerySet:
        """Compare with entries; holds end with their review."""
        return Suppression.objects.entries()

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> Suppression | None:
        """Return the existing entry for the same number, campaign and end."""
        found: Suppression | None = self._same_as(row).first()
        return found

    def after_init_instance(
        self, instance: Suppression, new: bool, row: dict[str, Any], **kwargs: Any
    ) -> None:
        """Set what the stock import leaves out, because exports only read it."""
        instance.campaign, instance.expires_at = row[_SCOPE]

    def _same_as(self, row: dict[str, Any]) -> SuppressionQuerySet:
        campaign, expires_at = row[_SCOPE]
        rows = self.get_queryset().filter(e164=row["e164"], campaign=campaign)
        return rows.filter(expires_at=expires_at)

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """Convert the number as people write it to an entry."""
        text = str(row.get("e164") or "").strip()
        found = find(text, region=settings.DEFAULT_REGION)
        if len(found.numbers) != 1:
            raise ValidationError(
                {"e164": why_unread(text, found, region=settings.DEFAULT_REGION).message}
            )
        row["e164"] = found.numbers[0]
        row["reason"] = str(row.get("reason") or "")
        row[_SCOPE] = _campaign_in(row), _expiry_in(row)

    def skip_row(self, instance: Suppression, original: Any, *args: Any, **kwargs: Any) -> bool:
        """Skip existing entries."""
        return bool(original.pk is not None)

    def before_save_instance(self, instance: Suppression, row: Any, **kwargs: Any) -> None:
        """Record who imports it."""
        user = kwargs.get("user")
        instance.created_by = user if isinstance(user, User) else None

    def do_instance_save(self, instance: Suppression, is_create: bool) -> None:
        """Add the number through the shared function for do-not-call entries."""
        entry = NewEntry(
            e164=instance.e164,
            reason=instance.reason,
            source=SuppressionSource.IMPORT,
            campaign_id=instance.campaign_id,
            expires_at=instance.expires_at,
        )
        add([entry], actor=instance.created_by)
        scope = instance.campaign, instance.expires_at
        listed = self._same_as({"e164": instance.e164, _SCOPE: scope}).get()
        instance.pk, instance.reason = listed.pk, listed.reason
        instance.source, instance.created_at = listed.source, listed.created_at

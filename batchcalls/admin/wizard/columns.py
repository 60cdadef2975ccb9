"""Step two: map each column of the list, and preview the first prompt with that mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import OwnPages
from batchcalls.admin.wizard import glances
from batchcalls.batches import lifecycle
from batchcalls.database.disks import StorageAway
from batchcalls.drafting import draft_lists, edits
from batchcalls.drafting.drafts import DraftProblem
from batchcalls.intake import file_formats, uploads
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.lists.encodings import ENCODINGS
from batchcalls.lists.headers import Header, clean_header, describe_headers
from batchcalls.lists.mapping import (
    NAMED_TARGETS,
    ColumnTarget,
    ListMapping,
    MappingError,
    Target,
    order_name,
)
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, StoredList
from batchcalls.states import BatchStatus
from campaigns import call_settings
from campaigns.call_settings import DateOrder
from campaigns.models import ColumnMapping
from campaigns.number_writing import Written
from campaigns.setting_permissions import refused_name

SAMPLES_SHOWN = 3
TARGETS = [
    (Target.PHONE_NUMBER, "Phone number"),
    (Target.REQUEST_DATA, "Request data"),
    (Target.TRUSTED_TEXT, "Trusted text"),
    (Target.METADATA, "Metadata"),
    (Target.CALL_SETTING, "Call setting"),
    (Target.CONSENT, "Consent"),
    (Target.CONSENT_TYPE, "Consent type"),
    (Target.CONSENT_DATE, "Consent date"),
    (Target.CONSENT_SOURCE, "Consent source"),
    (Target.CONSENT_EVIDENCE, "Consent evidence"),
    (Target.OPT_OUT, "Opt-out"),
    (Target.POSTCODE, "Postcode"),
    (Target.STATE, "State"),
    (Target.IGNORE, "Ignore"),
]
SETTINGS = [
    (name, one.label)
    for name, one in call_settings.REGISTRY.items()
    if one.per_row and not one.legacy and name not in {"phone_number", "request_data", "metadata"}
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """One line of the table: a column, what it maps to, and its errors."""

    header: Header
    samples: list[str]
    target: str
    name: str
    #: The call setting that a variable could be by its header.
    offered: str
    offered_label: str
    errors: list[str]


class ColumnsStep(OwnPages[Batch]):
    """The page on which columns are matched."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page and its preview."""
        return [
            self.at("<uuid:pk>/columns/", self.columns_view, "columns"),
            self.at("<uuid:pk>/columns/preview/", self.preview_view, "preview"),
            *super().get_urls(),
        ]

    def columns_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the columns, save the mapping, and continue when nothing is missing."""
        require(request.user, "batchcalls.change_batch")
        batch = get_object_or_404(Batch.objects.select_related("campaign", "account"), pk=pk)
        if batch.status != BatchStatus.DRAFT:
            return redirect("admin:batchcalls_batch_review", pk)
        if request.method != "POST":  # whose lists may change
            prefetch_related_objects([batch], "lists")
        stored = draft_lists.list_of(batch)
        if stored is None:
            return redirect("admin:batchcalls_batch_upload", pk)
        if request.method == "POST":
            try:
                answer = self._handle_columns(request, batch, stored)
            except lifecycle.Conflict as error:
                self.message_user(request, str(error), messages.ERROR)
                return redirect("admin:batchcalls_batch_change", pk)
            except (MappingError, UnreadableList, UploadError, StorageAway) as error:
                self.message_user(request, str(error), messages.ERROR)
                answer = None
            if answer is not None:
                return answer
            stored = draft_lists.list_of(batch) or stored
        return self._columns_page(request, batch, stored)

    def preview_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the prompt with the form's current mapping, without saving it."""
        require(request.user, "batchcalls.change_batch")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = get_object_or_404(Batch, pk=pk)
        stored = draft_lists.list_of(batch)
        if stored is None:
            return HttpResponse(status=404)
        mapping = ListMapping(tuple(columns_from(request.POST, stored)))
        context = _preview(batch, stored, mapping, request.POST.get("row"))
        return TemplateResponse(request, "admin/batchcalls/wizard/preview.html", context)

    def _handle_columns(
        self, request: HttpRequest, batch: Batch, stored: StoredList
    ) -> HttpResponse | None:
        """Handle the pressed button. Return a redirect, or None to stay on the page."""
        actor, pressed = actor_of(request), request.POST
        if "undo" in pressed:
            draft_lists.undo_saved(batch, actor=actor)
            return redirect("admin:batchcalls_batch_columns", batch.pk)
        draft_lists.match(
            batch,
            columns_from(pressed, stored),
            numbers_written=pressed.get("numbers_written"),
            date_order=pressed.get("dates"),
            actor=actor,
        )
        if "map_all" in pressed:
            draft_lists.map_all(batch, actor=actor)
            self.message_user(
                request, "All columns are now mapped to request data.", messages.SUCCESS
            )
        elif "apply" in pressed:
            saved = ColumnMapping.objects.filter(name=pressed.get("saved", "")).first()
            if saved is not None:
                draft_lists.apply_saved(batch, saved, actor=actor)
        elif "save_mapping" in pressed:
            self._save_mapping(request, batch)
        elif pressed.keys() & {"read_again", "use_encoding", "use_header_row"}:
            header_row = pressed.get("use_header_row") or pressed.get("header_row", "")
            reading = ReadingOptions(
                encoding=pressed.get("use_encoding") or pressed.get("encoding", ""),
                delimiter=pressed.get("delimiter", ""),
                sheet=pressed.get("sheet", ""),
                header_row=int(header_row) if header_row.isdecimal() else 0,
                include_hidden="include_hidden" in pressed,
                region=batch.region,
                dates=pressed.get("dates", stored.date_order),
            )
            draft_lists.read_again(batch, reading, actor=actor)
        elif "check" in pressed:
            if edits.problems(batch):
                return None
            edits.submit(batch, actor=actor)
            return redirect("admin:batchcalls_batch_review", batch.pk)
        elif "preview" in pressed or "row" in pressed:
            return None
        else:
            self.message_user(request, f"{batch} was saved as a draft.", messages.SUCCESS)
            return redirect("admin:batchcalls_batch_change", batch.pk)
        return redirect("admin:batchcalls_batch_columns", batch.pk)

    def _save_mapping(self, request: HttpRequest, batch: Batch) -> None:
        require(request.user, "campaigns.add_columnmapping")
        stored, name = draft_lists.list_of(batch), request.POST.get("mapping_name", "").strip()
        if stored is None or not name:
            self.message_user(request, "Give the mapping a name.", messages.ERROR)
            return
        try:
            uploads.save_mapping(stored, name=name[:200], actor=actor_of(request))
        except MappingError as error:
            self.message_user(request, f"The mapping was not saved. {error}", messages.ERROR)
        else:
            self.message_user(request, f"The mapping was saved as {name[:200]}.", messages.SUCCESS)

    def _columns_page(self, request: HttpRequest, batch: Batch, stored: StoredList) -> HttpResponse:
        prefetch_related_objects([batch], "lists")
        mapping = ListMapping.from_list(stored.mapping)
        found = edits.problems(batch)
        choices = _settings(mapping, request.user)
        return self.page(
            request,
            "wizard/columns",
            "Match columns",
            **_preview(batch, stored, mapping, request.POST.get("row")),
            subtitle=batch.name,
            stored=stored,
            reading=file_formats.describe(stored),
            hidden=file_formats.describe_hidden(stored),
            likely_header=stored.format_details.get("likely_header"),
            encoding_choices=file_formats.encoding_choices(stored),
            encodings=ENCODINGS,
            sheets=stored.format_details.get("sheets") or [stored.sheet],
            columns=list(_rows_of(stored, mapping, found, allowed={name for name, _ in choices})),
            problems=found,
            targets=_targets(mapping, request.user),
            writings=[("", "Detect from the whole list"), *((one, one.label) for one in Written)],
            settings=choices,
            date_orders=list(DateOrder) if mapping.has_dates else (),
            saved_mappings=ColumnMapping.objects.values_list("name", flat=True)[:200],
            step=2,
        )


def columns_from(data: Mapping[str, str], stored: StoredList) -> Iterator[ColumnTarget]:
    """Read each column's target from the form. A column that is not in the form is unchanged."""
    before = {one.position: one for one in ListMapping.from_list(stored.mapping).columns}
    for header in describe_headers(stored.headers):
        place = header.position
        kept = before.get(place)
        target = data.get(f"target-{place}", "")
        target, _, order = target.partition(".")
        if target not in set(Target):
            if kept is not None:
                yield kept
            continue
        name = order if order.isdecimal() and target == Target.PHONE_NUMBER else ""
        if target == Target.CALL_SETTING:
            name = data.get(f"setting-{place}", "")
        elif target in NAMED_TARGETS:
            name = clean_header(data.get(f"name-{place}", ""))[:200]
        yield ColumnTarget(
            position=place,
            header="" if header.is_blank else header.name,
            target=Target(target),
            name=name,
        )


def _settings(mapping: ListMapping, user: Any) -> list[tuple[str, str]]:
    """Return the call settings that the user may map columns to, and those that are mapped."""
    mapped = mapping.settings()
    return [one for one in SETTINGS if one[0] in mapped or not refused_name(user, one[0])]


def _targets(mapping: ListMapping, user: Any) -> list[tuple[str, str]]:
    """Return the choices for a column, with a place for each phone column and for one more."""
    places = max(2, len(mapping.phone_positions) + 1, *(one.order + 1 for one in mapping.columns))
    fallbacks = [
        (f"{Target.PHONE_NUMBER}.{order_name(order)}", f"Phone number {order}")
        for order in range(2, places + 1)
    ]
    others = TARGETS[1:]
    if refused_name(user, Target.TRUSTED_TEXT) and not mapping.trusted():
        others = [one for one in others if one[0] != Target.TRUSTED_TEXT]
    return [*TARGETS[:1], *fallbacks, *others]


def _value_of(column: ColumnTarget) -> str:
    return column.written if column.target == Target.PHONE_NUMBER else column.target


def _rows_of(
    stored: StoredList, mapping: ListMapping, found: list[DraftProblem], *, allowed: set[str]
) -> Iterator[ColumnRow]:
    targets = {one.position: one for one in mapping.columns}
    for header in describe_headers(stored.headers):
        place = header.position
        column = targets.get(place)
        offered = uploads.offered_setting(column) if column else ""
        offered = offered if offered in allowed else ""
        yield ColumnRow(
            header=header,
            samples=_samples(stored, place),
            target=_value_of(column) if column else Target.IGNORE,
            name=column.name if column else "",
            offered=offered,
            offered_label=call_settings.REGISTRY[offered].label if offered else "",
            errors=[one.message for one in found if one.column == place],
        )


def _samples(stored: StoredList, place: int) -> list[str]:
    """Return the first values of a column that differ."""
    values = dict.fromkeys(row[place] for row in stored.samples if place < len(row))
    return list(values)[:SAMPLES_SHOWN]


def _preview(
    batch: Batch, stored: StoredList, mapping: ListMapping, asked: str | None
) -> dict[str, Any]:
    """Return the texts of one sample row, and what the first rows say of the whole list."""
    last = len(stored.samples) - 1
    row = min(int(asked), last) if asked and asked.isdecimal() and len(asked) < 4 else 0
    return {
        **glances.context_of(batch, stored, mapping, row=row),
        "previous_row": row - 1 if row > 0 else None,
        "next_row": row + 1 if row < last else None,
    }

"""Uploaded lists and the parts they are imported in."""

from __future__ import annotations

import csv
import io
import uuid
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.text import get_valid_filename

from batchcalls.database import disks
from batchcalls.models.leased import Leased
from batchcalls.models.querysets import ListPartQuerySet, StoredListQuerySet
from batchcalls.states import LIST_LEFT_OUT, ListStatus
from campaigns.call_settings import DateOrder
from campaigns.number_writing import Writing, Written

#: Where `format_details` says which saved mapping was applied.
_APPLIED = "applied_mapping"


class ListKind(models.TextChoices):
    """What the rows of a list are imported as."""

    RECIPIENTS = "recipients", "Recipients of a batch"
    DO_NOT_CALL = "do_not_call", "Do-not-call numbers"


def upload_path(stored: StoredList, name: str) -> str:
    """Return where a list is stored, under MEDIA_ROOT."""
    try:
        safe = get_valid_filename(PurePath(name).name)[-100:]
    except SuspiciousFileOperation:  # blanks and dots only
        safe = "list"
    return f"lists/{stored.pk}/{safe}"


def part_path(part: ListPart, name: str) -> str:
    """Return where a part of a list is stored, in the list's directory."""
    return f"lists/{part.stored_list_id}/{name}"


class StoredList(Leased):
    """A file of numbers, its format, and the progress of its import.

    A row's number in its batch is its number in the file plus ``row_offset``, so that lists added
    later continue after the existing rows. The lease is held by the process that splits the file
    into parts, or that finishes the import when all parts are in.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=ListKind.choices, default=ListKind.RECIPIENTS)
    batch = models.ForeignKey(
        "batchcalls.Batch", on_delete=models.CASCADE, related_name="lists", null=True, blank=True
    )
    status = models.CharField(
        max_length=20, choices=ListStatus.choices, default=ListStatus.UPLOADED, editable=False
    )
    reason_code = models.CharField(max_length=60, blank=True, editable=False)
    reason = models.TextField(blank=True, editable=False)

    file = models.FileField(upload_to=upload_path, max_length=300)
    file_name = models.CharField(max_length=255)
    digest = models.CharField(
        max_length=64, editable=False, help_text="SHA-256: a list joins a batch once."
    )
    sheet = models.CharField(max_length=100, blank=True, help_text="Of a workbook.")
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    has_header = models.BooleanField(
        default=True, editable=False, help_text="Do-not-call lists may begin with a number."
    )
    include_hidden = models.BooleanField(
        default=False, help_text="Read the hidden rows and columns of a workbook too."
    )
    format_details = models.JSONField(
        default=dict, help_text="What was found about the file format at upload."
    )
    headers = models.JSONField(default=list)
    samples = models.JSONField(default=list, help_text="The first rows, to show columns by.")
    mapping = models.JSONField(default=list)
    region = models.CharField(
        max_length=2, default="US", help_text="Country of numbers written without a country code."
    )
    date_order = models.CharField(
        max_length=3,
        blank=True,
        choices=[(order.value, order.label) for order in DateOrder],
        help_text="Order of day, month and year. Leave blank to detect it from all start times.",
    )
    numbers_written = models.CharField(
        max_length=20,
        blank=True,
        choices=[(written.value, written.label) for written in Written],
        help_text="How numbers without + are written. Leave blank to detect it from the whole "
        "list.",
    )
    evidence = models.JSONField(
        null=True,
        editable=False,
        help_text="What only all rows together say about how numbers and dates are written.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="Why no one on it is called.")

    row_offset = models.PositiveIntegerField(default=0, editable=False)
    split_through = models.PositiveIntegerField(
        default=0, editable=False, help_text="Last row of the file that is in a part."
    )
    is_split = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = StoredListQuerySet["StoredList"].as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = "uploaded list"
        indexes = [models.Index(fields=["status"], name="stored_list_by_status")]
        constraints = [
            CheckConstraint(condition=Q(status__in=ListStatus.values), name="stored_list_status"),
            CheckConstraint(
                condition=Q(kind=ListKind.RECIPIENTS, batch__isnull=False)
                | Q(kind=ListKind.DO_NOT_CALL, batch__isnull=True),
                name="stored_list_batch_iff_recipients",
            ),
            UniqueConstraint(
                fields=["batch", "digest"],
                condition=~Q(status__in=sorted(LIST_LEFT_OUT)),
                name="stored_list_joins_once",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def open_file(self) -> AbstractContextManager[BinaryIO]:
        """Open the stored file, or rows kept here as one. Raise as `disks.opened` does."""
        if self.file:
            return disks.opened(self.file)
        if not self.rows_kept_here:
            raise FileNotFoundError("The list has no file anymore.")
        text = io.StringIO(newline="")
        csv.writer(text).writerows([self.headers, *self.rows_kept_here])
        return io.BytesIO(text.getvalue().encode())

    @property
    def rows_kept_here(self) -> list[list[str]]:
        """The cells of every row, if the list has no file: a single call's one row, whole.

        Its number is 2, as below a header. A purge of the list, and an erasure, empty it.
        """
        return [] if self.file else list(self.samples)

    @property
    def writing(self) -> Writing:
        """How the numbers of the list are written, as far as it is known."""
        return Writing.of(self.numbers_written, (self.evidence or {}).get("numbers"))

    @property
    def dates_written(self) -> str:
        """The order of day, month and year in start times: as chosen, else as found, else blank."""
        return self.date_order or str((self.evidence or {}).get("date_order", ""))

    @property
    def applied_mapping(self) -> str:
        """The name of the saved mapping that was applied and not changed since, or blank."""
        return str(self.format_details.get(_APPLIED, {}).get("name", ""))

    @property
    def mapping_before(self) -> dict[str, Any]:
        """What the applied mapping replaced: columns, and how numbers and dates are written."""
        return dict(self.format_details.get(_APPLIED, {}).get("before", {}))

    def remember_mapping(self, name: str, *, before: list[dict[str, Any]]) -> None:
        """Note that a saved mapping replaces these columns; a blank name forgets it. Not saved."""
        self.format_details.pop(_APPLIED, None)
        if name:
            written = {"numbers_written": self.numbers_written, "date_order": self.date_order}
            self.format_details[_APPLIED] = {"name": name, "before": {"columns": before, **written}}

    @property
    def has_own_folder(self) -> bool:
        """Whether the file is where its parts are. Lists of the first release are elsewhere."""
        return str(self.file.name).startswith(upload_path(self, "_").removesuffix("_"))

    @property
    def last_row(self) -> int:
        """The number in the batch of the last row that is in a part."""
        return self.row_offset + self.split_through


class ListPart(Leased):
    """Some thousand rows of a list as JSON lines, imported in one transaction."""

    stored_list = models.ForeignKey(StoredList, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    file = models.FileField(upload_to=part_path, max_length=300)
    row_count = models.PositiveIntegerField(help_text="Rows in the part, blank ones too.")
    done_at = models.DateTimeField(null=True, editable=False)
    added = models.PositiveIntegerField(default=0, help_text="Rows that can be called, or listed.")
    problems = models.JSONField(
        default=list, help_text="Do-not-call lists: [row, raw number, code, sentence] each."
    )

    objects = ListPartQuerySet["ListPart"].as_manager()

    class Meta:
        ordering = ["stored_list", "number"]
        indexes = [
            models.Index(
                fields=["stored_list", "number"],
                condition=Q(done_at__isnull=True),
                name="list_part_to_do",
            )
        ]
        constraints = [
            UniqueConstraint(fields=["stored_list", "number"], name="list_part_unique_number")
        ]

    def __str__(self) -> str:
        return f"Part {self.number} of {self.stored_list_id}"

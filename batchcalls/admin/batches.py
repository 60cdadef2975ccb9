"""Batches: upload a list, launch it, pause it, cancel it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from batchcalls import drafts, dry_run, lifecycle, uploads
from batchcalls.admin.actor import actor_of
from batchcalls.admin.batch_files import BatchFilesAdmin
from batchcalls.admin.draft_form import DraftForm
from batchcalls.admin.readonly import ReadOnlyInline
from batchcalls.models import Batch, BatchEvent, Recipient, VoiceAccount
from batchcalls.states import BatchStatus


class BatchEventInline(ReadOnlyInline[BatchEvent, Batch]):
    model = BatchEvent
    fields = ["at", "from_status", "to_status", "actor", "message"]
    verbose_name_plural = "batch log"


@admin.register(Batch)
class BatchAdmin(BatchFilesAdmin):
    list_display = ["status", "name", "campaign", "created_at", "id", "row_count", "view_logs"]
    list_display_links = ["name"]
    list_filter = ["status", "account", "created_at"]
    list_select_related = ["campaign", "account"]
    search_fields = ["name", "id"]
    show_full_result_count = False
    actions = [
        "dry_run",
        "launch",
        "pause",
        "resume",
        "cancel",
        "cancel_and_hang_up",
        "save_mapping",
    ]
    inlines = [BatchEventInline]
    fields = [
        "id",
        "name",
        ("status", "reason"),
        "progress",
        "lists_read",
        "view_logs",
        "dry_run_report",
        ("campaign", "account"),
        "prompt",
        ("pathway_id", "pathway_version"),
        "call_settings",
        "policy",
        ("duplicates", "chunk_size"),
        ("start_at", "cps", "concurrency"),
        "created_by",
        ("created_at", "launched_at", "ended_at"),
    ]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Batch]]:
        """Use the upload form for a new batch."""
        return super().get_form(request, obj, change, **kwargs) if change else DraftForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what a draft needs, or what a batch was launched with."""
        return self.fields if obj else [*DraftForm.field_order, "start_at", "cps", "concurrency"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let nothing but the name of a stored batch be changed: it is a record."""
        flat = [name for row in self.fields for name in ([row] if isinstance(row, str) else row)]
        return [name for name in flat if name != "name"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Show the log of what exists."""
        return self.inlines if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the built-in account."""
        return {"account": VoiceAccount.objects.built_in().pk, "name": ""}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: every accepted call keeps its result."""
        return False

    def save_model(self, request: HttpRequest, obj: Batch, form: Any, change: bool) -> None:
        """Store a draft with its list and its creator; or a new name."""
        if change:
            super().save_model(request, obj, form, change)
            return
        obj.created_by = actor_of(request)
        drafts.store(form.draft, form.cleaned_data["file"].file)

    @admin.display(description="Logs")
    def view_logs(self, batch: Batch) -> SafeString:
        """Link to the batch's calls."""
        url = reverse("admin:batchcalls_callresult_changelist")
        return format_html('<a href="{}?q={}">View Logs</a>', url, batch.pk)

    @admin.display(description="Progress")
    def progress(self, batch: Batch) -> str:
        """Say how the rows stand."""
        totals = Recipient.objects.totals(batch.pk)
        parts = {**totals.summary(), "waiting": totals.waiting, "live": totals.live}
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts.items())

    @admin.display(description="Lists")
    def lists_read(self, batch: Batch) -> SafeString:
        """Link to each list, and say how it is read."""
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}">{}</a> ({}): {}',
            (
                (
                    reverse("admin:batchcalls_storedlist_change", args=[stored.pk]),
                    stored.file_name,
                    uploads.describe_reading(stored),
                    stored.get_status_display(),
                )
                for stored in batch.lists.all()
            ),
        )

    @admin.display(description="Dry run")
    def dry_run_report(self, batch: Batch) -> str:
        """Show what launching would do, as of when it was last worked out."""
        report = batch.dry_run
        return render_to_string(
            "admin/batchcalls/batch/dry_run.html",
            {
                "report": report,
                "computed_at": datetime.fromisoformat(report["computed_at"]) if report else None,
                "first_at": _time(report["later"]["first_at"]) if report else None,
                "zones": [
                    {**zone, "names": zone["zones"].split(","), "first_at": _time(zone["first_at"])}
                    for zone in report.get("time_zones", [])
                ],
                "estimate": dry_run.describe_estimate(report["estimate"]) if report else "",
            },
        )

    def has_dry_run_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may have a list checked."""
        return request.user.has_perm("batchcalls.change_batch")

    def has_launch_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may launch."""
        return request.user.has_perm("batchcalls.launch_batch")

    def has_pause_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may pause and resume."""
        return request.user.has_perm("batchcalls.pause_batch")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may cancel."""
        return request.user.has_perm("batchcalls.cancel_batch")

    def has_save_mapping_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may save mappings."""
        return request.user.has_perm("campaigns.add_columnmapping")

    @admin.action(description="Dry run (check, call nobody)", permissions=["dry_run"])
    def dry_run(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Have a draft's list checked; work the report out anew for a batch that was."""

        def verb(batch: Batch, *, actor: User) -> None:
            if batch.status == BatchStatus.DRAFT:
                lifecycle.submit(batch, launch=False, actor=actor)
            else:
                dry_run.store(batch)

        self._each(request, queryset, verb, done="checked, or is being checked")

    @admin.action(description="Launch", permissions=["launch"])
    def launch(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Validate and call a draft, or call a list that is ready."""

        def verb(batch: Batch, *, actor: User) -> None:
            if batch.status == BatchStatus.READY:
                lifecycle.launch(batch, actor=actor)
            else:
                lifecycle.submit(batch, launch=True, actor=actor)

        self._each(request, queryset, verb, done="launched")

    @admin.action(description="Pause", permissions=["pause"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Stop dialling until resumed."""
        self._each(request, queryset, lifecycle.pause, done="paused")

    @admin.action(description="Resume", permissions=["pause"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Go on dialling."""
        self._each(request, queryset, lifecycle.resume, done="resumed")

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Stop everything that is not placed yet; calls that have begun end by themselves."""
        self._each(request, queryset, lifecycle.cancel, done="canceled")

    @admin.action(description="Cancel and hang up live calls", permissions=["cancel"])
    def cancel_and_hang_up(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Stop everything, conversations included."""
        verb = partial(lifecycle.cancel, hang_up=True)
        self._each(request, queryset, verb, done="canceled; its live calls are being hung up")

    @admin.action(description="Save column mapping", permissions=["save_mapping"])
    def save_mapping(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        """Keep how the columns were matched, for lists with the same headers."""
        for batch in queryset:
            uploads.save_mapping(batch.first_list, name=batch.name, actor=actor_of(request))
            self.message_user(request, f"The mapping was saved as {batch}.", messages.SUCCESS)

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Batch],
        verb: Callable[..., None],
        *,
        done: str,
    ) -> None:
        for batch in queryset:
            try:
                verb(batch, actor=actor_of(request))
            except lifecycle.Conflict as error:
                self.message_user(request, f"{batch}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{batch} was {done}.", messages.SUCCESS)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

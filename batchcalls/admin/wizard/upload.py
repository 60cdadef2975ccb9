"""Step one: the list, and the conversation."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import OwnPages
from batchcalls.admin.wizard import glances
from batchcalls.admin.wizard.step_forms import StepForms, chosen_campaign
from batchcalls.admin.wizard.upload_form import UploadForm
from batchcalls.batches import lifecycle
from batchcalls.database import disks
from batchcalls.drafting import draft_lists, drafts, edits
from batchcalls.drafting.drafts import DraftError
from batchcalls.intake import file_formats
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import ListMapping, MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, VoiceAccount
from batchcalls.states import BatchStatus
from campaigns import prompts

#: The button that only reads the list.
READ = "read"
#: Rows of the list that are shown below it.
SAMPLES_SHOWN = 3
#: Codes of the errors that are shown beside the file.
_FILE_ERRORS = frozenset({"file_too_large", disks.FULL, disks.AWAY})


class UploadStep(OwnPages[Batch]):
    """The first page of creating a batch."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page of an existing draft, and the sample file."""
        return [
            self.at("<uuid:pk>/upload/", self.upload_view, "upload"),
            self.at("<uuid:pk>/glance/", self.glance_view, "glance"),
            self.at("template.csv", self.template_view, "template"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Create a draft."""
        require(request.user, "batchcalls.add_batch")
        return self._step(request, None)

    def upload_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Change a draft."""
        require(request.user, "batchcalls.change_batch")
        batch = get_object_or_404(Batch.objects.select_related("campaign", "account"), pk=pk)
        if batch.status != BatchStatus.DRAFT:
            return redirect("admin:batchcalls_batch_review", pk)
        return self._step(request, batch)

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Send a list that contains only the header that a campaign's prompt needs."""
        require(request.user, "batchcalls.add_batch")
        campaign = chosen_campaign(request)
        names = {"customer_name", "service", "date"}
        if campaign:
            texts = {"prompt": campaign.prompt, **campaign.call_settings}
            names = set(prompts.names_in(texts).names - prompts.BUILT_IN)
        text = io.StringIO()
        csv.writer(text).writerow(["phone_number", *sorted(names)])
        response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="recipients.csv"'
        return response

    def _step(self, request: HttpRequest, batch: Batch | None) -> HttpResponse:
        forms = StepForms.of(request, batch)
        if request.method != "POST":
            return self._upload_page(request, batch, forms)
        if READ in request.POST:
            return self._read(request, batch, forms)
        if forms.are_valid():
            draft = batch
            try:
                with disks.naming_full_disks():
                    batch = _save(request, draft, forms)
                    _attach_list(request, batch, forms.upload)
            except (disks.DiskFull, disks.StorageAway) as error:
                forms.upload.add_error(None, str(error))
            except lifecycle.Conflict as error:
                self.message_user(request, str(error), messages.ERROR)
                return redirect("admin:batchcalls_batch_changelist")
            except (UnreadableList, MappingError) as error:
                forms.upload.add_error("file", str(error))
            except UploadError as error:
                field = "file" if error.code in _FILE_ERRORS else None
                forms.upload.add_error(field, str(error))
            else:
                return self._go_on(request, batch)
            if draft is None and batch:
                # The form still has everything, and a draft without a list helps nobody.
                edits.discard(batch)
                batch = None
        else:
            batch = _rescue_list(request, batch, forms.upload)
        return self._upload_page(request, batch, forms)

    def _read(self, request: HttpRequest, batch: Batch | None, forms: StepForms) -> HttpResponse:
        """Store the list as soon as it is chosen, and show its first rows."""
        forms.are_valid()
        batch = _rescue_list(request, batch, forms.upload)
        if not forms.upload.cleaned_data.get("file") and "file" not in forms.upload.errors:
            forms.upload.add_error("file", "Choose a file to read.")
        forms.upload.keep_errors("file", *forms.upload.READING)
        forms.settings.errors.clear()
        forms.rules.errors.clear()
        return self._upload_page(request, batch, forms)

    def glance_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show who could be called with what the form says now, without saving it."""
        require(request.user, "batchcalls.change_batch")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = get_object_or_404(Batch.objects.select_related("campaign", "account"), pk=pk)
        stored = draft_lists.list_of(batch)
        if stored is None:
            return HttpResponse(status=404)
        forms = StepForms.of(request, batch)
        tried = _tried(request, batch, forms)
        context = glances.context_of(tried, stored, ListMapping.from_list(stored.mapping))
        return TemplateResponse(request, "admin/batchcalls/wizard/upload_glance.html", context)

    def _upload_page(
        self, request: HttpRequest, batch: Batch | None, forms: StepForms
    ) -> HttpResponse:
        if batch:
            prefetch_related_objects([batch], "lists")
        stored = draft_lists.list_of(batch) if batch else None
        looked: dict[str, Any] = {"batch": batch}
        if batch and stored:
            mapping = ListMapping.from_list(stored.mapping)
            looked |= glances.context_of(batch, stored, mapping)
            looked |= {"headers": stored.headers, "samples": stored.samples[:SAMPLES_SHOWN]}
            looked |= {"variables": mapping.variables()}
        return self.page(
            request,
            "wizard/upload",
            "Create Batch Call",
            fragment="list",
            stored=stored,
            reading=file_formats.describe(stored) if stored else "",
            **looked,
            form=forms.upload,
            settings_form=forms.settings,
            rules_form=forms.rules,
            advanced_open=forms.rules.errors or forms.upload.has_advanced_errors,
            campaign=forms.campaign,
            errors=forms.errors(),
            step=1,
            max_megabytes=settings.MAX_FILE_BYTES // 1_000_000,
        )

    def _go_on(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        if "save" in request.POST:
            self.message_user(request, f"{batch} was saved as a draft.", messages.SUCCESS)
            return redirect("admin:batchcalls_batch_change", batch.pk)
        if not batch.lists.exists():
            self.message_user(
                request, "Draft saved. Upload a recipient list to continue.", messages.WARNING
            )
            return redirect("admin:batchcalls_batch_upload", batch.pk)
        return redirect("admin:batchcalls_batch_columns", batch.pk)


def _save(request: HttpRequest, batch: Batch | None, forms: StepForms) -> Batch:
    """Store the fields. Raise `DraftError` or `Conflict`."""
    wanted, region = forms.request(request)
    if batch is None:
        return edits.start(wanted, region=region)
    return edits.change(batch, wanted, region=region)


def _tried(request: HttpRequest, batch: Batch, forms: StepForms) -> Batch:
    """Return an unsaved batch as the form is now, or the draft if the form is not finished."""
    try:
        if forms.are_valid():
            wanted, _ = forms.request(request)
            return drafts.copy_campaign(wanted, region=batch.region)
    except DraftError:
        pass  # The page shows the error when the form is sent.
    return batch


def _attach_list(request: HttpRequest, batch: Batch, form: UploadForm) -> None:
    """Attach the uploaded file to the draft. Raise as `draft_lists.attach_list` does."""
    upload: Any = form.cleaned_data["file"]
    reading = form.reading()
    if upload:
        draft_lists.attach_list(
            batch, upload.file, file_name=upload.name, reading=reading, actor=actor_of(request)
        )
    elif batch.lists.exists() and reading.names_a_format:
        draft_lists.read_again(batch, reading, actor=actor_of(request))


def _rescue_list(request: HttpRequest, batch: Batch | None, form: UploadForm) -> Batch | None:
    """Keep an uploaded file although other fields are invalid: browsers do not send it again.

    Create a draft for the file if there is none yet.
    """
    data = form.cleaned_data
    if not data.get("file") or "region" in form.errors:
        return batch
    region = data.get("region") or settings.DEFAULT_REGION
    account = data.get("account") or VoiceAccount.objects.built_in()
    wanted = drafts.DraftRequest(
        name=data.get("name", ""),
        account=account,
        purpose=data.get("purpose", ""),
        created_by=actor_of(request),
    )
    try:
        with transaction.atomic():
            kept = batch or edits.start(wanted, region=region, purpose_later=True)
            _attach_list(request, kept, form)
    except (UnreadableList, MappingError, UploadError, lifecycle.Conflict) as error:
        form.add_error("file", str(error))
        return batch
    return kept

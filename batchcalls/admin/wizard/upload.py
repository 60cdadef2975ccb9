"""Step one: the list, and the conversation."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import OwnPages
from batchcalls.admin.wizard.upload_form import UploadForm
from batchcalls.batches import lifecycle
from batchcalls.database import disks
from batchcalls.drafting import drafts, edits
from batchcalls.intake import file_formats
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, VoiceAccount
from batchcalls.states import BatchStatus
from campaigns import prompts
from campaigns.models import Campaign
from campaigns.settings_form import CallSettingsForm

#: Settings that have their own field on the page.
LEFT_OUT = frozenset({"start_time"})
#: Codes of the errors that are shown beside the file.
_FILE_ERRORS = frozenset({"file_too_large", disks.FULL, disks.AWAY})


class UploadStep(OwnPages[Batch]):
    """The first page of creating a batch."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page of an existing draft, and the sample file."""
        return [
            self.at("<uuid:pk>/upload/", self.upload_view, "upload"),
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
        batch = get_object_or_404(Batch.objects.select_related("campaign"), pk=pk)
        if batch.status != BatchStatus.DRAFT:
            return redirect("admin:batchcalls_batch_review", pk)
        return self._step(request, batch)

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Send a list that contains only the header that a campaign's prompt needs."""
        require(request.user, "batchcalls.add_batch")
        campaign = _chosen_campaign(request)
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
        form, own = _forms(request, batch)
        if request.method == "POST" and form.is_valid() and own.is_valid():
            draft = batch
            try:
                with disks.naming_full_disks():
                    batch = _save(request, draft, form, own)
                    _attach_list(request, batch, form)
            except (disks.DiskFull, disks.StorageAway) as error:
                form.add_error(None, str(error))
            except lifecycle.Conflict as error:
                self.message_user(request, str(error), messages.ERROR)
                return redirect("admin:batchcalls_batch_changelist")
            except (UnreadableList, MappingError) as error:
                form.add_error("file", str(error))
            except UploadError as error:
                form.add_error("file" if error.code in _FILE_ERRORS else None, str(error))
            else:
                return self._go_on(request, batch)
            if draft is None and batch:
                # The form still has everything, and a draft without a list helps nobody.
                edits.discard(batch)
                batch = None
        elif request.method == "POST":
            batch = _rescue_list(request, batch, form)
        stored = edits.list_of(batch) if batch else None
        return self.page(
            request,
            "wizard/upload",
            "Create Batch Call",
            batch=batch,
            stored=stored,
            reading=file_formats.describe(stored) if stored else "",
            form=form,
            settings_form=own,
            errors=_errors_of(form, own),
            step=1,
            max_megabytes=settings.MAX_FILE_BYTES // 1_000_000,
        )

    def _go_on(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        if "save" in request.POST:
            self.message_user(request, f"{batch} is kept as a draft.", messages.SUCCESS)
            return redirect("admin:batchcalls_batch_change", batch.pk)
        if not batch.lists.exists():
            self.message_user(
                request, "Draft saved. Upload a recipient list to continue.", messages.WARNING
            )
            return redirect("admin:batchcalls_batch_upload", batch.pk)
        return redirect("admin:batchcalls_batch_columns", batch.pk)


def _forms(request: HttpRequest, batch: Batch | None) -> tuple[UploadForm, CallSettingsForm]:
    """Return the two forms of the page, with the values of the draft or of a new one."""
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    if batch is not None:
        own = CallSettingsForm(
            data, initial=batch.call_settings, leave_out=LEFT_OUT, user=request.user
        )
        return UploadForm(data, files, draft=batch, user=request.user), own
    initial: dict[str, Any] = {"account": VoiceAccount.objects.built_in().pk}
    stored: dict[str, Any] = {}
    chosen = _chosen_campaign(request)
    if chosen:
        pathway = chosen.pathway
        initial |= {"campaign": chosen.pk, "prompt": chosen.prompt, "pathway": pathway}
        initial["purpose"] = chosen.purpose
        initial["says"] = "pathway" if pathway else "prompt"
        stored = chosen.settings_for_calls()
    own = CallSettingsForm(data, initial=stored, leave_out=LEFT_OUT, user=request.user)
    return UploadForm(data, files, initial=initial, user=request.user), own


def _save(
    request: HttpRequest, batch: Batch | None, form: UploadForm, own: CallSettingsForm
) -> Batch:
    """Store the fields. Raise `DraftError` or `Conflict`."""
    actor = actor_of(request)
    wanted = form.request(own.values(), created_by=actor)
    region = form.cleaned_data["region"] or settings.DEFAULT_REGION
    if batch is None:
        return edits.start(wanted, region=region)
    return edits.change(batch, wanted, region=region)


def _attach_list(request: HttpRequest, batch: Batch, form: UploadForm) -> None:
    """Attach the uploaded file to the draft. Raise as `edits.attach_list` does."""
    upload: Any = form.cleaned_data["file"]
    reading = form.reading()
    if upload:
        edits.attach_list(
            batch, upload.file, file_name=upload.name, reading=reading, actor=actor_of(request)
        )
    elif batch.lists.exists() and reading.names_a_format:
        edits.read_again(batch, reading, actor=actor_of(request))


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


def _errors_of(*forms: Any) -> list[tuple[str, str, str]]:
    """Return every error with the id and the label of its field."""
    found = []
    for form in forms:
        for name, errors in form.errors.items():
            bound = form[name] if name in form.fields else None
            # Of choices side by side, the first has the id.
            target = bound.id_for_label or f"{bound.auto_id}_0" if bound else ""
            label = str(bound.label) if bound else ""
            found += [(target, label, str(error)) for error in errors]
    return found


def _chosen_campaign(request: HttpRequest) -> Campaign | None:
    """Return the campaign that the URL names."""
    text = request.GET.get("campaign", "")
    if not text.isdecimal() or len(text) > 17:
        return None
    return Campaign.objects.filter(pk=int(text)).first()

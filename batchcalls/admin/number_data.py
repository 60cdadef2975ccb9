"""All data about one number: its archive, and its erasure."""

from __future__ import annotations

import tempfile

from django import forms
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from batchcalls.access import audit, masking
from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.number_page import number_or_404
from batchcalls.admin.pages import Done, act
from batchcalls.database import clock
from batchcalls.database.disks import StorageAway
from batchcalls.keeping import archive, erasure
from batchcalls.keeping.person import Person
from batchcalls.models import AuditAction, ErasedNumber

DISCLOSE = ("batchcalls.disclose_number", masking.PERMISSION, "campaigns.view_suppression")
ERASE = ("batchcalls.erase_number", "campaigns.view_suppression")
WAITING_SHOWN = 10


class EraseForm(forms.Form):
    """The number again, and what becomes of rows that wait."""

    confirmation = forms.CharField(
        label="Type the number to confirm",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    take_out = forms.BooleanField(
        label="Cancel the rows in which the number is still to be called",
        required=False,
    )

    def __init__(self, number: str, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._number = number

    def clean_confirmation(self) -> str:
        """Refuse another number."""
        typed = str(self.cleaned_data["confirmation"]).strip()
        if typed != self._number:
            raise forms.ValidationError(f"Type {self._number}, with the plus sign.")
        return typed


@require_POST
def archive_view(request: HttpRequest, number: str) -> HttpResponse | FileResponse:
    """Send everything about a number as a ZIP file."""
    require(request.user, *DISCLOSE)
    found = number_or_404(number)
    audit.record(AuditAction.EXPORTED, ErasedNumber, note="Archive of a number", number=found)
    out = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    archive.write(Person(found), out, now=clock.now())
    out.seek(0)
    name = f"number-{found.removeprefix('+')}.zip"
    return FileResponse(out, as_attachment=True, filename=name, content_type="application/zip")


@require_http_methods(["GET", "HEAD", "POST"])
def erase_view(request: HttpRequest, number: str) -> HttpResponse:
    """Explain what an erasure does, and erase the number on POST."""
    require(request.user, *ERASE)
    person = Person(number_or_404(number))
    form = EraseForm(person.e164, request.POST or None)

    # The page of the number would have the number in its address.
    done = reverse("admin:campaigns_suppression_changelist")

    def erase(confirmation: str, take_out: bool) -> Done:
        report = erasure.erase(person, take_out=take_out, actor=actor_of(request))
        return Done(f"The number was erased: {report}.", to=done)

    refusals = (erasure.CannotErase, StorageAway)
    here = reverse("admin:campaigns_suppression_erase", args=[person.e164])
    if answer := act(request, erase, form=form, back=here, refusals=refusals):
        return answer
    waiting = erasure.waiting(person)
    context = {
        **admin.site.each_context(request),
        "title": "Erase a number",
        "number": person.e164,
        "form": form,
        "reasons": erasure.what_stands_against(person),
        "waiting": waiting[:WAITING_SHOWN],
        "waiting_count": waiting.count(),
        "calls": person.calls.count(),
        "rows": person.recipients.count(),
        "entries": person.entries.count(),
    }
    return TemplateResponse(request, "admin/campaigns/suppression/erase.html", context)

"""The voices of an account, for the field that names one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.pages import OwnPages, row_or_404
from batchcalls.calling import voices
from batchcalls.models import Batch, VoiceAccount


class VoiceList(OwnPages[Batch]):
    """A list of names for scripts; without scripts, people type a name."""

    def get_urls(self) -> list[URLPattern]:
        """Add the list."""
        return [self.at("voices/", self.voices_view, "voices"), *super().get_urls()]

    def voices_view(self, request: HttpRequest) -> HttpResponse:
        """Return the names of the voices of ``?account=``, and what each is like."""
        require(request.user, "batchcalls.add_batch")
        account = row_or_404(VoiceAccount.objects.all(), request.GET.get("account"))
        found = voices.listed(account)
        return JsonResponse({"voices": [[one.name, one.description] for one in found]})
